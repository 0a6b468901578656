//! The history that the sandbox keeps: messages, deliveries with their attempts, and API calls.

use serde::Serialize;

use super::{content::ChatContent, handling::Handling};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, UserId},
};

/// A message of a chat, in either direction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChatMessage {
    /// The number of this record, counted from 1.
    pub id: u64,
    /// The time at which the message was written.
    pub at: UnixMillis,
    /// The account that receives the message, or has sent it.
    pub account: AccountId,
    /// The user who wrote the message, or the users who received it.
    pub users: Vec<UserId>,
    /// The side that wrote the message.
    pub from: Side,
    /// The content.
    pub content: ChatContent,
    /// The delivery of the message, if a user wrote it.
    pub delivery: Option<u64>,
    /// The API call that sent the message, if an account wrote it.
    pub call: Option<u64>,
    /// Whether the message went to all followers.
    pub broadcast: bool,
}

/// The two sides of a chat.
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
    /// The number of this record, counted from 1.
    pub id: u64,
    /// The time at which the delivery began.
    pub at: UnixMillis,
    /// The message that is delivered.
    pub message: u64,
    /// The account that the user wrote to.
    pub account: AccountId,
    /// The user who wrote.
    pub user: UserId,
    /// The kind of the message, as in [`ChatContent::kind`].
    pub kind: &'static str,
    /// The address that the message is posted to: the account's routeUrl.
    pub url: String,
    /// The stage that the delivery has reached.
    pub state: DeliveryState,
    /// The reason why the message was not sent, or why the delivery failed.
    pub reason: Option<String>,
    /// The kind of `reason`, by which programs distinguish reasons.
    pub reason_kind: Option<ReasonKind>,
    /// The body of the callback.
    pub xml: String,
    /// The requests of this delivery, oldest first; the last 50.
    pub attempts: Vec<Attempt>,
    /// The server's work on the message, if the server [reports it](super::Sandbox::observer).
    pub handling: Option<Handling>,
}

/// The stages of a delivery.
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

/// The kinds of reasons why a delivery was not sent, or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// The server answered a status other than 200.
    Answered,
    /// No answer came in time.
    Timeout,
    /// Nothing listens at the address.
    Refused,
    /// The host's name has no address.
    Dns,
    /// No TLS connection could be made.
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
    /// The number of the attempt, from 1; 0 for a request that an injected `fault` has added.
    pub number: u32,
    /// Whether a person asked for this delivery again, after it had ended.
    pub resent: bool,
    /// The HTTP method.
    pub method: &'static str,
    /// The query string with the signature, as it was sent.
    pub query: String,
    /// Names and values of the headers.
    pub headers: Vec<(String, String)>,
    /// The time at which the request began.
    pub at: UnixMillis,
    /// The duration of the request, in milliseconds.
    pub ms: u64,
    /// The HTTP status; none if no answer came.
    pub status: Option<u16>,
    /// The beginning of the answer's body.
    pub answer: String,
    /// The reason why there is no answer, or why the answer does not count.
    pub error: Option<String>,
    /// The kind of `error`, by which programs distinguish errors.
    pub error_kind: Option<ErrorKind>,
    /// The injected fault, if there was one.
    pub fault: Option<DeliveryFault>,
    /// The status that a correct server answers.
    pub expected: u16,
    /// The body of the request, if it differs from the delivery's.
    pub xml: Option<String>,
}

/// The kinds of errors after which an attempt has no answer that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// No answer came in time.
    Timeout,
    /// Nothing listens at the address.
    Refused,
    /// The host's name has no address.
    Dns,
    /// No TLS connection could be made.
    Tls,
    /// The connection broke, or the answer was not HTTP.
    Broken,
    /// The answer came and was dropped: [`DeliveryFault::DropAnswer`].
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
    /// An accepted message comes again.
    Duplicate,
    /// The message comes twice at the same instant.
    Simultaneous,
    /// The server's answer is dropped.
    DropAnswer,
    /// A forged message comes, signed with another secret.
    WrongSignature,
    /// A forged message comes, whose signature is correct but ten minutes old.
    StaleSignature,
    /// An accepted request comes again unchanged.
    ReplayedSignature,
    /// A forged message comes with the signature of an accepted one.
    ForgedBody,
    /// A correctly signed body comes that is cut in the middle.
    MalformedXml,
    /// A correctly signed message of an unknown kind comes.
    UnknownKind,
}

impl DeliveryFault {
    /// The status that a correct server answers.
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
pub struct ApiCall {
    /// The number of this record, counted from 1.
    pub id: u64,
    /// The time at which the call came.
    pub at: UnixMillis,
    /// The time until the call was answered, in milliseconds.
    pub ms: u64,
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The account that the call names.
    pub account: Option<AccountId>,
    /// The users that the call names, at most 100; none for a refused call.
    pub users: Vec<UserId>,
    /// The latest delivery of that account and user at that time.
    pub delivery: Option<u64>,
    /// The type of the body.
    pub body_type: BodyType,
    /// The beginning of the body.
    pub body: String,
    /// The HTTP status; none if the call was not answered.
    pub status: Option<u16>,
    /// The answer's body.
    pub answer: String,
    /// The reason why the call was refused.
    pub refused: Option<String>,
    /// The injected fault, if there was one.
    pub fault: Option<AnswerFault>,
}

/// The types of an API call's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyType {
    /// Fields of a form; a body without a Content-Type counts as one.
    Form,
    /// JSON.
    Json,
    /// An uploaded file; the record describes the file in place of its bytes.
    Multipart,
    /// No body.
    None,
}

/// A fault that is injected into the answer of an API call, which then has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFault {
    /// The call is answered with errcode 1000.
    InternalError,
    /// The call is answered with errcode 1008.
    RateExceeded,
    /// The call is answered with HTTP 500 and a page instead of JSON.
    Status500,
    /// The connection is closed before the answer is complete.
    Cut,
    /// The call is not answered.
    Silent,
}

impl ChatMessage {
    /// The words of the content: a text, titles and descriptions line by line, or else an address.
    pub fn text(&self) -> String {
        self.content.words()
    }
}
