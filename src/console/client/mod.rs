//! A client of the console's API, for programs that operate a server from elsewhere.
//!
//! The server is the admin listener of a running one (`admin.listen`); the token is one of its `admin.tokens`. The requests
//! and answers are those of [`api`](super::api). Nothing is repeated.
//!
//! # Examples
//!
//! ```no_run
//! use rongcloud_callback::console::{
//!     api::{EntriesQuery, EntryFilter},
//!     client::Client,
//! };
//!
//! # async fn dead_letters() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("https://bot.example.com:9090".parse()?, Some(&"the token".into()))?;
//! let filter = EntryFilter { state: Some("dead".to_owned()), ..EntryFilter::default() };
//! let page = client.entries(&EntriesQuery { filter, ..EntriesQuery::default() }).await?;
//! println!("{} dead letters", page.entries.len());
//! # Ok(())
//! # }
//! ```

mod answer;
mod error;
mod query;

use std::{fmt, time::Duration};

use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

pub use self::error::ConsoleError;
use self::{answer::read, query::query_of};
use super::{
    api::{
        Answer, ConversationPage, ConversationSummary, ConversationsQuery, CountJob, Empty,
        EntriesQuery, EntryPage, EntryRow, JobCount, JobRow, Jobs, StartJob, Stats, Story, StoryQuery,
    },
    conversation_id,
    session::Session,
};
use crate::{
    http::{
        base_address::BaseAddress,
        options::Options,
        single_server::{ServerRequest, SingleServer},
    },
    protocol::Conversation,
};

/// The longest that a call may take: entries may be counted one by one.
const TIMEOUT: Duration = Duration::from_mins(2);
/// The path below which the API is.
const API: &str = "/api/v1";

/// A client of one server's console.
pub struct Client {
    server: SingleServer,
    /// The server's address in errors.
    address: String,
}

impl Client {
    /// A client of the console at `server`, with a token of its `admin.tokens` if it has any. No connection is made yet.
    ///
    /// # Errors
    ///
    /// [`ConsoleError::Setup`]: the address is none of `http://` or `https://`, TLS cannot be set up, or the token has
    /// characters that no header can carry.
    pub fn new(server: Url, token: Option<&SecretString>) -> Result<Self, ConsoleError> {
        let address = server.origin().ascii_serialization();
        let setup_error =
            |error: crate::http::error::ClientError| ConsoleError::Setup(error.to_string());
        let base = BaseAddress::new(server).map_err(setup_error)?;
        let options = Options { timeout: TIMEOUT, ..Options::default() };
        let server = SingleServer::new(base, options, token).map_err(setup_error)?;
        Ok(Self { server, address })
    }

    /// The server's address, without a path.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whoever calls, and what they may.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn session(&self) -> Result<Session, ConsoleError> {
        self.get("/session", &Empty {}).await
    }

    /// The present numbers.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn stats(&self) -> Result<Stats, ConsoleError> {
        self.get("/stats", &Empty {}).await
    }

    /// A page of entries.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn entries(&self, query: &EntriesQuery) -> Result<EntryPage, ConsoleError> {
        self.get("/entries", query).await
    }

    /// An entry with everything that is known of it, and with the bytes of its replies if `bodies` are wanted.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn story(&self, id: i64, bodies: bool) -> Result<Story, ConsoleError> {
        self.get(&format!("/entries/{id}"), &StoryQuery { bodies: bodies.then_some(true) }).await
    }

    /// Makes a dead letter pending again.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn revive(&self, id: i64) -> Result<EntryRow, ConsoleError> {
        self.post(&format!("/entries/{id}/revive"), &Empty {}, None).await
    }

    /// Marks an entry as done without its being handled.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn discard(&self, id: i64) -> Result<EntryRow, ConsoleError> {
        self.post(&format!("/entries/{id}/discard"), &Empty {}, None).await
    }

    /// A page of conversations.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn conversations(
        &self,
        query: &ConversationsQuery,
    ) -> Result<ConversationPage, ConsoleError> {
        self.get("/conversations", query).await
    }

    /// Gives a conversation to persons.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn hand_over(
        &self,
        conversation: &Conversation,
    ) -> Result<ConversationSummary, ConsoleError> {
        self.post(&path_of(conversation, "hand-over"), &Empty {}, None).await
    }

    /// Sends a person's answer. A call with the same `key` sends nothing a second time.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn answer(
        &self,
        conversation: &Conversation,
        answer: &Answer,
        key: &str,
    ) -> Result<ConversationSummary, ConsoleError> {
        self.post(&path_of(conversation, "answer"), answer, Some(key)).await
    }

    /// Gives a conversation back to the bot.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn hand_back(
        &self,
        conversation: &Conversation,
    ) -> Result<ConversationSummary, ConsoleError> {
        self.post(&path_of(conversation, "hand-back"), &Empty {}, None).await
    }

    /// Counts the entries that a job would change.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn count_job(&self, job: &CountJob) -> Result<JobCount, ConsoleError> {
        self.post("/jobs/count", job, None).await
    }

    /// Starts a job. A call with the same `key` starts no second one.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn start_job(&self, job: &StartJob, key: &str) -> Result<JobRow, ConsoleError> {
        self.post("/jobs", job, Some(key)).await
    }

    /// The jobs, newest first.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn jobs(&self) -> Result<Jobs, ConsoleError> {
        self.get("/jobs", &Empty {}).await
    }

    /// Ends a job; its changes stay.
    ///
    /// # Errors
    ///
    /// See [`ConsoleError`].
    pub async fn cancel_job(&self, id: i64) -> Result<JobRow, ConsoleError> {
        self.post(&format!("/jobs/{id}/cancel"), &Empty {}, None).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> Result<T, ConsoleError> {
        let path = format!("{API}{path}");
        let query = query_of(query)?;
        self.call(ServerRequest { path: &path, query, headers: Vec::new(), json: None }).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        key: Option<&str>,
    ) -> Result<T, ConsoleError> {
        let path = format!("{API}{path}");
        let headers = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        let json = serde_json::to_vec(body).map_err(|error| ConsoleError::Setup(error.to_string()))?;
        let request = ServerRequest { path: &path, query: String::new(), headers, json: Some(json) };
        self.call(request).await
    }

    async fn call<T: DeserializeOwned>(&self, request: ServerRequest<'_>) -> Result<T, ConsoleError> {
        let path = request.path;
        let answer = self.server.send(request).await;
        let server = self.address.clone();
        let answer = match answer {
            Ok(answer) => answer,
            Err(cause) => return Err(ConsoleError::NoAnswer { server, cause }),
        };
        read(&answer, path, server)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The path of an action in a conversation.
fn path_of(conversation: &Conversation, action: &str) -> String {
    format!("/conversations/{}/{action}", conversation_id::of(&conversation.encode()))
}
