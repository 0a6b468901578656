//! `journal`: what was accepted, for the operator.

mod conversations;
mod desk;
mod entry;
mod follow;
mod list;
mod selection;
mod show;
mod table;
mod times;

use std::sync::Arc;

use clap::{Args, Subcommand};
use rongcloud_callback::{
    Config,
    clock::Clock,
    config::JournalUrl,
    journal::{
        self, Administration, EntryId, Filter, Order, Pending, Queue, QueueStats, Records, State,
    },
};
use serde::Serialize;

use self::{
    conversations::ConversationsArguments,
    desk::{AnswerArguments, Change, ConversationArguments},
    list::{ExportArguments, ListArguments},
    show::ShowArguments,
    times::{Times, iso},
};
use crate::{copy, failure::Failure, output::print_json};

/// Number of dead letters that are read at once.
const PAGE: usize = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Counts the journal's entries by queue and state.
    Stats {
        /// As JSON, with times in UTC.
        #[arg(long)]
        json: bool,
    },
    /// Lists the journal's entries, newest first.
    List(ListArguments),
    /// Shows one entry of the journal with its body, and with its replies or the message that it answers.
    Show(ShowArguments),
    /// Writes the journal's entries as JSON lines, oldest first, each with its body.
    #[command(after_help = "Example:\n  rongcloud-callback journal export --since 24h > day.jsonl")]
    Export(ExportArguments),
    /// Makes dead letters pending again: they are handled anew, with all their attempts.
    Revive(SomeEntries),
    /// Marks entries as done without handling them.
    Discard(SomeEntries),
    /// Lists the conversations that are in a dialogue, or that a person has, with what is stored of them.
    Conversations(ConversationsArguments),
    /// Gives a conversation to a person (转人工): the bot answers nothing in it until it is handed back.
    HandOver(ConversationArguments),
    /// Sends a person's answer to a conversation that was handed over.
    Answer(AnswerArguments),
    /// Gives a conversation back to the bot.
    HandBack(ConversationArguments),
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
#[group(required = true)]
pub(crate) struct SomeEntries {
    /// The entries' numbers, as `list` prints them.
    #[arg(value_name = "ID")]
    ids: Vec<i64>,
    /// All dead letters.
    #[arg(long, conflicts_with = "ids")]
    all_dead: bool,
}

#[derive(Debug, Serialize)]
struct StatsJson {
    inbox: QueueJson,
    outbox: QueueJson,
}

#[derive(Debug, Serialize)]
struct QueueJson {
    pending: u64,
    leased: u64,
    done: u64,
    dead: u64,
    oldest_pending: Option<String>,
}

pub(crate) async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    let command = match command {
        Command::Copy { from, to } => return copy::run(config, from, to).await,
        Command::HandOver(conversation) => {
            return desk::run(config, Change::HandOver(conversation)).await;
        }
        Command::Answer(answer) => return desk::run(config, Change::Answer(answer)).await,
        Command::HandBack(conversation) => {
            return desk::run(config, Change::HandBack(conversation)).await;
        }
        command => command,
    };
    let times = Times::system().map_err(|error| {
        Failure::yours(error).hint("set TZ to a name such as Asia/Shanghai, or to nothing for UTC")
    })?;
    let journal = open(config).await?;
    match command {
        Command::Stats { json } => stats(&*journal, json, &times).await?,
        Command::List(arguments) => list::list(&*journal, &arguments, &times).await?,
        Command::Show(arguments) => show::run(&*journal, &arguments, &times).await?,
        Command::Export(arguments) => list::export(&*journal, &arguments).await?,
        Command::Revive(entries) => {
            entries.each(&*journal, |id| journal.revive(id), "is pending again").await?;
        }
        Command::Discard(entries) => {
            entries.each(&*journal, |id| journal.discard(id), "is discarded").await?;
        }
        Command::Conversations(arguments) => {
            conversations::run(&*journal, &arguments, &times).await?;
        }
        Command::Copy { .. } | Command::HandOver(_) | Command::Answer(_) | Command::HandBack(_) => {}
    }
    Ok(journal.close().await?)
}

async fn open(config: &Config) -> Result<Arc<dyn Administration>, Failure> {
    let options = config.journal.options(Clock::system());
    let opened = journal::open_operator(config.journal.url.expose(), options).await;
    opened.map_err(|error| {
        Failure::from(error).hint("`journal.url` in the configuration says where the journal is")
    })
}

async fn stats(journal: &dyn Records, json: bool, times: &Times) -> Result<(), Failure> {
    let stats = journal.stats().await?;
    if json {
        let stats = StatsJson { inbox: stats.inbox.into(), outbox: stats.outbox.into() };
        print_json(&stats)?;
        return Ok(());
    }
    println!("{:8} {:>10} {:>10} {:>10}  oldest pending", "queue", "pending", "dead", "done");
    for (queue, stats) in [(Queue::Inbox, stats.inbox), (Queue::Outbox, stats.outbox)] {
        let oldest = stats.oldest_pending.map_or_else(|| "–".to_owned(), |at| times.to_the_second(at));
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

impl From<QueueStats> for QueueJson {
    fn from(stats: QueueStats) -> Self {
        let QueueStats { pending, leased, done, dead, oldest_pending } = stats;
        Self { pending, leased, done, dead, oldest_pending: oldest_pending.map(iso) }
    }
}

impl SomeEntries {
    /// Does something with each of the entries, and prints it.
    async fn each<'a>(
        &self,
        journal: &dyn Records,
        verb: impl Fn(EntryId) -> Pending<'a, ()>,
        done: &str,
    ) -> Result<(), Failure> {
        let ids = self.ids(journal).await?;
        if ids.is_empty() {
            println!("there are no dead letters");
        }
        for id in ids {
            verb(id).await?;
            println!("{id} {done}");
        }
        Ok(())
    }

    async fn ids(&self, journal: &dyn Records) -> Result<Vec<EntryId>, Failure> {
        if !self.all_dead {
            return Ok(self.ids.iter().copied().map(EntryId).collect());
        }
        let mut ids = Vec::new();
        loop {
            // Oldest first, so that conversations keep their order.
            let page = Filter {
                state: Some(State::Dead),
                after: ids.last().copied(),
                order: Order::OldestFirst,
                limit: PAGE,
                ..Filter::default()
            };
            let records = journal.list(page).await?;
            if records.is_empty() {
                return Ok(ids);
            }
            ids.extend(records.iter().map(|record| record.id));
        }
    }
}
