//! Inbound messages and events: one callback's body, read into types.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Event, Message, ParseError, UnknownEvent,
    xml::{Elements, Fields},
};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, AppKey, MessageId, UserId},
};

/// The character between the ids of a key. XML cannot carry it and the configuration refuses it, so no id contains it.
const SEPARATOR: &str = "\u{1f}";

/// The name of the event that `check --url` sends to ask a server whether it would accept messages.
const PROBE: &str = "rongcloud-callback.probe";

/// One message or event of a user to a public account.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::protocol::{Content, Inbound, Message, Text, parse};
///
/// let text = Message::Text(Text { content: "hi".into() });
/// let inbound = Inbound::new("account", "user", 134_223_445_860, Content::Message(text)).with_message_id("id");
/// assert_eq!(parse(inbound.to_xml().as_bytes()), Ok(inbound));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Inbound {
    /// The public account that the user wrote to (`ToUserName`).
    pub account: AccountId,
    /// The user who wrote (`FromUserName`).
    pub user: UserId,
    /// The time at which the platform made the message (`CreateTime`), as received: the unit is not documented.
    ///
    /// `None` where the element is missing or no whole number; the text of the latter stays in `extra`.
    pub create_time: Option<i64>,
    /// The platform's id of the message (`MsgId`); events have none.
    pub message_id: Option<MessageId>,
    /// The message or event itself.
    pub content: Content,
    /// Elements that no other field holds, in the order of the message.
    pub extra: Fields,
}

/// The content of an inbound body: a message or an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A message: `MsgType` other than `event`.
    Message(Message),
    /// An event: `MsgType` = `event`.
    Event(Event),
}

/// One user with one public account of one app: the messages of a conversation are handled one at a time and in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conversation {
    /// The app.
    pub app: AppKey,
    /// The public account.
    pub account: AccountId,
    /// The user.
    pub user: UserId,
}

/// Reads one callback's body.
///
/// Ids, numbers, URLs and kinds are read without the white space around them; what a user wrote is kept as it is.
/// Names of elements are exact, but for `MsgId`, which the documents also spell `MsgID`. An unknown `MsgType` or
/// `Event` is a value, not an error.
///
/// # Errors
///
/// The first mistake in the body, with its offset.
pub fn parse(body: &[u8]) -> Result<Inbound, ParseError> {
    let mut elements = Elements::read(body)?;
    let account = elements.id("ToUserName")?;
    let user = elements.id("FromUserName")?;
    let create_time = elements.optional_integer("CreateTime");
    let msg_type = elements.id("MsgType")?;
    let message_id = elements.optional_id("MsgId", "MsgID")?;
    let content = match &*msg_type {
        "event" => Content::Event(Event::take(&mut elements)?),
        _ => Content::Message(Message::take(msg_type, &mut elements)?),
    };
    Ok(Inbound {
        account: account.into_owned().into(),
        user: user.into_owned().into(),
        create_time,
        message_id: message_id.map(|id| id.into_owned().into()),
        content,
        extra: elements.rest(),
    })
}

impl Inbound {
    /// A message or an event without a `MsgId`; `create_time` may be a number, `None`, or an option.
    pub fn new(
        account: impl Into<AccountId>,
        user: impl Into<UserId>,
        create_time: impl Into<Option<i64>>,
        content: Content,
    ) -> Self {
        let (account, user, create_time) = (account.into(), user.into(), create_time.into());
        Self { account, user, create_time, message_id: None, content, extra: Fields::default() }
    }

    /// Sets the `MsgId`.
    #[must_use]
    pub fn with_message_id(mut self, id: impl Into<MessageId>) -> Self {
        self.message_id = Some(id.into());
        self
    }

    /// The event that `check --url` sends: a server recognises it, answers, and hands it to no handler.
    pub fn probe(now: UnixMillis) -> Self {
        let event = Event::Unknown(UnknownEvent { event: PROBE.to_owned(), fields: Fields::default() });
        Self::new("rongcloud-callback", "probe", now.0, Content::Event(event))
    }

    /// Whether this is a [`probe`](Self::probe).
    pub fn is_probe(&self) -> bool {
        matches!(&self.content, Content::Event(Event::Unknown(unknown)) if unknown.event == PROBE)
    }

    /// The kind in one word for lists and metrics: `text`, `subscribe`, …
    ///
    /// `unknown` for other messages, `unknown_event` for other events.
    pub fn kind(&self) -> &'static str {
        match &self.content {
            Content::Message(message) => message.kind(),
            Content::Event(event) => event.kind(),
        }
    }

    /// The conversation that this belongs to in `app`.
    pub fn conversation(&self, app: &AppKey) -> Conversation {
        Conversation { app: app.clone(), account: self.account.clone(), user: self.user.clone() }
    }

    /// The conversation that this belongs to in `app`, in the form of [`Conversation::encode`].
    pub fn conversation_key(&self, app: &AppKey) -> String {
        conversation_key(app, &self.account, &self.user)
    }

    /// The duplicate key: two deliveries in `app` with the same key are the same message.
    ///
    /// The key has `MsgId`, app, account and user; without a `MsgId` a digest of all elements, as two different events of a user
    /// may share a second. No `MsgId` can look like a digest. The `MsgId` comes first because the platform's ids
    /// begin with the time: keys of one moment are then neighbours, and a store's index of them grows at one end.
    pub fn dedup_key(&self, app: &AppKey) -> String {
        let (tag, id) = match &self.message_id {
            Some(id) => ("id", Cow::Borrowed(id.as_str())),
            None => ("sha256", Cow::Owned(digest(&self.fields()))),
        };
        [tag, &id, app.as_str(), self.account.as_str(), self.user.as_str()].join(SEPARATOR)
    }

    /// The body that the platform would send, but well-formed.
    ///
    /// [`parse`] reads it back to the same value, if it is one that `parse` could have made.
    pub fn to_xml(&self) -> String {
        self.fields().to_xml()
    }

    /// The body exactly as the platform's documents print it: `<MsgId>…</MsgID>`.
    pub fn to_documented_xml(&self) -> String {
        self.fields().to_documented_xml()
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.push("ToUserName", self.account.as_str());
        fields.push("FromUserName", self.user.as_str());
        if let Some(create_time) = self.create_time {
            fields.push("CreateTime", create_time.to_string());
        }
        match &self.content {
            Content::Message(message) => message.write(&mut fields),
            Content::Event(event) => event.write(&mut fields),
        }
        if let Some(id) = &self.message_id {
            fields.push("MsgId", id.as_str());
        }
        fields.extend(&self.extra);
        fields
    }
}

/// The SHA-256 of all elements in hex. Each text follows its length, so that different elements never give the same bytes.
fn digest(fields: &Fields) -> String {
    let mut digest = Sha256::new();
    for text in fields.iter().flat_map(<[&str; 2]>::from) {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    hex::encode(digest.finalize())
}

fn conversation_key(app: &AppKey, account: &AccountId, user: &UserId) -> String {
    [app.as_str(), account.as_str(), user.as_str()].join(SEPARATOR)
}

impl Conversation {
    /// The key of this conversation in the journal; [`decode`](Self::decode) reads it.
    pub fn encode(&self) -> String {
        conversation_key(&self.app, &self.account, &self.user)
    }

    /// The beginning, a middle part and the end that the keys of all matching conversations have; each may be empty.
    ///
    /// A journal looks up the entries of an app, an account or a user by it, whichever of them is known.
    pub fn key_pattern(
        app: Option<&AppKey>,
        account: Option<&AccountId>,
        user: Option<&UserId>,
    ) -> [String; 3] {
        let begins = match (app, account) {
            (Some(app), Some(account)) => format!("{app}{SEPARATOR}{account}{SEPARATOR}"),
            (Some(app), None) => format!("{app}{SEPARATOR}"),
            (None, _) => String::new(),
        };
        // With exactly two separators in a key, what stands between two of them is the account.
        let contains = match (app, account) {
            (None, Some(account)) => format!("{SEPARATOR}{account}{SEPARATOR}"),
            _ => String::new(),
        };
        [begins, contains, user.map_or_else(String::new, |user| format!("{SEPARATOR}{user}"))]
    }

    /// Reads a key that [`encode`](Self::encode) wrote.
    pub fn decode(encoded: &str) -> Option<Self> {
        let mut parts = encoded.split(SEPARATOR);
        let (app, account, user) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = Self { app: app.into(), account: account.into(), user: user.into() };
        parts.next().is_none().then_some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Location, xml::XmlError};

    fn body(elements: &str) -> String {
        format!(
            "<xml><ToUserName>mc</ToUserName><FromUserName><![CDATA[u]]></FromUserName>\
             <CreateTime>134223445860</CreateTime>{elements}</xml>"
        )
    }

    fn text(elements: &str) -> Result<Inbound, ParseError> {
        parse(body(&format!("<MsgType>text</MsgType>{elements}")).as_bytes())
    }

    fn error(elements: &str) -> String {
        parse(body(elements).as_bytes()).unwrap_err().to_string()
    }

    fn key(inbound: &Inbound) -> String {
        inbound.dedup_key(&"app".into())
    }

    #[test]
    fn a_text_keeps_its_white_space_and_ids_lose_theirs() {
        let inbound = text("<Content> a\n</Content> <MsgId>\n x </MsgID> <Extra> e </Extra>").unwrap();
        let expected = Message::Text(crate::protocol::Text { content: " a\n".into() });
        assert_eq!(inbound.content, Content::Message(expected));
        assert_eq!(inbound.message_id, Some("x".into()));
        assert_eq!(inbound.extra, Fields::from_iter([("Extra", " e ")]));
    }

    #[test]
    fn a_message_id_may_be_spelt_either_way_be_empty_or_missing_but_not_be_there_twice() {
        let id = |elements: &str| text(elements).map(|inbound| inbound.message_id);
        for spelling in ["<MsgId>x</MsgID>", "<MsgId>x</MsgId>", "<MsgID>x</MsgID>", "<MsgID>x</msgid>"]
        {
            assert_eq!(id(&format!("<Content/>{spelling}")), Ok(Some("x".into())), "{spelling}");
        }
        for none in ["<Content/>", "<Content/><MsgId/>", "<Content/><MsgId> </MsgId>"] {
            assert_eq!(id(none), Ok(None), "{none}");
        }
        let twice = id("<Content/><MsgId>x</MsgId><MsgID>x</MsgID>");
        assert!(matches!(twice, Err(ParseError::Xml(XmlError::Repeated { .. }))), "{twice:?}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(error(""), "the element <MsgType> is missing");
        assert_eq!(error("<MsgType>text</MsgType>"), "the element <Content> is missing");
        assert_eq!(error("<MsgType> </MsgType>"), "the element <MsgType> at byte 111 is empty");
        let twice = "<MsgType>text</MsgType><Content/><Content/>";
        assert_eq!(error(twice), "not an XML message: the element <Content> is repeated at byte 144");
        let nowhere =
            "<MsgType>location</MsgType><Location_X>NaN</Location_X><Location_Y>1</Location_Y>";
        assert_eq!(error(nowhere), "the element <Location_X> at byte 138 is not a number");
        assert_eq!(
            error("<MsgType>text</MsgTyp>"),
            "not an XML message: an end tag that does not match its start tag at byte 124 in <MsgType>"
        );
    }

    #[test]
    fn a_time_that_is_no_whole_number_is_kept_as_it_came() {
        let whole = body("<MsgType>text</MsgType><Content>a</Content><More>b</More>");
        let more = ("More", "b");
        for (written, create_time, kept) in [
            (" -1 ", Some(-1), None),
            ("+7", Some(7), None),
            ("9223372036854775807", Some(i64::MAX), None),
            ("9223372036854775808", None, Some("9223372036854775808")),
            ("1700000000.123", None, Some("1700000000.123")),
            ("2026-11-28 10:00:00", None, Some("2026-11-28 10:00:00")),
            (" ", None, Some(" ")),
        ] {
            let inbound = parse(whole.replace("134223445860", written).as_bytes()).unwrap();
            assert_eq!(inbound.create_time, create_time, "{written:?}");
            let extra = kept.map(|text| ("CreateTime", text)).into_iter().chain([more]).collect();
            assert_eq!(inbound.extra, extra, "{written:?}");
            assert_eq!(parse(inbound.to_xml().as_bytes()), Ok(inbound), "{written:?}");
        }
        let missing = whole.replace("<CreateTime>134223445860</CreateTime>", "");
        let missing = parse(missing.as_bytes()).unwrap();
        assert_eq!((missing.create_time, &missing.extra), (None, &Fields::from_iter([more])));
        assert_eq!(parse(missing.to_xml().as_bytes()), Ok(missing));
    }

    #[test]
    fn two_events_that_differ_in_an_unreadable_time_are_two() {
        let at = |time: &str| {
            let event = body("<MsgType>event</MsgType><Event>subscribe</Event>");
            key(&parse(event.replace("134223445860", time).as_bytes()).unwrap())
        };
        assert_eq!(at("10:00:00"), at("10:00:00"));
        assert_ne!(at("10:00:00"), at("10:00:01"));
    }

    #[test]
    fn what_merely_describes_may_be_missing() {
        let parsed = |elements: &str| parse(body(elements).as_bytes()).unwrap().content;
        let place =
            "<MsgType>location</MsgType><Location_X> 15.501 </Location_X><Location_Y>-1e2</Location_Y>";
        let expected = Location { latitude: 15.501, longitude: -100.0, label: String::new() };
        assert_eq!(parsed(place), Content::Message(Message::Location(expected)));
        parsed("<MsgType>voice</MsgType><VoiceUrl>u</VoiceUrl>");
        parsed("<MsgType>imgtxt</MsgType><Url>u</Url>");
    }

    #[test]
    fn unknown_kinds_are_values_with_all_their_elements() {
        let unknown = "<A>1</A><MsgId>x</MsgId><a2>2</a2><B><c>3</c></B>";
        let message = parse(body(&format!("<MsgType>file</MsgType>{unknown}")).as_bytes()).unwrap();
        let event =
            parse(body(&format!("<MsgType>event</MsgType><Event>scan</Event>{unknown}")).as_bytes())
                .unwrap();
        let expected = Fields::from_iter([("A", "1"), ("a2", "2"), ("B", "<c>3</c>")]);
        let Content::Message(Message::Unknown(file)) = &message.content else { panic!("{message:?}") };
        assert_eq!((file.msg_type.as_str(), &file.fields), ("file", &expected));
        let Content::Event(Event::Unknown(scan)) = &event.content else { panic!("{event:?}") };
        assert_eq!((scan.event.as_str(), &scan.fields), ("scan", &expected));
        assert_eq!((message.kind(), event.kind()), ("unknown", "unknown_event"));
        for inbound in [message, event] {
            assert_eq!(parse(inbound.to_xml().as_bytes()).as_ref(), Ok(&inbound));
            let json = serde_json::to_string(&inbound).unwrap();
            assert_eq!(serde_json::from_str::<Inbound>(&json).unwrap(), inbound);
        }
    }

    #[test]
    fn a_message_is_the_same_by_its_id_and_an_event_by_all_its_elements() {
        let id = text("<Content>a</Content><MsgId>7</MsgId>").unwrap();
        assert_eq!(key(&id), "id\u{1f}7\u{1f}app\u{1f}mc\u{1f}u");
        assert_eq!(key(&id), key(&text("<Content>b</Content><MsgId>7</MsgId>").unwrap()));
        let event = parse(body("<MsgType>event</MsgType><Event>subscribe</Event>").as_bytes()).unwrap();
        let other =
            parse(body("<MsgType>event</MsgType><Event>unsubscribe</Event>").as_bytes()).unwrap();
        assert_eq!(key(&event), key(&event.clone()));
        assert_ne!(key(&event), key(&other));
        assert_ne!(key(&event), key(&event.clone().with_message_id(digest(&event.fields()))));
        assert_ne!(event.dedup_key(&"app2".into()), key(&event));
        let shifted = |extra| {
            let elements = format!("<MsgType>event</MsgType><Event>scan</Event>{extra}");
            key(&parse(body(&elements).as_bytes()).unwrap())
        };
        assert_ne!(shifted("<A>BC</A>"), shifted("<AB>C</AB>"));
    }

    #[test]
    fn a_conversation_is_read_back_from_its_key() {
        let conversation = text("<Content/>").unwrap().conversation(&"app".into());
        assert_eq!(Conversation::decode(&conversation.encode()), Some(conversation));
        for other in ["", "a", "a\u{1f}b", "a\u{1f}b\u{1f}c\u{1f}d"] {
            assert_eq!(Conversation::decode(other), None);
        }
    }

    #[test]
    fn a_probe_is_recognised_after_its_journey() {
        let probe = Inbound::probe(UnixMillis(1_408_706_337_000));
        assert!(parse(probe.to_xml().as_bytes()).unwrap().is_probe());
        assert!(!text("<Content>rongcloud-callback.probe</Content>").unwrap().is_probe());
    }
}
