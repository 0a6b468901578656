//! A message in a file, as the documents write its body: of one kind, with whom it is from and for beside it, or without.

use std::path::Path;

use rongcloud_callback::{
    Payload,
    ids::{AccountId, AppKey, UserId},
    portal::{Message, Persona},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{
    articles::{self, Api},
    calls,
    content::Prepared,
    failure::Failure,
};

const PLATFORM: &str = r#"write the document's {"fromuser":"…","touser":"…","msgtype":"text","text":{"content":"…"}}, of any msgtype, or its last part only"#;
const PORTAL: &str = r#"write the document's {"channelId":"…","toUserId":"…","msgtype":"text","text":{"content":"…"},"userinfo":{"id":"…","name":"…","headimgurl":"…"}}, of any msgtype, or the part that is named after its msgtype only"#;

/// Each kind of message (`msgtype`), and what belongs to it.
const KINDS: [(&str, &[&str]); 5] = [
    ("text", &["content"]),
    ("image", &["url", "media_id"]),
    ("voice", &["url", "media_id"]),
    ("news", &["articles"]),
    ("mpnews", &["media_id"]),
];

/// Whom a file's body is from and for, as far as it says so.
#[derive(Debug, Default)]
pub(crate) struct Parties {
    /// The public account that sends it (`fromuser`, `channelId`).
    pub(crate) sender: Option<AccountId>,
    /// The users who get it (`touser`, `toUserId`); empty if it does not say.
    pub(crate) users: Vec<UserId>,
    /// Whether it is for all followers (`filter`).
    pub(crate) to_all: bool,
}

/// Where a body is from, for what is said about it.
pub(crate) struct Document<'a> {
    path: &'a Path,
    pub(crate) api: Api,
    /// The app that it is sent for.
    app: &'a AppKey,
    /// How to write it.
    shape: &'static str,
}

impl<'a> Document<'a> {
    /// A body in the file at `path`, to be sent through `api` for `app`.
    pub(crate) fn new(path: &'a Path, api: Api, app: &'a AppKey) -> Self {
        let shape = match api {
            Api::Platform => PLATFORM,
            Api::Portal => PORTAL,
        };
        Self { path, api, app, shape }
    }

    /// Reads a body of any kind.
    pub(crate) fn read(&self) -> Result<Prepared, Failure> {
        self.prepare(calls::read_json(self.path, self.shape)?)
    }

    /// Reads cards: a whole body, its `news`, or the list in it.
    pub(crate) fn read_news(mut self) -> Result<Prepared, Failure> {
        self.shape = self.api.news();
        let prepared = match calls::read_json(self.path, self.shape)? {
            list @ Value::Array(_) => self.prepare(json!({ "news": { "articles": list } }))?,
            news if news.get("articles").is_some() => self.prepare(json!({ "news": news }))?,
            body => self.prepare(body)?,
        };
        match prepared.payload.msgtype() {
            "news" => Ok(prepared),
            other => Err(self.refused(format!("it holds {other}, not news"))),
        }
    }

    fn prepare(&self, body: Value) -> Result<Prepared, Failure> {
        let Value::Object(mut body) = body else {
            return Err(self.refused("it is no JSON object"));
        };
        let parties = match self.api {
            Api::Platform => self.platform_parties(&mut body)?,
            Api::Portal => self.portal_parties(&mut body)?,
        };
        let persona = match body.remove("userinfo") {
            Some(userinfo) if self.api == Api::Portal => Some(self.persona(userinfo)?),
            Some(_) => return Err(self.of_the_other("userinfo")),
            None => None,
        };
        let (kind, content) = self.kind(body)?;
        let prepared = match (kind, self.api) {
            ("news", Api::Platform) => Payload::news(articles::platform(content, self)?).into(),
            ("news", Api::Portal) => Message::News(articles::portal(content, self)?).into(),
            _ => {
                let payload: Payload = self.parse(json!({ kind: content }))?;
                self.check_url("url", articles::source_url(&payload))?;
                Prepared::from(payload)
            }
        };
        Ok(Prepared { persona, parties, ..prepared })
    }

    fn platform_parties(&self, body: &mut Map<String, Value>) -> Result<Parties, Failure> {
        if let Some(field) =
            ["channelId", "toUserId"].into_iter().find(|field| body.contains_key(*field))
        {
            return Err(self.of_the_other(field));
        }
        let sender: Option<String> = self.take(body, "fromuser")?;
        let users: Vec<String> = match body.remove("touser") {
            None => Vec::new(),
            Some(Value::String(one)) => vec![one],
            Some(several) => serde_json::from_value(several)
                .map_err(|_| self.refused("its touser is neither a user nor a list of users"))?,
        };
        let users = users.iter().map(|user| self.id("touser", user).map(UserId::from));
        let users = users.collect::<Result<_, _>>()?;
        let sender = match &sender {
            Some(sender) => Some(self.id("fromuser", sender)?.into()),
            None => None,
        };
        Ok(Parties { sender, users, to_all: self.is_to_all(body)? })
    }

    fn portal_parties(&self, body: &mut Map<String, Value>) -> Result<Parties, Failure> {
        if let Some(field) = ["fromuser", "touser"].into_iter().find(|field| body.contains_key(*field)) {
            return Err(self.of_the_other(field));
        }
        let users: Option<String> = self.take(body, "toUserId")?;
        let users = users.iter().flat_map(|users| users.split(',')).map(UserId::from).collect();
        Ok(Parties { sender: self.take(body, "channelId")?, users, to_all: self.is_to_all(body)? })
    }

    /// The id in `ID@APP`, the platform's own form of an account and of a user.
    fn id<'v>(&self, field: &str, value: &'v str) -> Result<&'v str, Failure> {
        match value.rsplit_once('@') {
            Some((id, app)) if app == self.app.as_str() => Ok(id),
            Some((_, app)) => Err(self.refused(format!(
                "its {field} {value} is of the app {app}, and this is sent for the app {}",
                self.app
            ))),
            None => Ok(value),
        }
    }

    /// Whether the body is for all followers; the platform knows no other choice of them.
    fn is_to_all(&self, body: &mut Map<String, Value>) -> Result<bool, Failure> {
        let Some(filter) = body.remove("filter") else { return Ok(false) };
        match (filter.get("is_to_all"), filter.as_object().map(Map::len)) {
            (None, Some(0)) | (Some(Value::Bool(true)), Some(1)) => Ok(true),
            // The portal's table calls it a string.
            (Some(Value::String(text)), Some(1)) if text == "true" => Ok(true),
            _ => Err(self.refused(format!(
                "its filter is {filter}, and only {{\"is_to_all\":true}} can be sent"
            ))),
        }
    }

    fn persona(&self, userinfo: Value) -> Result<Persona, Failure> {
        self.check_fields("userinfo", &userinfo, &["id", "name", "headimgurl"])?;
        let persona: Persona = self.parse(userinfo)?;
        self.check_url("headimgurl", &persona.picture_url)?;
        Ok(persona)
    }

    /// The only kind in the body, which is the one that its `msgtype` names if it has one.
    fn kind(&self, mut body: Map<String, Value>) -> Result<(&'static str, Value), Failure> {
        let told: Option<String> = self.take(&mut body, "msgtype")?;
        let mut found =
            KINDS.into_iter().filter_map(|(kind, fields)| Some((kind, fields, body.remove(kind)?)));
        let first = found.next();
        let second = found.next();
        drop(found);
        if let Some(field) = body.keys().next() {
            return Err(self.refused(format!("its field {field} is none that can be sent")));
        }
        match (first, second, told) {
            (Some((one, ..)), Some((other, ..)), _) => {
                Err(self.refused(format!("it holds {one} and {other}: a message is of one kind")))
            }
            (Some((kind, ..)), _, Some(told)) if told != kind => {
                Err(self.refused(format!("its msgtype is {told}, and it holds {kind}")))
            }
            (None, _, Some(told)) => {
                Err(self.refused(format!("its msgtype is {told}, which it does not hold")))
            }
            (None, _, None) => Err(self.refused("it holds no message")),
            (Some((kind, fields, content)), None, _) => {
                self.check_fields(kind, &content, fields)?;
                Ok((kind, content))
            }
        }
    }

    /// Nothing that is written is left out of what is sent.
    pub(crate) fn check_fields(&self, what: &str, value: &Value, known: &[&str]) -> Result<(), Failure> {
        let fields =
            value.as_object().ok_or_else(|| self.refused(format!("its {what} is no JSON object")))?;
        let Some(field) = fields.keys().find(|field| !known.contains(&field.as_str())) else {
            return Ok(());
        };
        if self.api == Api::Platform && ["pcUrl", "appUrl", "picUrl"].contains(&field.as_str()) {
            return Err(self.of_the_other(field));
        }
        Err(self
            .refused(format!("its {what} has a field {field}, which is none of {}", known.join(", "))))
    }

    fn take<T: DeserializeOwned>(
        &self,
        body: &mut Map<String, Value>,
        field: &str,
    ) -> Result<Option<T>, Failure> {
        body.remove(field)
            .map(|value| {
                serde_json::from_value(value)
                    .map_err(|error| self.refused(format!("its {field}: {error}")))
            })
            .transpose()
    }

    /// Looks at an address in the file.
    pub(crate) fn check_url(&self, field: &str, url: &str) -> Result<(), Failure> {
        articles::check_url(field, url).map_err(|error| self.refused(error))
    }

    pub(crate) fn parse<T: DeserializeOwned>(&self, value: Value) -> Result<T, Failure> {
        serde_json::from_value(value).map_err(|error| calls::not_of_shape(error, self.path, self.shape))
    }

    /// A field that belongs to the API through which this is not sent.
    fn of_the_other(&self, field: &str) -> Failure {
        let (owner, hint) = match self.api {
            Api::Platform => ("portal's", "send it through the portal with --portal"),
            Api::Portal => ("platform's own", "send it without --portal"),
        };
        self.refused(format!("its field {field} is of the {owner} messages")).hint(hint)
    }

    pub(crate) fn refused(&self, why: impl Into<String>) -> Failure {
        calls::not_of_shape(anyhow::Error::msg(why.into()), self.path, self.shape)
    }
}
