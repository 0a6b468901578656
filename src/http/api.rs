//! One API of the platform: its base addresses, and how a call of it is made.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use url::Url;

use super::{
    base_address::BaseAddress, error::ClientError, exchange::RawAnswer, options::Options,
    request::Request, transport::Transport,
};
use crate::clock::{Clock, UnixMillis};

/// An API that is called. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Api {
    transport: Arc<Transport>,
    clock: Clock,
    /// Whether calls end before anything is sent.
    is_dry_run: bool,
}

/// How one call proves who makes it, and how its answer is read: all that the platform's two APIs differ in.
pub(crate) trait Authentication {
    /// Adds a signature or a token to the request of one attempt.
    fn authenticate(&self, request: Request, now: UnixMillis) -> Request;

    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// The error that the answer stands for.
    fn decode<T: DeserializeOwned>(answer: RawAnswer) -> Result<T, ClientError>;
}

impl Api {
    /// An API at `bases`, called by the system's clock.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`]: no base address, one that is not plain `http` or `https`, or a system without
    /// certificates.
    pub(crate) fn new(
        bases: impl IntoIterator<Item = Url>,
        options: Options,
    ) -> Result<Self, ClientError> {
        let bases = bases.into_iter().map(BaseAddress::new).collect::<Result<_, _>>()?;
        let transport = Arc::new(Transport::new(bases, options)?);
        Ok(Self { transport, clock: Clock::system(), is_dry_run: false })
    }

    /// An API like this one, whose calls end with [`ClientError::Unsent`].
    pub(crate) fn dry_run(self) -> Self {
        Self { is_dry_run: true, ..self }
    }

    /// An API like this one that reads the time from `clock`.
    pub(crate) fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Makes one call; each attempt at a base address is authenticated anew.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub(crate) async fn call<A: Authentication, T: DeserializeOwned>(
        &self,
        authentication: &A,
        request: &Request,
    ) -> Result<T, ClientError> {
        let prepare = || Ok(authentication.authenticate(request.clone(), self.clock.now()));
        if self.is_dry_run {
            return self.transport.dry_run(&self.clock, prepare);
        }
        self.transport.call(request.path(), &self.clock, prepare, A::decode).await
    }
}
