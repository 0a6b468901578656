//! Sending messages to one user, to several, to all followers: the calls below `/message`.

use serde::Serialize;

use super::{
    answer::CodeAnswer,
    api::Client,
    batches::{BatchError, split},
    message_calls::{MessageCall, choose_call, choose_stored_call},
};
use crate::{
    http::error::ClientError,
    ids::{AccountId, AppKey, UserId},
    protocol::{Limit, Outgoing, Payload, Recipients, limits},
};

/// Sending messages (发送消息).
///
/// # Examples
///
/// ```no_run
/// # use rongcloud_callback::client::{Client, ClientError};
/// use rongcloud_callback::protocol::{Article, Payload};
///
/// # async fn example(client: Client) -> Result<(), ClientError> {
/// let card = Article {
///     title: "Open day".into(),
///     url: Some("https://example.com/open-day".into()),
///     picture_url: "https://example.com/open-day.jpg".into(),
///     ..Article::default()
/// };
/// let sent = client.messages().to_followers(&"news".into(), &Payload::news([card])).await?;
/// println!("{:?}", sent.id);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Messages<'a> {
    client: &'a Client,
}

/// A message that the platform has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The platform's id of a message to all followers (`msg_id`); others have none.
    pub id: Option<String>,
}

impl Client {
    /// Sending messages (发送消息).
    pub fn messages(&self) -> Messages<'_> {
        Messages { client: self }
    }
}

impl Messages<'_> {
    /// Sends `outgoing` through the call that is made for its recipients and payload.
    ///
    /// This is always one call, so more than 100 users are an error.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] for a limit that is not kept, [`ClientError::NotOffered`] where no call fits, or any other
    /// [`ClientError`].
    pub async fn send(&self, outgoing: &Outgoing) -> Result<Sent, ClientError> {
        self.call(choose_call(&outgoing.recipients, &outgoing.payload)?, outgoing).await
    }

    /// Sends to one user.
    ///
    /// `POST /message/operation/send.json`, 发送消息; uploads go through
    /// `POST /message/send.json`, 发送消息-使用已上传素材发送.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] for a limit that is not kept, [`ClientError::NotOffered`] for an `mpnews`, or any other
    /// [`ClientError`].
    pub async fn to_user(
        &self,
        sender: &AccountId,
        user: &UserId,
        payload: &Payload,
    ) -> Result<(), ClientError> {
        self.send(&outgoing(sender, Recipients::User(user.clone()), payload)).await.map(|_| ())
    }

    /// Sends a text to one user.
    ///
    /// `POST /message/operation/send.json`, 发送消息 · 文本消息.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] for a limit that is not kept, or any other [`ClientError`].
    pub async fn text(&self, sender: &AccountId, user: &UserId, text: &str) -> Result<(), ClientError> {
        self.to_user(sender, user, &Payload::text(text)).await
    }

    /// Sends to several users, each 100 of them in one call, one call after the other.
    ///
    /// `POST /message/batchsend.json` for text and news, 批量发送文本消息 and 批量发送图文消息;
    /// `POST /message/operation/batchsend.json` for the rest, 批量发送图片消息 and 批量发送语音消息.
    ///
    /// # Errors
    ///
    /// [`BatchError`]: which users are done, which failed and why, and which were not tried.
    pub async fn to_users(
        &self,
        sender: &AccountId,
        users: &[UserId],
        payload: &Payload,
    ) -> Result<(), BatchError> {
        for batch in split(users.len(), limits::RECIPIENTS) {
            let recipients = Recipients::Users(users[batch.clone()].to_vec());
            self.send(&outgoing(sender, recipients, payload))
                .await
                .map_err(|cause| BatchError::new(users.len(), batch, cause))?;
        }
        Ok(())
    }

    /// Sends to all followers of an account; the platform allows one such message a day.
    ///
    /// `POST /message/operation/sendall.json`, 群发消息; uploads go through
    /// `POST /message/sendall.json`, 群发消息-使用已上传素材发送.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] for a limit that is not kept, or any other [`ClientError`].
    pub async fn to_followers(
        &self,
        sender: &AccountId,
        payload: &Payload,
    ) -> Result<Sent, ClientError> {
        self.send(&outgoing(sender, Recipients::Followers, payload)).await
    }

    /// Sends `outgoing` through the calls for uploads, which take some other payloads as well.
    ///
    /// `POST /message/send.json`, 发送消息-使用已上传素材发送, also for text and news to one user;
    /// `POST /message/sendall.json`, 群发消息-使用已上传素材发送, also for text to all followers.
    /// [`send`](Self::send) does the same for a deployment that offers all calls.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] for a limit that is not kept, [`ClientError::NotOffered`] where no call fits, or any other
    /// [`ClientError`].
    pub async fn send_stored(&self, outgoing: &Outgoing) -> Result<Sent, ClientError> {
        self.call(choose_stored_call(&outgoing.recipients, &outgoing.payload)?, outgoing).await
    }

    async fn call(&self, call: MessageCall, outgoing: &Outgoing) -> Result<Sent, ClientError> {
        outgoing.payload.check()?;
        if let Recipients::Users(users) = &outgoing.recipients {
            Limit::RECIPIENTS.check(users.len())?;
        }
        let body = Body::new(self.client.app(), outgoing, call.has_filter);
        let answer: CodeAnswer = self.client.post_json(call.path, &body).await?;
        Ok(Sent { id: answer.msg_id })
    }
}

fn outgoing(sender: &AccountId, recipients: Recipients, payload: &Payload) -> Outgoing {
    Outgoing { sender: sender.clone(), recipients, payload: payload.clone() }
}

/// The body of the message calls.
#[derive(Serialize)]
struct Body<'a> {
    fromuser: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    touser: Option<ToUser>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<Filter>,
    msgtype: &'static str,
    #[serde(flatten)]
    payload: &'a Payload,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ToUser {
    One(String),
    Many(Vec<String>),
}

#[derive(Serialize)]
struct Filter {
    is_to_all: bool,
}

impl<'a> Body<'a> {
    fn new(app: &AppKey, outgoing: &'a Outgoing, has_filter: bool) -> Self {
        let at_app = |id: &str| format!("{id}@{app}");
        Self {
            fromuser: at_app(outgoing.sender.as_str()),
            touser: match &outgoing.recipients {
                Recipients::User(user) => Some(ToUser::One(at_app(user.as_str()))),
                Recipients::Users(users) => {
                    Some(ToUser::Many(users.iter().map(|user| at_app(user.as_str())).collect()))
                }
                Recipients::Followers => None,
            },
            filter: has_filter.then_some(Filter { is_to_all: true }),
            msgtype: outgoing.payload.msgtype(),
            payload: &outgoing.payload,
        }
    }
}
