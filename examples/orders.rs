//! A handler with state and with a message kind of its own, beside closures for the rest.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use rongcloud_callback::{
    CallbackService, Config, Context, FromInbound, Handler, HandlerError, HandlerResult, Inbound,
    IntoReply, Payload, Subscribe, Text,
};

/// A text such as "order 42".
struct OrderQuestion(u64);

impl FromInbound for OrderQuestion {
    fn from_inbound(inbound: &Inbound) -> Option<Self> {
        let text = Text::from_inbound(inbound)?;
        text.content.trim().strip_prefix("order ")?.parse().ok().map(Self)
    }
}

/// Answers questions about orders, and remembers how often each user asked.
struct Orders {
    states: HashMap<u64, &'static str>,
    asked: Mutex<HashMap<String, u64>>,
}

impl Handler<OrderQuestion> for Orders {
    async fn handle(&self, OrderQuestion(number): OrderQuestion, context: Context) -> HandlerResult {
        // No other attempt will find it: a dead letter for the operator, instead of eight attempts.
        let state = self.states.get(&number).ok_or_else(|| HandlerError::permanent("no such order"))?;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let times = asked.entry(context.user().to_string()).or_default();
        *times += 1;
        format!("Order {number}: {state} (you asked {times} times)").into_reply()
    }
}

async fn welcome(_: Subscribe, context: Context) -> Vec<Payload> {
    vec![
        Payload::text(format!("Welcome, {}!", context.user())),
        Payload::text("Write \"order 42\" to see how far your order is."),
    ]
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let orders = Orders {
        states: HashMap::from([(42, "on its way"), (43, "delivered")]),
        asked: Mutex::default(),
    };
    CallbackService::new(Config::load(None)?)
        .on(orders)
        .on(welcome)
        .on(|_: Text, _context| async { "I only know about orders." })
        .run()
        .await?;
    Ok(())
}
