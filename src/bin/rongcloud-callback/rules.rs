//! `rules`: the rule that would answer a message, and its answer.

use clap::{Args, Subcommand};
use jiff::{Timestamp, Zoned};
use rongcloud_callback::{
    Config, Content, Event, Inbound, Message, Rules, Subscribe, Text, UnknownEvent, Unsubscribe,
    clock::{Clock, UnixMillis},
    ids::AppKey,
};

use crate::{failure::Failure, terminal};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Says which rule would answer a message, with what, and why those before it would not.
    ///
    /// Nothing is sent or forwarded. What a rule with `every` has answered already is not known here.
    Test(Test),
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The text that the user writes.
    #[arg(required_unless_present = "event", conflicts_with = "event")]
    text: Option<String>,
    /// Tries an event instead of a text: subscribe, unsubscribe, or any other.
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,
    /// The App Key of the app that gets it; by default the configuration's first.
    #[arg(long, value_name = "KEY")]
    app: Option<AppKey>,
    /// The public account that it is sent to.
    #[arg(long, value_name = "ACCOUNT", default_value = "account")]
    account: String,
    /// The user who sends it.
    #[arg(long, value_name = "USER", default_value = "user")]
    user: String,
    /// The moment at which it comes: 2026-11-21T09:30+08:00, or 2026-11-21T09:30[Asia/Shanghai]; by default now.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<UnixMillis>,
}

pub(crate) fn run(config: &Config, Command::Test(test): &Command) -> Result<(), Failure> {
    if config.rules.is_empty() {
        let none = Failure::yours(anyhow::anyhow!("the configuration has no rules"));
        return Err(none.hint("write sections [[rules]], and name the file with --config"));
    }
    let rules = Rules::new(&config.rules).map_err(Failure::yours)?;
    let first = config.apps.first().map(|app| app.key.clone());
    let app = test.app.clone().or(first).unwrap_or_else(|| "app".into());
    let at = test.at.unwrap_or_else(|| Clock::system().now());
    let inbound = Inbound::new(test.account.as_str(), test.user.as_str(), at.0, test.content());
    print!("{}", terminal::block(&rules.explain(&app, &inbound, at).to_string()));
    Ok(())
}

impl Test {
    fn content(&self) -> Content {
        match self.event.as_deref() {
            None => {
                let content = self.text.clone().unwrap_or_default();
                Content::Message(Message::Text(Text { content }))
            }
            Some("subscribe") => Content::Event(Event::Subscribe(Subscribe {})),
            Some("unsubscribe") => Content::Event(Event::Unsubscribe(Unsubscribe {})),
            Some(event) => {
                let unknown = UnknownEvent {
                    event: event.to_owned(),
                    fields: [("", ""); 0].into_iter().collect(),
                };
                Content::Event(Event::Unknown(unknown))
            }
        }
    }
}

fn moment(text: &str) -> Result<UnixMillis, String> {
    let timestamp =
        text.parse::<Timestamp>().or_else(|_| text.parse::<Zoned>().map(|zoned| zoned.timestamp()));
    timestamp.map(|timestamp| UnixMillis(timestamp.as_millisecond())).map_err(|_| {
        "write a date, a time and a place or offset: 2026-11-21T09:30[Asia/Shanghai], 2026-11-21T09:30+08:00".to_owned()
    })
}
