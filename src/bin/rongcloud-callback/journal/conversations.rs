//! `journal conversations`: what conversations remember, and which of them wait for a person.

use clap::Args;
use rongcloud_callback::{
    desk::PERSON,
    journal::{ConversationState, Records, StateFilter},
    protocol::Conversation,
};
use serde::Serialize;
use serde_json::Value;

use super::times::{Times, iso};
use crate::{
    failure::Failure,
    output::print_json,
    terminal::{self, beginning, line},
};

/// Width of a state, in columns of a terminal.
const WORDS: usize = 60;

#[derive(Debug, Args)]
pub(crate) struct ConversationsArguments {
    /// Only those that a person has, or that wait for one.
    #[arg(long, conflicts_with = "dialogue")]
    waiting: bool,
    /// Only those in the dialogue of this name.
    #[arg(long, value_name = "NAME")]
    dialogue: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// One JSON object a line, with times in UTC.
    #[arg(long)]
    json: bool,
}

/// A conversation as it is printed.
#[derive(Debug, Serialize)]
struct Row {
    app: String,
    account: String,
    user: String,
    dialogue: String,
    version: u32,
    state: Value,
    expires_at: String,
}

pub(super) async fn run(
    journal: &dyn Records,
    arguments: &ConversationsArguments,
    times: &Times,
) -> Result<(), Failure> {
    let ConversationsArguments { waiting, dialogue, limit, json } = arguments;
    let dialogue = if *waiting { Some(PERSON.to_owned()) } else { dialogue.clone() };
    let states = journal.states(StateFilter { dialogue, limit: *limit, ..StateFilter::default() });
    let mut states = states.await?;
    // The one that expires first is the one whose user and person have been silent for longest.
    states.sort_by_key(|state| state.expires_at);
    if states.is_empty() && !json && terminal::width().is_some() {
        println!("there is no such conversation");
        return Ok(());
    }
    if !json {
        println!("{:19}  {:16}  {:16}  {:12}  state", "expires", "account", "user", "dialogue");
    }
    for state in &states {
        let row = Row::new(state);
        if *json {
            print_json(&row)?;
            continue;
        }
        let expires = times.to_the_second(state.expires_at);
        let Row { account, user, dialogue, state, .. } = row;
        let [account, user, dialogue] = [account, user, dialogue].map(|cell| line(&cell).into_owned());
        let state = line(&state.to_string()).into_owned();
        let state = if terminal::width().is_some() { beginning(&state, WORDS) } else { state.into() };
        println!("{expires:19}  {account:16}  {user:16}  {dialogue:12}  {state}");
    }
    Ok(())
}

impl Row {
    fn new(state: &ConversationState) -> Self {
        let names = Conversation::decode(&state.conversation);
        let name = |name: fn(&Conversation) -> String| names.as_ref().map(name).unwrap_or_default();
        Self {
            app: name(|names| names.app.to_string()),
            account: name(|names| names.account.to_string()),
            user: name(|names| names.user.to_string()),
            dialogue: state.dialogue.clone(),
            version: state.version,
            state: serde_json::from_slice(&state.body)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&state.body))),
            expires_at: iso(state.expires_at),
        }
    }
}
