//! The selection of entries that a command is about. Entries are read page by page, however many there are.

use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use rongcloud_callback::{
    clock::UnixMillis,
    console::api::{EntriesQuery, EntryFilter, EntryPaging},
    ids::{AccountId, AppKey, UserId},
    journal::{Administration, EntryId, Filter, KeyPattern, Order, Queue, State},
    protocol::Conversation,
};

use super::{
    entry::{Entry, KINDS},
    server::failure,
    source::{Local, Remote, Source},
    times,
};
use crate::failure::Failure;

/// Number of entries in memory at once.
const PAGE: usize = 500;
/// The most entries that a server gives at once.
const SERVER_PAGE: usize = 200;

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

    /// The selection as a server reads it.
    fn query(&self) -> EntryFilter {
        let time = |at: Option<UnixMillis>| at.map(|UnixMillis(at)| at.to_string());
        let filter = self.filter();
        EntryFilter {
            queue: filter.queue.map(|queue| queue.as_str().to_owned()),
            state: filter.state.map(|state| state.as_str().to_owned()),
            app: self.app.as_ref().map(ToString::to_string),
            account: self.account.as_ref().map(ToString::to_string),
            user: self.user.as_ref().map(ToString::to_string),
            kind: self.kind.clone(),
            since: time(self.since),
            until: time(self.until),
            ..EntryFilter::default()
        }
    }

    /// The entries of the selection that `filter` admits, at most as many as its limit says. A server gives their bodies
    /// only if `bodies` are wanted.
    pub(super) fn pages<'a>(&'a self, source: &'a Source, filter: Filter, bodies: bool) -> Pages<'a> {
        let left = filter.limit;
        Pages { source, selection: self, filter, left, bodies }
    }
}

/// The pages of a selection, each read when it is asked for.
pub(super) struct Pages<'a> {
    source: &'a Source,
    selection: &'a Selection,
    filter: Filter,
    left: usize,
    /// Whether a server is to give the bodies.
    bodies: bool,
}

impl Pages<'_> {
    /// The next entries, if there are any.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Entry>>, Failure> {
        while self.left > 0 {
            let (mut entries, next) = match self.source {
                Source::Journal(Local { journal, .. }) => self.page_of_journal(&**journal).await?,
                Source::Server(server) => self.page_of_server(server).await?,
            };
            match self.filter.order {
                Order::NewestFirst => self.filter.before = next,
                Order::OldestFirst => self.filter.after = next,
            }
            entries.truncate(self.left);
            self.left = if next.is_some() { self.left - entries.len() } else { 0 };
            if !entries.is_empty() {
                return Ok(Some(entries));
            }
        }
        Ok(None)
    }

    /// The entries of a page, and the entry behind which the next one begins.
    async fn page_of_journal(
        &self,
        journal: &dyn Administration,
    ) -> Result<(Vec<Entry>, Option<EntryId>), Failure> {
        let kind = self.selection.kind.as_deref();
        // Entries of one kind may be few among many.
        let limit = if kind.is_some() { PAGE } else { PAGE.min(self.left) };
        let records = journal.list(Filter { limit, ..self.filter.clone() }).await?;
        let last = records.last().map(|record| record.id);
        let mut entries: Vec<_> = records.iter().map(Entry::read).collect();
        entries.retain(|entry| kind.is_none_or(|kind| kind == entry.row.kind));
        Ok((entries, last))
    }

    /// The entries of a page from a server, which itself looks at the kind, and the entry behind which the next one begins.
    async fn page_of_server(&self, server: &Remote) -> Result<(Vec<Entry>, Option<EntryId>), Failure> {
        let Filter { before, after, order, .. } = &self.filter;
        let paging = EntryPaging {
            before: before.map(|EntryId(id)| id),
            after: after.map(|EntryId(id)| id),
            order: (*order == Order::OldestFirst).then(|| "oldest".to_owned()),
            limit: Some(SERVER_PAGE.min(self.left)),
            bodies: self.bodies.then_some(true),
        };
        let query = EntriesQuery { filter: self.selection.query(), paging };
        let page = server.client.entries(&query).await.map_err(failure)?;
        Ok((page.entries.into_iter().map(Entry::new).collect(), page.next.map(EntryId)))
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
