//! Sending messages through the portal: to users, and to all followers.

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Value, json};

use super::{
    api::Portal,
    content::{Card, MassMessage, Message},
};
use crate::{
    http::{error::ClientError, request::Request},
    ids::{AccountId, UserId},
    protocol::{Limit, Outgoing, Payload, Recipients},
};

/// Sending messages through the portal; the public account is the document's `channelId`.
///
/// # Examples
///
/// ```no_run
/// # use rongcloud_callback::{client::ClientError, portal::Portal};
/// use rongcloud_callback::portal::{Card, Links, MassMessage, Message};
///
/// # async fn example(portal: Portal) -> Result<(), ClientError> {
/// let card = Card {
///     title: "Open day".into(),
///     description: "Next Saturday".into(),
///     links: Links::both("https://example.com/open-day"),
///     picture_url: "https://example.com/open-day.jpg".into(),
/// };
/// portal.messages().to_users(&"news".into(), &["u1".into()], &Message::News(vec![card]), None).await?;
/// portal.messages().to_all(&"news".into(), &MassMessage::Text("Open day!".into())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Messages<'a> {
    portal: &'a Portal,
}

/// The user that a message seems to come from (`userinfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persona {
    /// The user's id.
    pub id: UserId,
    /// The name shown.
    pub name: String,
    /// The address of the picture shown.
    #[serde(rename = "headimgurl")]
    pub picture_url: String,
}

impl Portal {
    /// Sending messages (发送消息, 群发消息).
    pub fn messages(&self) -> Messages<'_> {
        Messages { portal: self }
    }

    /// Sends a message that was made for the platform's own API, so that replies can go either way.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotOffered`], which is permanent, for what the portal cannot carry: pictures and
    /// recordings by URL, cards without a link, without a text or to all followers, articles to single users. Else
    /// any other [`ClientError`].
    pub async fn send(&self, outgoing: &Outgoing) -> Result<(), ClientError> {
        let (channel, payload) = (&outgoing.sender, &outgoing.payload);
        let users = match &outgoing.recipients {
            Recipients::Followers => {
                return self.messages().to_all(channel, &MassMessage::try_from(payload)?).await;
            }
            Recipients::User(user) => std::slice::from_ref(user),
            Recipients::Users(users) => users,
        };
        self.messages().to_users(channel, users, &Message::try_from(payload)?, None).await
    }
}

impl Messages<'_> {
    /// Sends to users, all in one call.
    ///
    /// `POST …/send`, 发送文本消息, 发送图片消息, 发送语音消息, 发送图文消息.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] for a limit that is not kept, [`ClientError::NotOffered`] for a user id with a comma (which
    /// would be two users), or any other [`ClientError`].
    pub async fn to_users(
        &self,
        channel: &AccountId,
        users: &[UserId],
        message: &Message,
        persona: Option<&Persona>,
    ) -> Result<(), ClientError> {
        let mut body = message_body(message)?;
        body["channelId"] = json!(channel);
        body["toUserId"] = json!(join(users)?);
        if let Some(persona) = persona {
            body["userinfo"] = json!(persona);
        }
        let request = Request::post("/push/send").with_json(&body)?;
        self.portal.call(&request).await.map(|_: IgnoredAny| ())
    }

    /// Sends to all followers of a public account.
    ///
    /// `POST …/mass/send`, 群发文本消息, 群发图片消息, 群发语音消息, 群发图文消息.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] for a limit that is not kept, or any other [`ClientError`].
    pub async fn to_all(&self, channel: &AccountId, message: &MassMessage) -> Result<(), ClientError> {
        let payload = Payload::from(message);
        let mut body = payload_body(&payload)?;
        body["channelId"] = json!(channel);
        body["filter"] = json!({ "is_to_all": true });
        let request = Request::post("/push/mass/send").with_json(&body)?;
        self.portal.call(&request).await.map(|_: IgnoredAny| ())
    }
}

/// The body for a message to users, with cards in the portal's form.
fn message_body(message: &Message) -> Result<Value, ClientError> {
    let mut body = payload_body(&Payload::from(message))?;
    if let Message::News(cards) = message {
        cards.iter().try_for_each(Card::check)?;
        body["news"]["articles"] = json!(cards);
    }
    Ok(body)
}

/// The body for a payload that keeps the limits: `"msgtype"` and what belongs to it.
fn payload_body(payload: &Payload) -> Result<Value, ClientError> {
    payload.check()?;
    let mut body = json!(payload);
    body["msgtype"] = json!(payload.msgtype());
    Ok(body)
}

fn join(users: &[UserId]) -> Result<String, ClientError> {
    Limit::count("number of users", usize::MAX, "").check(users.len())?;
    if let Some(user) = users.iter().find(|user| user.as_str().contains(',')) {
        let why = format!("the portal separates users by commas, and the id {user} has one");
        return Err(ClientError::NotOffered(why));
    }
    Ok(users.iter().map(UserId::as_str).collect::<Vec<_>>().join(","))
}
