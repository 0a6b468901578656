//! `journal conversations`: what conversations remember, and which of them wait for a person.

use clap::Args;
use rongcloud_callback::{
    clock::UnixMillis,
    console::api::{ConversationSummary, ConversationsQuery, NextPage},
    desk::PERSON,
    journal::{Administration, ConversationState, StateFilter},
    protocol::Conversation,
};
use serde::Serialize;
use serde_json::Value;

use super::{
    entry::HIDDEN,
    server::failure,
    source::{Local, Remote, Source},
    times::{Times, iso},
};
use crate::{
    failure::Failure,
    output::print_json,
    terminal::{self, beginning, line},
};

/// Width of a state, in columns of a terminal.
const WORDS: usize = 60;
/// The most conversations that a server gives at once.
const SERVER_PAGE: usize = 200;

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
    #[serde(serialize_with = "in_utc")]
    expires_at: UnixMillis,
}

pub(super) async fn run(
    source: &Source,
    arguments: &ConversationsArguments,
    times: &Times,
) -> Result<(), Failure> {
    let ConversationsArguments { waiting, dialogue, limit, json } = arguments;
    let dialogue = if *waiting { Some(PERSON.to_owned()) } else { dialogue.clone() };
    let mut rows = match source {
        Source::Journal(Local { journal, .. }) => in_journal(&**journal, dialogue, *limit).await?,
        Source::Server(server) => at_server(server, dialogue, (*limit, *json)).await?,
    };
    // The one that expires first is the one whose user and person have been silent for longest.
    rows.sort_by_key(|row| row.expires_at);
    if rows.is_empty() && !json && terminal::width().is_some() {
        println!("there is no such conversation");
        return Ok(());
    }
    if !json {
        println!("{:19}  {:16}  {:16}  {:12}  state", "expires", "account", "user", "dialogue");
    }
    for row in rows {
        if *json {
            print_json(&row)?;
            continue;
        }
        let expires = times.to_the_second(row.expires_at);
        let Row { account, user, dialogue, state, .. } = row;
        let [account, user, dialogue] = [account, user, dialogue].map(|cell| line(&cell).into_owned());
        let state = line(&state.to_string()).into_owned();
        let state = if terminal::width().is_some() { beginning(&state, WORDS) } else { state.into() };
        println!("{expires:19}  {account:16}  {user:16}  {dialogue:12}  {state}");
    }
    Ok(())
}

async fn in_journal(
    journal: &dyn Administration,
    dialogue: Option<String>,
    limit: usize,
) -> Result<Vec<Row>, Failure> {
    let states = journal.states(StateFilter { dialogue, limit, ..StateFilter::default() });
    Ok(states.await?.iter().map(Row::new).collect())
}

/// The conversations of a server, with their states if the caller may read them; JSON cannot do without.
async fn at_server(
    server: &Remote,
    dialogue: Option<String>,
    (limit, json): (usize, bool),
) -> Result<Vec<Row>, Failure> {
    let Remote { client, .. } = server;
    let mut query = ConversationsQuery {
        dialogue: Some(dialogue.unwrap_or_else(|| "*".to_owned())),
        bodies: (json || server.may_read_texts()).then_some(true),
        ..ConversationsQuery::default()
    };
    let mut rows: Vec<Row> = Vec::new();
    while rows.len() < limit {
        query.limit = Some(SERVER_PAGE.min(limit - rows.len()));
        let page = client.conversations(&query).await.map_err(failure)?;
        rows.extend(page.conversations.into_iter().filter_map(Row::of_server));
        match page.next {
            Some(NextPage::After(after)) => query.after = Some(after),
            _ => break,
        }
    }
    Ok(rows)
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
            expires_at: state.expires_at,
        }
    }

    fn of_server(conversation: ConversationSummary) -> Option<Self> {
        let ConversationSummary { app, account, user, state, .. } = conversation;
        let state = state?;
        Some(Self {
            app: app.unwrap_or_default(),
            account: account.unwrap_or_default(),
            user: user.unwrap_or_default(),
            dialogue: state.dialogue,
            version: state.version,
            state: state.body.unwrap_or_else(|| HIDDEN.into()),
            expires_at: state.expires_at,
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn in_utc<S: serde::Serializer>(at: &UnixMillis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&iso(*at))
}
