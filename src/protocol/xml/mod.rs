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
//! # What a user wrote
//!
//! A text never makes a message unreadable. Where a text has a character that XML forbids, bytes that are not UTF-8, or a
//! reference to no character, U+FFFD stands in its place; a `&` that begins no reference is itself. Names and ids are never
//! mended: one that is broken is refused.
//!
//! A text never becomes an element either, not even where a platform puts it into a CDATA section without escaping it, so that
//! `]]>` ends the section, and `]]></Content><Event>…` the element. Two readings ensure that:
//!
//! 1. The body as XML has it. This reading holds only if no element is there twice, in any case and at any depth within another of
//!    its name; if no comment, instruction or attribute contains `]]>` or `</`; and if beside a child's CDATA sections there
//!    are only text and references, without a `]]>`. A text that ends its element has to begin one of the same name again,
//!    for the platform's own end tag follows it, and nothing else can take that tag in. So every element that is read is
//!    the platform's.
//! 2. Failing that, each section reaches to the last `]]>` before an end tag of its element. Where there are several, a
//!    later text may have written the last one, so this is done for the texts that the documents name only, and only if
//!    none of the sections that seem to begin in the text can be one that ends behind it. The elements that no user writes
//!    end at the first one, for a user may quote a whole message.
//!
//! A body that neither can read is refused. Text alone may be ambiguous, not structure: `a]]>b<![CDATA[c` in a section is read as
//! XML has it, `abc`.
//!
//! # Design
//!
//! Not serde: with names checked, `quick_xml` refuses the documents' own samples; without, its deserializer takes a
//! DOCTYPE, a second root and `&#1;`, and panics on some end tags in debug builds. It also takes more than twice the time.

mod characters;
mod element;
mod elements;
mod error;
mod mend;
mod reader;
mod writer;

use element::Element;
pub(super) use elements::Elements;
pub use error::XmlError;
use reader::Walk;
use serde::{Deserialize, Serialize};

/// The most levels of elements in a body, the root included.
pub const MAX_DEPTH: usize = 8;

/// The most elements in a body, the root included.
pub const MAX_ELEMENTS: usize = 128;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The elements that no user writes; the platform's ids have no room for markup.
const COMMON: [&[u8]; 7] =
    [b"ToUserName", b"FromUserName", b"CreateTime", b"MsgType", b"Event", b"MsgId", b"MsgID"];

/// The children of the root, in their order.
fn children(body: &[u8]) -> Result<Vec<Element<'_>>, XmlError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    // The reader would skip a second mark without counting it, and every offset would be wrong.
    if body.starts_with(BYTE_ORDER_MARK) {
        let what = "a second byte order mark";
        return Err(XmlError::Malformed { what, at: 0, element: String::new() });
    }
    if is_plain(body)
        && let Ok(children) = Walk::new(body).run()
    {
        return Ok(children);
    }
    mended_children(body)
}

/// Whether no byte looks like a part of a character that XML does not allow. Bytes that are not UTF-8 are found by the reader.
fn is_plain(body: &[u8]) -> bool {
    // No branches, so that the compiler can vectorise both passes; U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    let control = body.iter().fold(0, |any, &b| {
        any | (u8::from(b < b' ') & u8::from(b != b'\n') & u8::from(b != b'\r') & u8::from(b != b'\t'))
    });
    let triples = body.iter().zip(body.iter().skip(1)).zip(body.iter().skip(2));
    let noncharacter = triples.fold(0, |any, ((&a, &b), &c)| {
        any | (u8::from(a == 0xEF) & u8::from(b == 0xBF) & u8::from(c >= 0xBE))
    });
    (control | noncharacter) == 0
}

/// The children of the root of a body that has to be mended first, or the reason why it cannot be read.
#[cold]
fn mended_children(body: &[u8]) -> Result<Vec<Element<'static>>, XmlError> {
    let mended = mend::replace_characters(body);
    let error = match Walk::new(mended.text.as_bytes()).run() {
        Ok(children) => return Ok(owned(children, |at| mended.original(at))),
        Err(error) => error,
    };
    if let Some(split) = mend::extend_sections(&mended.text)
        && let Ok(children) = Walk::new(split.text.as_bytes()).run()
    {
        return Ok(owned(children, |at| mended.original(split.original(at))));
    }
    let at = mended.original(error.at());
    // A broken character in place of markup is the real mistake there.
    let defect = mended.defect.filter(|defect| defect.at() == at);
    Err(defect.unwrap_or_else(|| error.moved_to(at)))
}

fn owned(children: Vec<Element<'_>>, original: impl Fn(usize) -> usize) -> Vec<Element<'static>> {
    let moved = |element: Element<'_>| {
        let at = original(element.at);
        Element { at, ..element.into_owned() }
    };
    children.into_iter().map(moved).collect()
}

/// All children of the root. For a body that cannot be read: the children before anything that a user may have written.
fn certain_children(body: &[u8]) -> Vec<Element<'_>> {
    if let Ok(children) = children(body) {
        return children;
    }
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let mended = mend::replace_characters(body);
    let (children, ended, error) = Walk::new(mended.text.as_bytes()).run_to_error();
    let common = children.iter().take_while(|child| COMMON.contains(&&*child.name)).count();
    // An element that is there twice makes both uncertain.
    let is_repeated = matches!(error, Some(XmlError::Repeated { .. })) && common == children.len();
    let certain = if is_repeated { 0 } else { common.min(ended) };
    children.into_iter().take(certain).map(Element::into_owned).collect()
}

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

    /// Whether the message has no elements.
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
    /// white space around elements, and text as CDATA sections, escaped, or mixed; a text that was not escaped is mended,
    /// see [the module](self). Line ends become `\n`, as XML has it. A child that has children of its own keeps its
    /// inner XML as its text.
    ///
    /// # Errors
    ///
    /// The mistake and its offset: a DOCTYPE, broken characters outside texts, a tag without its counterpart, an element
    /// that is repeated, anything but exactly one `<xml>`, or more than [`MAX_ELEMENTS`] elements or [`MAX_DEPTH`] levels.
    pub fn read(body: &[u8]) -> Result<Self, XmlError> {
        Ok(Elements::read(body)?.rest())
    }

    /// Writes the message as the documents print it, but well-formed; [`read`](Self::read) is its inverse.
    ///
    /// Characters that XML cannot carry, such as U+0000, become U+FFFD.
    pub fn to_xml(&self) -> String {
        writer::write(self, writer::EndTags::WellFormed)
    }

    /// Writes the message exactly as the documents print it: `MsgId` is closed with `</MsgID>`.
    pub fn to_documented_xml(&self) -> String {
        writer::write(self, writer::EndTags::AsDocumented)
    }
}

impl<N: Into<String>, T: Into<String>> FromIterator<(N, T)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, text)| (name.into(), text.into())).collect())
    }
}
