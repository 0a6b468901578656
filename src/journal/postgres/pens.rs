//! The connections that write: one, and more beside it once commits are slow.

use std::{sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, FutureExt, OptionFuture};
use tokio::time::Instant;

use super::{
    address::Address,
    pen::Pen,
    session::{Session, soon},
    shared::Shared,
    statements::{LEAVE, ORPHANS, PASS, RELEASE, SHARDS, text},
};
use crate::{
    clock::Clock,
    journal::{JournalError, error::closed_error},
};

/// Most connections at once.
const MOST: usize = 4;
const _: () = assert!(MOST <= SHARDS);
/// After a failed connection, how long until the next is tried.
const RETRY: Duration = Duration::from_millis(250);
/// Where there cannot be another one beside the first, how long until it is tried again.
const RETRY_ANOTHER: Duration = Duration::from_secs(10);

/// The connections that have nothing to do, and what is known of the others.
pub(super) struct Pens {
    address: Address,
    pub(super) replica: i64,
    shared: Arc<Shared>,
    clock: Clock,
    free: Vec<Pen>,
    /// Another one, until it is there.
    opening: Option<BoxFuture<'static, Result<Pen, JournalError>>>,
    another_at: Instant,
    /// Of the last one.
    number: usize,
    /// One has failed: all are made anew, once they have nothing to do.
    is_lost: bool,
    tried_at: Instant,
    failure: JournalError,
}

impl Pens {
    pub(super) async fn open(
        address: Address,
        replica: i64,
        shared: Arc<Shared>,
        clock: Clock,
    ) -> Result<Self, JournalError> {
        let mut pens = Self {
            address,
            replica,
            shared,
            clock,
            free: Vec::with_capacity(MOST),
            opening: None,
            another_at: Instant::now(),
            number: 0,
            is_lost: false,
            tried_at: Instant::now(),
            failure: closed_error(),
        };
        pens.connect().await?;
        Ok(pens)
    }

    /// Why there is none.
    pub(super) fn failure(&self) -> JournalError {
        self.failure.clone()
    }

    /// One that has nothing to do.
    pub(super) fn first(&self) -> Option<&Pen> {
        self.free.first()
    }

    pub(super) fn take(&mut self) -> Option<Pen> {
        self.free.pop()
    }

    /// It has nothing to do any more.
    pub(super) fn put_back(&mut self, pen: Pen) {
        if !self.is_lost {
            self.free.push(pen);
        }
    }

    /// Leaves out those that were closed while they had nothing to do; whether there are others.
    pub(super) fn are_there(&mut self) -> bool {
        self.free.retain(|pen| !pen.session.client.is_closed());
        !self.free.is_empty()
    }

    /// One of them cannot be trusted any more: what it was last asked may or may not have been done.
    pub(super) fn fail(&mut self, error: JournalError) -> JournalError {
        if !self.is_lost {
            tracing::error!(%error, "the journal's database failed; it is connected to again");
        }
        self.lose(error.clone());
        error
    }

    fn lose(&mut self, failure: JournalError) {
        self.is_lost = true;
        self.free.clear();
        self.opening = None;
        self.tried_at = Instant::now();
        self.failure = failure;
    }

    /// Makes the first one again, while nothing is under way.
    pub(super) async fn connect_again(&mut self) -> Result<(), JournalError> {
        if self.is_lost && self.tried_at.elapsed() < RETRY {
            return Err(self.failure());
        }
        self.connect().await.inspect_err(|error| self.lose(error.clone()))?;
        tracing::info!("the journal's database works again");
        Ok(())
    }

    /// As nothing is under way, what is leased without our knowledge was leased by a commit of whose success we never
    /// heard.
    async fn connect(&mut self) -> Result<(), JournalError> {
        let pen = Pen::open(self.address.clone(), self.next_number()).await?;
        let fences = self.shared.fences();
        let now = self.clock.manual_now().map(|now| now.0);
        let client = &pen.session.client;
        let free = || async { client.execute(&text(ORPHANS), &[&now, &self.replica, &fences]).await };
        soon(client, free).await?;
        self.is_lost = false;
        self.free.push(pen);
        Ok(())
    }

    /// Begins to open another one if all have something to do, which are so many.
    pub(super) fn want_another(&mut self, busy: usize) {
        let may_be = self.free.is_empty() && busy < MOST && self.another_at <= Instant::now();
        if may_be && self.opening.is_none() && !self.is_lost {
            self.opening = Some(Pen::open(self.address.clone(), self.next_number()).boxed());
        }
    }

    /// Waits until another one is there, or cannot be; none if none is wanted.
    pub(super) async fn another(&mut self) -> Option<()> {
        let opened = OptionFuture::from(self.opening.as_mut()).await?;
        self.opening = None;
        match opened {
            Ok(pen) => self.free.push(pen),
            Err(error) => {
                tracing::debug!(%error, "no other connection to the journal's database");
                self.another_at = Instant::now() + RETRY_ANOTHER;
            }
        }
        Some(())
    }

    fn next_number(&mut self) -> usize {
        self.number = (self.number + 1) % SHARDS;
        self.number
    }

    /// Gives back what is still leased, so that others need not wait, and takes this replica off the list.
    pub(super) async fn leave(&self) -> Result<(), JournalError> {
        let Some(Pen { session: Session { client, .. }, .. }) = self.first() else {
            return Err(self.failure());
        };
        let leave = || async {
            client.execute(RELEASE, &[&self.replica]).await?;
            client.execute(PASS, &[&self.shared.time.known()]).await?;
            client.execute(&text(LEAVE), &[&vec![self.replica]]).await
        };
        soon(client, leave).await.map(drop)
    }
}
