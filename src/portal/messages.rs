//! Sending messages through the portal: to users, and to all followers.

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Value, json};

use super::{Card, MassMessage, Message, Portal};
use crate::{
    client::ClientError,
    ids::{AccountId, UserId},
    protocol::{Limit, Payload},
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

/// Who a message seems to come from (`userinfo`).
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

impl<'a> Messages<'a> {
    pub(super) fn new(portal: &'a Portal) -> Self {
        Self { portal }
    }

    /// Sends to users, all in one call.
    ///
    /// `POST …/send`, 发送文本消息, 发送图片消息, 发送语音消息, 发送图文消息.
    ///
    /// # Errors
    ///
    /// A limit, a user id with a comma (which would be two users), or what went wrong on the way.
    pub async fn to_users(
        &self,
        channel: &AccountId,
        users: &[UserId],
        message: &Message,
        persona: Option<&Persona>,
    ) -> Result<(), ClientError> {
        let mut body = message.body()?;
        body["channelId"] = json!(channel);
        body["toUserId"] = json!(join(users)?);
        if let Some(persona) = persona {
            body["userinfo"] = json!(persona);
        }
        self.portal.post("/push/send", |request| request.json(&body)).await.map(|_: IgnoredAny| ())
    }

    /// Sends to all followers of a public account.
    ///
    /// `POST …/mass/send`, 群发文本消息, 群发图片消息, 群发语音消息, 群发图文消息.
    ///
    /// # Errors
    ///
    /// A limit, or what went wrong on the way.
    pub async fn to_all(&self, channel: &AccountId, message: &MassMessage) -> Result<(), ClientError> {
        let payload = Payload::from(message);
        let mut body = body(&payload)?;
        body["channelId"] = json!(channel);
        body["filter"] = json!({ "is_to_all": true });
        self.portal.post("/push/mass/send", |request| request.json(&body)).await.map(|_: IgnoredAny| ())
    }
}

impl Message {
    fn body(&self) -> Result<Value, ClientError> {
        let mut body = body(&Payload::from(self))?;
        if let Self::News(cards) = self {
            cards.iter().try_for_each(Card::check)?;
            body["news"]["articles"] = json!(cards);
        }
        Ok(body)
    }
}

/// `"msgtype"` and what belongs to it, once the limits are kept.
fn body(payload: &Payload) -> Result<Value, ClientError> {
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
