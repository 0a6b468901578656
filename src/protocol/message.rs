//! The messages that a user of the app can write to a public account.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    ParseError,
    xml::{Elements, Fields},
};

/// A message of a user, by kind (`MsgType`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Message {
    /// Written text.
    Text(Text),
    /// A picture.
    Image(Image),
    /// A voice recording.
    Voice(Voice),
    /// A place on the map.
    Location(Location),
    /// A card with picture and link.
    ImageText(ImageText),
    /// A kind that this library does not know.
    Unknown(UnknownMessage),
}

/// Written text: text message (文本消息), `MsgType` = `text`.
///
/// # Format
///
/// `<Content><![CDATA[…]]></Content>`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The text that the user wrote (`Content`), white space included.
    pub content: String,
}

/// A picture: image message (图片消息), `MsgType` = `image`.
///
/// # Format
///
/// `<PicUrl><![CDATA[…]]></PicUrl>`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Where the picture can be fetched (`PicUrl`).
    pub url: String,
}

/// A voice recording: voice message (语音消息), `MsgType` = `voice`.
///
/// # Format
///
/// `<VoiceUrl><![CDATA[…]]></VoiceUrl><Format><![CDATA[AMR]]></Format>`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voice {
    /// Where the recording can be fetched (`VoiceUrl`).
    pub url: String,
    /// The recording's format (`Format`), `AMR` so far; empty if the platform did not say.
    pub format: String,
}

/// A place on the map: location message (位置消息), `MsgType` = `location`.
///
/// # Format
///
/// `<Location_X>15.501</Location_X><Location_Y>142.324</Location_Y><Label><![CDATA[…]]></Label>`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees north (`Location_X`).
    pub latitude: f64,
    /// Degrees east (`Location_Y`).
    pub longitude: f64,
    /// The place's name (`Label`); empty if the platform did not say.
    pub label: String,
}

/// A card with picture and link: image-text message (图文消息), `MsgType` = `imgtxt`.
///
/// # Format
///
/// `<Title>…</Title><Description>…</Description><PicUrl>…</PicUrl><Url>…</Url>`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageText {
    /// The headline (`Title`); empty if the platform did not say.
    pub title: String,
    /// The text below it (`Description`); empty if the platform did not say.
    pub description: String,
    /// Where the picture can be fetched (`PicUrl`); empty if the platform did not say.
    pub picture_url: String,
    /// Where a tap leads (`Url`).
    pub url: String,
}

/// A message of a kind that this library does not know, with all its elements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownMessage {
    /// The kind as the platform named it (`MsgType`).
    pub msg_type: String,
    /// Every element that is not one of the common ones, in the order of the message.
    pub fields: Fields,
}

impl Message {
    /// Takes the elements of a message of kind `msg_type`; all of them if the kind is not known.
    ///
    /// Elements that merely describe (`Format`, `Label`, `Title`, `Description`, the picture of an image-text message) may be
    /// missing: losing a message for want of a label helps nobody.
    pub(super) fn take(msg_type: Cow<'_, str>, elements: &mut Elements<'_>) -> Result<Self, ParseError> {
        Ok(match &*msg_type {
            "text" => Self::Text(Text { content: elements.text("Content")? }),
            "image" => Self::Image(Image { url: elements.token("PicUrl")? }),
            "voice" => Self::Voice(Voice {
                url: elements.token("VoiceUrl")?,
                format: elements.optional_token("Format"),
            }),
            "location" => Self::Location(Location {
                latitude: elements.number("Location_X")?,
                longitude: elements.number("Location_Y")?,
                label: elements.optional_text("Label"),
            }),
            "imgtxt" => Self::ImageText(ImageText {
                title: elements.optional_text("Title"),
                description: elements.optional_text("Description"),
                picture_url: elements.optional_token("PicUrl"),
                url: elements.token("Url")?,
            }),
            _ => {
                let msg_type = msg_type.into_owned();
                Self::Unknown(UnknownMessage { msg_type, fields: elements.rest() })
            }
        })
    }

    /// Adds `MsgType` and the elements that [`take`](Self::take) takes.
    pub(super) fn write(&self, fields: &mut Fields) {
        fields.push("MsgType", self.msg_type());
        match self {
            Self::Text(text) => fields.push("Content", &text.content),
            Self::Image(image) => fields.push("PicUrl", &image.url),
            Self::Voice(voice) => {
                fields.push("VoiceUrl", &voice.url);
                fields.push("Format", &voice.format);
            }
            Self::Location(location) => {
                fields.push("Location_X", location.latitude.to_string());
                fields.push("Location_Y", location.longitude.to_string());
                fields.push("Label", &location.label);
            }
            Self::ImageText(card) => {
                fields.push("Title", &card.title);
                fields.push("Description", &card.description);
                fields.push("PicUrl", &card.picture_url);
                fields.push("Url", &card.url);
            }
            Self::Unknown(unknown) => fields.extend(&unknown.fields),
        }
    }

    fn msg_type(&self) -> &str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Voice(_) => "voice",
            Self::Location(_) => "location",
            Self::ImageText(_) => "imgtxt",
            Self::Unknown(unknown) => &unknown.msg_type,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Voice(_) => "voice",
            Self::Location(_) => "location",
            Self::ImageText(_) => "image_text",
            Self::Unknown(_) => "unknown",
        }
    }
}
