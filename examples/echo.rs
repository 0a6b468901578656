//! Answers every text with itself: the ten lines of the README.

use rongcloud_callback::{CallbackService, Config, Text};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    CallbackService::new(Config::load(None)?)
        .on(|text: Text, _context| async move { format!("You said: {}", text.content) })
        .run()
        .await?;
    Ok(())
}
