//! The property of every rule: it is read or refused with advice, and a message is answered as its trial says.

use rongcloud_callback::{
    Config, Content, Event, Inbound, Message, Rules, Subscribe, Text, clock::UnixMillis,
};

const APP: &str = "\n[[apps]]\nkey = 'k'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n";

/// The bytes are a configuration file; behind a NUL, what a user says to it.
pub fn check(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    // What no rule has: a section that names files is none of this target's business.
    if text.contains("file") || text.contains("apps") {
        return;
    }
    let (file, said) = text.split_once('\0').unwrap_or((text, text));
    let config = match Config::from_toml(&format!("{file}{APP}"), |_| Some("x".to_owned())) {
        Ok(config) => config,
        Err(error) => {
            assert!(error.problems().iter().all(|problem| !problem.hint.is_empty()), "{error}");
            return;
        }
    };
    // Forwarding needs the system's certificates.
    let Ok(rules) = Rules::new(&config) else { return };
    let said = Text { content: said.chars().take(1000).collect() };
    for content in
        [Content::Message(Message::Text(said)), Content::Event(Event::Subscribe(Subscribe {}))]
    {
        let message = Inbound::new("account", "user", 1, content);
        let (app, now) = ("k".into(), UnixMillis(1_763_754_000_000));
        // The trial asks each rule, the other only those that an index gives it.
        let trial = rules.try_out(&app, &message, now).to_string();
        assert_eq!(rules.takes(&app, &message, now), !trial.ends_with("no rule takes it\n"), "{trial}");
    }
}
