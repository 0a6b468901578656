//! A bot tried out in a test: the platform's stand-in on one side, the bot on the other, no account anywhere.

use rongcloud_callback::{
    CallbackService, Config, Context, Subscribe, Text,
    sandbox::{ChatContent, Faults, Sandbox},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The bot as the program's `main` builds it, too.
fn bot(config: Config) -> CallbackService {
    CallbackService::new(config)
        .on(|_: Subscribe, context: Context| async move { format!("Welcome, {}!", context.user()) })
        .on(|text: Text, _context| async move { format!("You said: {}", text.content) })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await;
    let server = bot(Config::from_toml(&sandbox.callback_toml(), |_| None)?).bind().await?;
    sandbox.route_to(format!("http://{}/callback", server.callback_addr()));
    let stop = CancellationToken::new();
    let running = JoinSet::from_iter([server.run(stop.clone().cancelled_owned())]);

    let user = sandbox.user("u1");
    user.follows().await;
    assert_eq!(user.received().await.text(), "Welcome, u1!");

    // There is one reply, however often the platform delivers the message, and however badly it answers.
    sandbox.faults(Faults { duplicate: 1.0, api_internal_error: 0.5, ..Faults::default() });
    let delivery = user.says("hi").await;
    assert_eq!(delivery.attempts.len(), 2);
    assert_eq!(user.received().await.text(), "You said: hi");

    // A kind that the bot has no handler for.
    user.sends(ChatContent::Location { latitude: 31.2, longitude: 121.5, label: "上海".into() }).await;
    user.received_nothing(std::time::Duration::from_millis(200)).await;

    stop.cancel();
    running.join_all().await;
    Ok(())
}
