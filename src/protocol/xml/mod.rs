//! Flat `<xml>` messages: a tolerant, bounded reader and the writer.
//!
//! # Format
//!
//! ```xml
//! <xml>
//!  <ToUserName><![CDATA[account]]></ToUserName>
//!  <CreateTime>134223445860</CreateTime>
//!  <MsgId>id</MsgID>
//! </xml>
//! ```
//!
//! The platform's documents close `MsgId` with `</MsgID>`, so an end tag matches its start tag in any case.
//!
//! # Design
//!
//! Not serde: with names checked, `quick_xml` refuses the documents' own samples; without, its deserializer takes a
//! DOCTYPE, a second root and `&#1;`, and panics on some end tags in debug builds. It also takes more than twice the time.

mod elements;
mod reader;
mod scanner;
mod writer;

pub(super) use elements::Elements;
pub use reader::{MAX_DEPTH, MAX_ELEMENTS, XmlError};
use serde::{Deserialize, Serialize};

/// Elements of a message by name, in their order.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::protocol::xml::Fields;
///
/// let fields = Fields::read(b"<xml><a>1 &lt; 2</a><MsgId>x</MsgID></xml>").unwrap();
/// assert_eq!(fields.get("a"), Some("1 < 2"));
/// assert_eq!(Fields::read(fields.to_xml().as_bytes()), Ok(fields));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The text of the first element called `name`, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, text)| text)
    }

    /// Names and texts in the order of the message.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an element at the end; `name` must be a name of XML.
    pub fn push(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.0.push((name.into(), text.into()));
    }

    /// Adds all of `others` at the end.
    pub fn extend(&mut self, others: &Self) {
        self.0.extend_from_slice(&others.0);
    }

    /// Reads the children of the root `<xml>`.
    ///
    /// Accepts a byte order mark, an XML declaration, comments, processing instructions, attributes (all ignored),
    /// white space around elements, and text as CDATA sections, escaped, or mixed. Line ends become `\n`, as XML
    /// has it. A child that has children of its own keeps its inner XML as its text.
    ///
    /// # Errors
    ///
    /// What is wrong, and where: not UTF-8, a DOCTYPE, an entity other than XML's five, a character that XML does
    /// not allow, a tag without its counterpart, anything but exactly one `<xml>`, or more than
    /// [`MAX_ELEMENTS`] elements or [`MAX_DEPTH`] levels.
    pub fn read(body: &[u8]) -> Result<Self, XmlError> {
        Ok(Elements::read(body)?.rest())
    }

    /// Writes them as the documents print a message, but well-formed; [`read`](Self::read) is its inverse.
    ///
    /// Characters that XML cannot carry, such as U+0000, become U+FFFD.
    pub fn to_xml(&self) -> String {
        writer::write(self, writer::EndTags::WellFormed)
    }

    /// Writes them exactly as the documents print a message: `MsgId` is closed with `</MsgID>`.
    pub fn to_documented_xml(&self) -> String {
        writer::write(self, writer::EndTags::AsDocumented)
    }
}

impl<N: Into<String>, T: Into<String>> FromIterator<(N, T)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, text)| (name.into(), text.into())).collect())
    }
}
