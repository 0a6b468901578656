//! Counts the turns of each conversation in a dialogue, and says with each reply what came before.

use std::time::Duration;

use rongcloud_callback::{CallbackService, Config, Dialogue, Text, Turn};
use serde::{Deserialize, Serialize};

/// The state of a conversation: how many messages were handled, and the last of them.
#[derive(Serialize, Deserialize, Default)]
struct Count {
    turns: u64,
    last: String,
}

impl Dialogue for Count {
    const NAME: &'static str = "count";
    // Longer than any test.
    const EXPIRES: Duration = Duration::from_hours(24);
}

fn count(Count { turns, last }: Count, text: String) -> Turn<Count> {
    let turns = turns + 1;
    let said = format!("{turns}: {text} after {last}");
    Turn::to(Count { turns, last: text }).say(said)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    CallbackService::new(Config::load(None)?)
        .dialogue(|state: Count, text: Text, _context| async move { count(state, text.content) })
        .run()
        .await?;
    Ok(())
}
