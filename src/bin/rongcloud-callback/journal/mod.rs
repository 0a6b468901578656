//! `journal`: what was accepted, for the operator.

mod actions;
mod audit;
mod conversations;
mod desk;
mod entry;
mod explain;
mod follow;
mod list;
mod selection;
mod server;
mod show;
mod source;
mod stats;
mod table;
mod times;

use clap::{Args, Subcommand};
use rongcloud_callback::{
    Config,
    config::{ConfigError, JournalUrl},
};

use self::{
    actions::{Action, SomeEntries},
    conversations::ConversationsArguments,
    desk::{AnswerArguments, Change, ConversationArguments},
    list::{ExportArguments, ListArguments},
    server::ServerArguments,
    show::ShowArguments,
    source::{Local, Source},
    times::Times,
};
use crate::{copy, failure::Failure};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Counts the journal's entries by queue and state.
    Stats {
        /// As JSON, with times in UTC.
        #[arg(long)]
        json: bool,
    },
    /// Lists the journal's entries, newest first.
    List(ListArguments),
    /// Shows everything that is known of one entry: attempts, ending, replies, states, body, and why it is not done yet.
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

/// Runs a command on the journal of the configuration, which is read only if no server is asked.
pub(crate) async fn run(
    config: impl FnOnce() -> Result<Config, ConfigError>,
    Arguments { command, server }: Arguments,
) -> Result<(), Failure> {
    let address = server.address()?;
    let command = match (command, &address) {
        (Command::Copy { .. }, Some(_)) => return Err(copy_failure()),
        (Command::Copy { from, to }, None) => return copy::run(&config()?, from, to).await,
        (command, _) => command,
    };
    let times = Times::system().map_err(|error| {
        Failure::yours(error).hint("set TZ to a name such as Asia/Shanghai, or to nothing for UTC")
    })?;
    let command = match (command.into_change(), &address) {
        (Ok(change), Some(address)) => {
            return desk::at_server(&server.connect(address.clone()).await?, change).await;
        }
        (Ok(change), None) => return desk::in_journal(&config()?, change).await,
        (Err(command), _) => command,
    };
    let source = match address {
        Some(address) => Source::Server(Box::new(server.connect(address).await?)),
        None => Source::Journal(Local::open(&config()?).await?),
    };
    command.read_or_settle(&source, &times).await?;
    source.close().await
}

impl Command {
    /// The change in a conversation, if it is one.
    fn into_change(self) -> Result<Change, Box<Self>> {
        match self {
            Self::HandOver(conversation) => Ok(Change::HandOver(conversation)),
            Self::Answer(answer) => Ok(Change::Answer(answer)),
            Self::HandBack(conversation) => Ok(Change::HandBack(conversation)),
            command => Err(Box::new(command)),
        }
    }

    /// Runs a command about entries or conversations.
    async fn read_or_settle(self, source: &Source, times: &Times) -> Result<(), Failure> {
        match self {
            Self::Stats { json } => stats::run(source, json, times).await,
            Self::List(arguments) => list::list(source, &arguments, times).await,
            Self::Show(arguments) => show::run(source, &arguments, times).await,
            Self::Export(arguments) => list::export(source, &arguments).await,
            Self::Revive(entries) => actions::run(source, &entries, Action::Revive).await,
            Self::Discard(entries) => actions::run(source, &entries, Action::Discard).await,
            Self::Conversations(arguments) => conversations::run(source, &arguments, times).await,
            Self::HandOver(_) | Self::Answer(_) | Self::HandBack(_) | Self::Copy { .. } => Ok(()),
        }
    }
}

fn copy_failure() -> Failure {
    let error = anyhow::anyhow!(
        "`journal copy` works on the stores themselves, which no running server gives away"
    );
    Failure::yours(error)
        .hint("run it where both journals are, while no server runs on them, without --server and RONGCLOUD_CALLBACK_SERVER")
}
