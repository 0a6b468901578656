//! `journal`: what was accepted, for the operator.

use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use rongcloud_callback::{
    Config,
    clock::{Clock, UnixMillis},
    config::JournalUrl,
    journal::{Access, EntryId, Filter, Journal, JournalError, Queue, Record, State},
    protocol::{Conversation, Outgoing, parse},
    service::open_journal,
};
use serde::Serialize;

use crate::{copy, failure::Failure};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// How much is in it.
    Stats {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Its entries, newest first.
    List(ListArguments),
    /// One entry with its body.
    Show {
        /// The entry's number, as `list` prints it.
        id: i64,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Makes dead letters pending again: they are handled anew, with all their attempts.
    Revive(SomeEntries),
    /// Marks entries as done without handling them.
    Discard(SomeEntries),
    /// Moves a journal into an empty one, while no server runs on either.
    ///
    /// Everything is copied as it is: what is pending with its order, attempts and times, and what is kept of the rest.
    /// Afterwards no server takes the journal that was copied, so that nothing is handled twice.
    Copy {
        /// The journal to copy, such as "sqlite:data/journal.db"; ${NAME} is taken from the environment.
        from: JournalUrl,
        /// The journal to make, of any kind; it must be empty.
        to: JournalUrl,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Only entries in this state.
    #[arg(long)]
    state: Option<StateArgument>,
    /// Only entries of this queue.
    #[arg(long)]
    queue: Option<QueueArgument>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true)]
pub(crate) struct SomeEntries {
    /// The entries' numbers, as `list` prints them.
    #[arg(value_name = "ID")]
    ids: Vec<i64>,
    /// All dead letters.
    #[arg(long, conflicts_with = "ids")]
    all_dead: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StateArgument {
    Pending,
    Done,
    Dead,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum QueueArgument {
    Inbox,
    Outbox,
}

pub(crate) async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    if let Command::Copy { from, to } = command {
        return copy::run(config, from, to).await;
    }
    let journal = open(config).await?;
    match command {
        Command::Stats { json } => stats(&*journal, json).await?,
        Command::List(arguments) => list(&*journal, &arguments).await?,
        Command::Show { id, json } => show(&*journal, EntryId(id), json).await?,
        Command::Revive(entries) => {
            for id in entries.ids(&*journal).await? {
                journal.revive(id).await?;
                println!("{id} is pending again");
            }
        }
        Command::Discard(entries) => {
            for id in entries.ids(&*journal).await? {
                journal.discard(id).await?;
                println!("{id} is discarded");
            }
        }
        Command::Copy { .. } => {}
    }
    Ok(journal.close().await?)
}

async fn open(config: &Config) -> Result<Arc<dyn Journal>, Failure> {
    let opened = open_journal(&config.journal, Clock::system(), Access::Operator).await;
    opened.map_err(|error| {
        Failure::from(error).hint("`journal.url` in the configuration says where the journal is")
    })
}

async fn stats(journal: &dyn Journal, json: bool) -> Result<(), Failure> {
    let stats = journal.stats().await?;
    if json {
        println!("{}", serde_json::to_string(&stats).map_err(Failure::ours)?);
        return Ok(());
    }
    println!("{:8} {:>10} {:>10} {:>10}  oldest pending", "queue", "pending", "dead", "done");
    for (queue, stats) in [(Queue::Inbox, stats.inbox), (Queue::Outbox, stats.outbox)] {
        let oldest = stats.oldest_pending.map_or_else(|| "–".to_owned(), |at| time(at).to_string());
        println!(
            "{:8} {:>10} {:>10} {:>10}  {oldest}",
            queue.as_str(),
            stats.pending,
            stats.dead,
            stats.done
        );
    }
    Ok(())
}

async fn list(journal: &dyn Journal, arguments: &ListArguments) -> Result<(), Failure> {
    let filter = Filter {
        queue: arguments.queue.map(Queue::from),
        state: arguments.state.map(State::from),
        limit: arguments.limit,
        ..Filter::default()
    };
    let records = journal.list(filter).await?;
    if !arguments.json {
        println!(
            "{:>8}  {:6} {:7} {:8} {:24} {:16} {:16} {:16} {:20} reason",
            "id", "queue", "state", "attempts", "accepted at", "kind", "account", "user", "message id"
        );
    }
    for record in &records {
        let row = Row::new(record);
        if arguments.json {
            println!("{}", serde_json::to_string(&row).map_err(Failure::ours)?);
        } else {
            println!(
                "{:>8}  {:6} {:7} {:>8} {:24} {:16} {:16} {:16} {:20} {}",
                row.id.0,
                row.queue.as_str(),
                row.state.as_str(),
                row.attempts,
                row.accepted_at.to_string(),
                row.kind,
                row.account,
                row.user,
                row.message_id.as_deref().unwrap_or("–"),
                row.reason.unwrap_or_default()
            );
        }
    }
    Ok(())
}

async fn show(journal: &dyn Journal, id: EntryId, json: bool) -> Result<(), Failure> {
    let record = journal.show(id).await?.ok_or_else(|| {
        Failure::yours(JournalError::NotFound(format!("there is no entry {id}")))
            .hint("`journal list` prints the numbers; finished entries are kept for `journal.keep`")
    })?;
    let row = Row::new(&record);
    let body = String::from_utf8_lossy(&record.body);
    if json {
        let whole = serde_json::json!({ "entry": row, "body": body });
        println!("{whole}");
        return Ok(());
    }
    let fields = serde_json::to_value(&row).map_err(Failure::ours)?;
    for (name, value) in fields.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        println!("{:14}{value}", format!("{name}:"));
    }
    println!("\n{body}");
    Ok(())
}

/// An entry as it is printed.
#[derive(Debug, Serialize)]
struct Row<'a> {
    id: EntryId,
    queue: Queue,
    state: State,
    attempts: u32,
    app: String,
    account: String,
    user: String,
    kind: &'static str,
    message_id: Option<String>,
    accepted_at: Timestamp,
    due_at: Timestamp,
    settled_at: Option<Timestamp>,
    reason: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn new(record: &'a Record) -> Self {
        let (kind, message_id) = kind(record);
        let (app, account, user) = Conversation::decode(&record.conversation)
            .map(|it| (it.app.to_string(), it.account.to_string(), it.user.to_string()))
            .unwrap_or_default();
        Self {
            id: record.id,
            queue: record.queue,
            state: record.state,
            attempts: record.attempts,
            app,
            account,
            user,
            kind,
            message_id,
            accepted_at: time(record.accepted_at),
            due_at: time(record.due_at),
            settled_at: record.settled_at.map(time),
            reason: record.reason.as_deref(),
        }
    }
}

/// What an entry is, and the platform's id of it.
fn kind(record: &Record) -> (&'static str, Option<String>) {
    match record.queue {
        Queue::Inbox => parse(&record.body).map_or(("unreadable", None), |inbound| {
            (inbound.kind(), inbound.message_id.map(|id| id.to_string()))
        }),
        Queue::Outbox => (
            Outgoing::decode(&record.body).map_or("unreadable", |outgoing| outgoing.payload.msgtype()),
            None,
        ),
    }
}

fn time(at: UnixMillis) -> Timestamp {
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX)
}

impl SomeEntries {
    async fn ids(&self, journal: &dyn Journal) -> Result<Vec<EntryId>, Failure> {
        if !self.all_dead {
            return Ok(self.ids.iter().copied().map(EntryId).collect());
        }
        let filter = Filter { state: Some(State::Dead), ..Filter::default() };
        // Oldest first, so that conversations keep their order.
        Ok(journal.list(filter).await?.iter().rev().map(|record| record.id).collect())
    }
}

impl From<StateArgument> for State {
    fn from(argument: StateArgument) -> Self {
        match argument {
            StateArgument::Pending => Self::Pending,
            StateArgument::Done => Self::Done,
            StateArgument::Dead => Self::Dead,
        }
    }
}

impl From<QueueArgument> for Queue {
    fn from(argument: QueueArgument) -> Self {
        match argument {
            QueueArgument::Inbox => Self::Inbox,
            QueueArgument::Outbox => Self::Outbox,
        }
    }
}
