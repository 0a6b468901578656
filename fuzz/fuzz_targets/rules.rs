//! No configuration file makes the reading of its rules panic, nor do the rules that come of it panic at a message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rongcloud_callback::{
    Config, Content, Inbound, Message, Rules, Text, clock::UnixMillis,
};

const APP: &str = "[[apps]]\nkey = 'k'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n";

fuzz_target!(|text: &str| {
    // An app of its own might name a file as its secret.
    if text.contains("apps") {
        return;
    }
    let Ok(config) = Config::from_toml(&format!("{APP}{text}"), |_| Some("x".to_owned())) else { return };
    let Ok(rules) = Rules::new(&config) else { return };
    let words = Message::Text(Text { content: text.chars().rev().take(1000).collect() });
    let message = Inbound::new("account", "user", 1, Content::Message(words));
    let _ = rules.try_out(&"k".into(), &message, UnixMillis(0)).to_string();
    let _ = rules.takes(&"k".into(), &message, UnixMillis(0));
});
