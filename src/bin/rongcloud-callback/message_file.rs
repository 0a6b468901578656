//! The message in a file, as the documents write its body: with or without its sender and recipients.

use rongcloud_callback::{
    Payload, Source,
    ids::UserId,
    portal::{Message, Persona},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{
    api::Api,
    articles,
    document::Document,
    failure::Failure,
    input,
    prepared_message::{Parties, PreparedMessage},
};

/// The kinds of messages (`msgtype`), each with its fields.
const KINDS: [(&str, &[&str]); 5] = [
    ("text", &["content"]),
    ("image", &["url", "media_id"]),
    ("voice", &["url", "media_id"]),
    ("news", &["articles"]),
    ("mpnews", &["media_id"]),
];

impl Document<'_> {
    /// Reads a message of any kind.
    pub(crate) fn read(&self) -> Result<PreparedMessage, Failure> {
        self.prepare(input::read_json(self.path, self.hint)?)
    }

    /// Reads a news message: a whole body, its `news`, or the list of its cards.
    pub(crate) fn read_news(mut self) -> Result<PreparedMessage, Failure> {
        self.hint = self.api.news_hint();
        let prepared = match input::read_json(self.path, self.hint)? {
            list @ Value::Array(_) => self.prepare(json!({ "news": { "articles": list } }))?,
            news if news.get("articles").is_some() => self.prepare(json!({ "news": news }))?,
            body => self.prepare(body)?,
        };
        match prepared.payload.msgtype() {
            "news" => Ok(prepared),
            other => Err(self.content_error(format!("it holds {other}, not news"))),
        }
    }

    /// Reads a body.
    fn prepare(&self, body: Value) -> Result<PreparedMessage, Failure> {
        let Value::Object(mut body) = body else {
            return Err(self.content_error("it is no JSON object"));
        };
        let parties = match self.api {
            Api::Platform => self.platform_parties(&mut body)?,
            Api::Portal => self.portal_parties(&mut body)?,
        };
        let persona = match body.remove("userinfo") {
            Some(userinfo) if self.api == Api::Portal => Some(self.persona(userinfo)?),
            Some(_) => return Err(self.other_api_error("userinfo")),
            None => None,
        };
        let (kind, content) = self.content(body)?;
        let prepared = match (kind, self.api) {
            ("news", Api::Platform) => Payload::news(articles::read_for_platform(content, self)?).into(),
            ("news", Api::Portal) => Message::News(articles::read_for_portal(content, self)?).into(),
            _ => {
                let payload: Payload = self.parse(json!({ kind: content }))?;
                self.check_url("url", source_url(&payload))?;
                PreparedMessage::from(payload)
            }
        };
        Ok(PreparedMessage { persona, parties, ..prepared })
    }

    /// Takes the sender and the recipients out of a body for the platform's API.
    fn platform_parties(&self, body: &mut Map<String, Value>) -> Result<Parties, Failure> {
        if let Some(field) =
            ["channelId", "toUserId"].into_iter().find(|field| body.contains_key(*field))
        {
            return Err(self.other_api_error(field));
        }
        let sender: Option<String> = self.take(body, "fromuser")?;
        let users: Vec<String> = match body.remove("touser") {
            None => Vec::new(),
            Some(Value::String(one)) => vec![one],
            Some(several) => serde_json::from_value(several)
                .map_err(|_| self.content_error("its touser is neither a user nor a list of users"))?,
        };
        let users = users.iter().map(|user| self.id_of_app("touser", user).map(UserId::from));
        let users = users.collect::<Result<_, _>>()?;
        let sender = match &sender {
            Some(sender) => Some(self.id_of_app("fromuser", sender)?.into()),
            None => None,
        };
        Ok(Parties { sender, users, to_all: self.take_filter(body)? })
    }

    /// Takes the sender and the recipients out of a body for the portal.
    fn portal_parties(&self, body: &mut Map<String, Value>) -> Result<Parties, Failure> {
        if let Some(field) = ["fromuser", "touser"].into_iter().find(|field| body.contains_key(*field)) {
            return Err(self.other_api_error(field));
        }
        let users: Option<String> = self.take(body, "toUserId")?;
        let users = users.iter().flat_map(|users| users.split(',')).map(UserId::from).collect();
        Ok(Parties { sender: self.take(body, "channelId")?, users, to_all: self.take_filter(body)? })
    }

    /// The id in `ID@APP`, the platform's form of an account and of a user.
    fn id_of_app<'v>(&self, field: &str, value: &'v str) -> Result<&'v str, Failure> {
        match value.rsplit_once('@') {
            Some((id, app)) if app == self.app.as_str() => Ok(id),
            Some((_, app)) => Err(self.content_error(format!(
                "its {field} {value} is of the app {app}, and this is sent for the app {}",
                self.app
            ))),
            None => Ok(value),
        }
    }

    /// Takes `filter` out of a body; returns whether the message is for all followers, the only choice that it has.
    fn take_filter(&self, body: &mut Map<String, Value>) -> Result<bool, Failure> {
        let Some(filter) = body.remove("filter") else { return Ok(false) };
        match (filter.get("is_to_all"), filter.as_object().map(Map::len)) {
            (None, Some(0)) | (Some(Value::Bool(true)), Some(1)) => Ok(true),
            // The table in the portal's document has a string here.
            (Some(Value::String(text)), Some(1)) if text == "true" => Ok(true),
            _ => Err(self.content_error(format!(
                "its filter is {filter}, and only {{\"is_to_all\":true}} can be sent"
            ))),
        }
    }

    /// Reads the seeming sender of a message through the portal.
    fn persona(&self, userinfo: Value) -> Result<Persona, Failure> {
        self.check_fields("userinfo", &userinfo, &["id", "name", "headimgurl"])?;
        let persona: Persona = self.parse(userinfo)?;
        self.check_url("headimgurl", &persona.picture_url)?;
        Ok(persona)
    }

    /// Takes the content out of a body, and its kind, which must be the one that `msgtype` names.
    fn content(&self, mut body: Map<String, Value>) -> Result<(&'static str, Value), Failure> {
        let named: Option<String> = self.take(&mut body, "msgtype")?;
        let mut found =
            KINDS.into_iter().filter_map(|(kind, fields)| Some((kind, fields, body.remove(kind)?)));
        let first = found.next();
        let second = found.next();
        drop(found);
        if let Some(field) = body.keys().next() {
            return Err(self.content_error(format!("its field {field} is none that can be sent")));
        }
        match (first, second, named) {
            (Some((one, ..)), Some((other, ..)), _) => {
                Err(self.content_error(format!("it holds {one} and {other}: a message is of one kind")))
            }
            (Some((kind, ..)), _, Some(named)) if named != kind => {
                Err(self.content_error(format!("its msgtype is {named}, and it holds {kind}")))
            }
            (None, _, Some(named)) => {
                Err(self.content_error(format!("its msgtype is {named}, which it does not hold")))
            }
            (None, _, None) => Err(self.content_error("it holds no message")),
            (Some((kind, fields, content)), None, _) => {
                self.check_fields(kind, &content, fields)?;
                Ok((kind, content))
            }
        }
    }

    /// Takes a field out of a body.
    fn take<T: DeserializeOwned>(
        &self,
        body: &mut Map<String, Value>,
        field: &str,
    ) -> Result<Option<T>, Failure> {
        body.remove(field)
            .map(|value| {
                serde_json::from_value(value)
                    .map_err(|error| self.content_error(format!("its {field}: {error}")))
            })
            .transpose()
    }
}

/// The address of a picture or a recording, if the message names one.
fn source_url(payload: &Payload) -> &str {
    match payload {
        Payload::Image(Source::Url(url)) | Payload::Voice(Source::Url(url)) => url,
        _ => "",
    }
}
