//! What the sandbox remembers of what happened: messages, deliveries with their attempts, and API calls.

use serde::Serialize;

use super::{Content, handling::Handling};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, UserId},
};

/// One line of a chat.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Counted from 1.
    pub id: u64,
    /// When it was written.
    pub at: UnixMillis,
    /// The account that it was written to, or by.
    pub account: AccountId,
    /// The user who wrote it, or those who received it.
    pub users: Vec<UserId>,
    /// Who wrote it.
    pub from: Side,
    /// What it says.
    pub content: Content,
    /// The delivery that carried it, if a user wrote it.
    pub delivery: Option<u64>,
    /// The API call that brought it, if an account wrote it.
    pub call: Option<u64>,
    /// Whether it went to all followers.
    pub broadcast: bool,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// A user of the app.
    User,
    /// A public account.
    Account,
}

/// A user's message on its way to the server under test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Counted from 1.
    pub id: u64,
    /// When it began.
    pub at: UnixMillis,
    /// The message that it carries.
    pub message: u64,
    /// The account that was written to.
    pub account: AccountId,
    /// The user who wrote.
    pub user: UserId,
    /// What kind of message it is.
    pub kind: &'static str,
    /// Where it goes: the account's routeUrl.
    pub url: String,
    /// How far it is.
    pub state: DeliveryState,
    /// Why it was not sent, or failed.
    pub reason: Option<String>,
    /// The kind of `reason`, for programs.
    pub reason_kind: Option<ReasonKind>,
    /// The body.
    pub xml: String,
    /// What was tried, oldest first; the last 50.
    pub attempts: Vec<Attempt>,
    /// What became of the message, if the server under test [tells](super::Sandbox::observer).
    pub handling: Option<Handling>,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Attempts are going on.
    Waiting,
    /// The server answered 200.
    Accepted,
    /// No attempt was accepted.
    Failed,
    /// The account's route is off, or has no address, or pushing pauses.
    NotSent,
}

/// Why a delivery was not sent, or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// The server answered another status than 200.
    Answered,
    /// No answer came in time.
    Timeout,
    /// Nothing listens at the address.
    Refused,
    /// The host's name leads to no address.
    Dns,
    /// No secure connection came about.
    Tls,
    /// The connection broke, or the answer was not HTTP.
    Broken,
    /// The account's route is switched off.
    RouteOff,
    /// The account has no routeUrl.
    NoRoute,
    /// Pushing pauses after many time-outs.
    Paused,
}

/// One request to the server under test, once it has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Counts the tries of a delivery from 1; 0 for a request that comes along with them, named by `fault`.
    pub number: u32,
    /// Whether somebody asked for it by hand, after the delivery had ended.
    pub resent: bool,
    /// The HTTP method.
    pub method: &'static str,
    /// The query string with the signature, as it was sent.
    pub query: String,
    /// Names and values of the headers.
    pub headers: Vec<(String, String)>,
    /// When it began.
    pub at: UnixMillis,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// HTTP status; none if no answer came.
    pub status: Option<u16>,
    /// How the answer's body begins.
    pub answer: String,
    /// Why no answer came, or that it was dropped.
    pub error: Option<String>,
    /// The kind of `error`, for programs.
    pub error_kind: Option<ErrorKind>,
    /// The fault that was injected.
    pub fault: Option<DeliveryFault>,
    /// The status that a sound server answers.
    pub expected: u16,
    /// The body, where it is not the delivery's own.
    pub xml: Option<String>,
}

/// Why an attempt has no answer that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// No answer came in time.
    Timeout,
    /// Nothing listens at the address.
    Refused,
    /// The host's name leads to no address.
    Dns,
    /// No secure connection came about.
    Tls,
    /// The connection broke, or the answer was not HTTP.
    Broken,
    /// The answer came, and the platform never saw it: [`DeliveryFault::DropAnswer`].
    Dropped,
}

impl From<ErrorKind> for ReasonKind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Timeout => Self::Timeout,
            ErrorKind::Refused => Self::Refused,
            ErrorKind::Dns => Self::Dns,
            ErrorKind::Tls => Self::Tls,
            ErrorKind::Broken | ErrorKind::Dropped => Self::Broken,
        }
    }
}

/// A fault that is injected into an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryFault {
    /// A message that was accepted comes again.
    Duplicate,
    /// It comes twice at the same instant.
    Simultaneous,
    /// The server's answer is thrown away.
    DropAnswer,
    /// A forged message, signed with another secret.
    WrongSignature,
    /// A forged message, rightly signed ten minutes ago.
    StaleSignature,
    /// The very same request again.
    ReplayedSignature,
    /// A forged message under a signature that was seen before.
    ForgedBody,
    /// Rightly signed, but cut in the middle.
    MalformedXml,
    /// Rightly signed, of a kind that nobody knows.
    UnknownKind,
}

impl DeliveryFault {
    /// The status that a sound server answers.
    pub(super) fn expected(self) -> u16 {
        match self {
            Self::WrongSignature | Self::StaleSignature | Self::ForgedBody => 401,
            Self::MalformedXml => 400,
            Self::Duplicate
            | Self::Simultaneous
            | Self::DropAnswer
            | Self::ReplayedSignature
            | Self::UnknownKind => 200,
        }
    }
}

/// An API call of the server under test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Counted from 1.
    pub id: u64,
    /// When it came.
    pub at: UnixMillis,
    /// How long it took until it was answered, in milliseconds.
    pub ms: u64,
    /// The HTTP method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The account that it names.
    pub account: Option<AccountId>,
    /// The users that it names; the first 100, and of a refused call none.
    pub users: Vec<UserId>,
    /// The latest delivery of that account and user when it came.
    pub delivery: Option<u64>,
    /// What its body is.
    pub body_type: BodyType,
    /// How its body begins.
    pub body: String,
    /// HTTP status; none if no answer was given.
    pub status: Option<u16>,
    /// The answer's body.
    pub answer: String,
    /// Why it was refused.
    pub refused: Option<String>,
    /// The fault that was injected.
    pub fault: Option<AnswerFault>,
}

/// What the body of an API call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyType {
    /// Fields of a form; a body that does not say what it is counts as one.
    Form,
    /// JSON.
    Json,
    /// An uploaded file, which is described in the place of the body.
    Multipart,
    /// Nothing.
    None,
}

/// A fault that is injected into the answer of an API call, which then has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFault {
    /// Errcode 1000.
    InternalError,
    /// Errcode 1008.
    RateExceeded,
    /// HTTP 500 with a page instead of JSON.
    Status500,
    /// The connection is cut within the answer.
    Cut,
    /// Nothing at all.
    Silent,
}
