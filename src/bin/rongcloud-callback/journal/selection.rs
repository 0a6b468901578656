//! The selection of entries that a command is about. Entries are read page by page, however many there are.

use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use rongcloud_callback::{
    clock::UnixMillis,
    ids::{AccountId, AppKey, UserId},
    journal::{Filter, KeyPattern, Order, Queue, Records, State},
    protocol::Conversation,
};

use super::{
    entry::{Entry, KINDS},
    times,
};
use crate::failure::Failure;

/// Number of entries in memory at once.
const PAGE: usize = 500;

#[derive(Debug, Clone, Args)]
pub(crate) struct Selection {
    /// Only entries of this user.
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    /// Only entries of this public account.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Only entries of this app.
    #[arg(long, value_name = "KEY")]
    app: Option<AppKey>,
    /// Only entries of this kind.
    #[arg(long, value_parser = PossibleValuesParser::new(KINDS))]
    kind: Option<String>,
    /// Only entries in this state; discarded ones are done.
    #[arg(long)]
    state: Option<StateArgument>,
    /// Only entries of this queue: messages are in the inbox, replies in the outbox.
    #[arg(long)]
    queue: Option<QueueArgument>,
    /// Only entries accepted at this time or later: "2026-11-28 14:00", "14:00", or "2h" for two hours ago.
    #[arg(long, value_name = "TIME", value_parser = times::parse)]
    since: Option<UnixMillis>,
    /// Only entries accepted before this time.
    #[arg(long, value_name = "TIME", value_parser = times::parse)]
    until: Option<UnixMillis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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

impl Selection {
    pub(super) fn state(&self) -> Option<State> {
        self.state.map(|state| match state {
            StateArgument::Pending => State::Pending,
            StateArgument::Done => State::Done,
            StateArgument::Dead => State::Dead,
        })
    }

    /// The part of the selection that the journal itself can look for.
    pub(super) fn filter(&self) -> Filter {
        let Self { user, account, app, .. } = self;
        let [begins, contains, ends] =
            Conversation::key_pattern(app.as_ref(), account.as_ref(), user.as_ref());
        Filter {
            queue: self.queue.map(|queue| match queue {
                QueueArgument::Inbox => Queue::Inbox,
                QueueArgument::Outbox => Queue::Outbox,
            }),
            state: self.state(),
            conversation: KeyPattern { begins, contains, ends },
            since: self.since,
            until: self.until,
            ..Filter::default()
        }
    }

    /// The entries of the selection that `filter` admits, at most as many as its limit says.
    pub(super) fn pages<'a>(&'a self, journal: &'a dyn Records, filter: Filter) -> Pages<'a> {
        let left = filter.limit;
        Pages { journal, kind: self.kind.as_deref(), filter, left }
    }
}

/// The pages of a selection, each read when it is asked for.
pub(super) struct Pages<'a> {
    journal: &'a dyn Records,
    kind: Option<&'a str>,
    filter: Filter,
    left: usize,
}

impl Pages<'_> {
    /// The next entries, if there are any.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Entry>>, Failure> {
        while self.left > 0 {
            // Entries of one kind may be few among many.
            let limit = if self.kind.is_some() { PAGE } else { PAGE.min(self.left) };
            let records = self.journal.list(Filter { limit, ..self.filter.clone() }).await?;
            let Some(last) = records.last().map(|record| record.id) else { break };
            match self.filter.order {
                Order::NewestFirst => self.filter.before = Some(last),
                Order::OldestFirst => self.filter.after = Some(last),
            }
            let mut entries: Vec<_> = records.into_iter().map(Entry::read).collect();
            entries.retain(|entry| self.kind.is_none_or(|kind| kind == entry.kind));
            entries.truncate(self.left);
            self.left -= entries.len();
            if !entries.is_empty() {
                return Ok(Some(entries));
            }
        }
        self.left = 0;
        Ok(None)
    }

    /// All entries.
    pub(super) async fn rest(mut self) -> Result<Vec<Entry>, Failure> {
        let mut all = Vec::new();
        while let Some(mut entries) = self.next().await? {
            all.append(&mut entries);
        }
        Ok(all)
    }
}
