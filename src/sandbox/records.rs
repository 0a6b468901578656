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
    /// The account's route is off, or has no address.
    NotSent,
}

/// One request to the server under test, once it has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// The try that it belongs to, from 1.
    pub number: u32,
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
    /// The fault that was injected.
    pub fault: Option<DeliveryFault>,
    /// The status that a sound server answers.
    pub expected: u16,
    /// The body, where it is not the delivery's own.
    pub xml: Option<String>,
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
    /// Its path.
    pub path: String,
    /// The account that it names.
    pub account: Option<AccountId>,
    /// The users that it names.
    pub users: Vec<UserId>,
    /// The latest delivery of that account and user when it came.
    pub delivery: Option<u64>,
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
