//! Walks the XML of a callback's body, borrowing from it.

use std::borrow::Cow;

use quick_xml::{
    Reader,
    errors::{Error, IllFormedError},
    events::{BytesDecl, BytesRef, Event},
};

/// Most levels of elements, the root included.
pub const MAX_DEPTH: usize = 8;

/// Most elements, the root included.
pub const MAX_ELEMENTS: usize = 128;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why a body is not XML of the platform's kind. Offsets are bytes, counted after a byte order mark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// The bytes are not UTF-8.
    #[error("not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Where the first wrong byte stands.
        at: usize,
    },
    /// It declares to be in another encoding, so its text cannot be trusted to mean what it seems to.
    #[error("an encoding other than UTF-8 is declared at byte {at}")]
    Encoding {
        /// Where the declaration stands.
        at: usize,
    },
    /// It has a DOCTYPE, which no message needs and attacks do.
    #[error("a DOCTYPE at byte {at}")]
    Doctype {
        /// Where it stands.
        at: usize,
    },
    /// It has more than [`MAX_DEPTH`] levels of elements.
    #[error("more than {MAX_DEPTH} levels of elements at byte {at}")]
    TooDeep {
        /// Where the first element too deep stands.
        at: usize,
    },
    /// It has more than [`MAX_ELEMENTS`] elements.
    #[error("more than {MAX_ELEMENTS} elements at byte {at}")]
    TooManyElements {
        /// Where the first element too many stands.
        at: usize,
    },
    /// It is not well-formed, or not one root called `xml`.
    #[error("{what} at byte {at}{}", within(.element))]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// Where it stands.
        at: usize,
        /// The innermost element around it, shortened; empty outside the root.
        element: String,
    },
}

fn within(element: &str) -> String {
    if element.is_empty() { String::new() } else { format!(" in <{element}>") }
}

/// A child of the root.
#[derive(Debug)]
pub(super) struct Element<'b> {
    pub(super) name: &'b str,
    pub(super) text: Cow<'b, str>,
    pub(super) at: usize,
}

/// The children of the root, in their order.
pub(super) fn children(body: &[u8]) -> Result<Vec<Element<'_>>, XmlError> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    // Each event is checked to be UTF-8 when it is read. Where one is not, and whatever else is wrong, that is said first.
    walk(body).map_err(|error| match str::from_utf8(body) {
        Ok(_) => error,
        Err(e) => XmlError::NotUtf8 { at: e.valid_up_to() },
    })
}

fn walk(body: &[u8]) -> Result<Vec<Element<'_>>, XmlError> {
    let is_plain = is_plain(body);
    if !is_plain {
        check_characters(body)?;
    }
    // The reader would skip it without counting it, and every offset would be wrong.
    if body.starts_with(BYTE_ORDER_MARK) {
        return Err(malformed("a second byte order mark", 0));
    }
    let mut walk = Walk::new(body, is_plain);
    while walk.step()? {}
    Ok(walk.children)
}

/// Whether nothing in it looks like a character that XML does not allow, or a line's end other than `\n`.
fn is_plain(body: &[u8]) -> bool {
    // Without a branch in them, so that they run over many bytes at a time; U+FFFE and U+FFFF begin with EF BF.
    let control = body.iter().fold(0, |any, &b| any | (u8::from(b < b' ') & u8::from(b != b'\n')));
    let pairs = body.iter().zip(body.iter().skip(1));
    let noncharacter = pairs.fold(0, |any, (&a, &b)| any | (u8::from(a == 0xEF) & u8::from(b == 0xBF)));
    (control | noncharacter) == 0
}

/// Makes sure that there are only characters of XML.
fn check_characters(body: &[u8]) -> Result<(), XmlError> {
    let text = str::from_utf8(body).unwrap_or_default();
    match text.char_indices().find(|&(_, c)| !is_xml_char(c)) {
        Some((at, _)) => Err(malformed("a character that XML does not allow", at)),
        None => Ok(()),
    }
}

/// What is wrong with the body as a whole.
fn malformed(what: &'static str, at: usize) -> XmlError {
    XmlError::Malformed { what, at, element: String::new() }
}

/// A `Char` of XML 1.0, section 2.2.
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

struct Walk<'b> {
    source: &'b [u8],
    /// No line of it ends in anything but `\n`, so none has to be changed.
    is_plain: bool,
    reader: Reader<&'b [u8]>,
    /// Where the current event begins.
    at: usize,
    /// Names of the open elements, the root first.
    open: Vec<&'b str>,
    /// Elements so far.
    count: usize,
    children: Vec<Element<'b>>,
    /// Where the current child's content begins, and whether it has children of its own.
    content: usize,
    nested: bool,
}

impl<'b> Walk<'b> {
    fn new(source: &'b [u8], is_plain: bool) -> Self {
        let mut reader = Reader::from_reader(source);
        // They are checked here, in any case.
        reader.config_mut().check_end_names = false;
        let (open, children) = (Vec::with_capacity(MAX_DEPTH), Vec::with_capacity(12));
        Self { source, is_plain, reader, at: 0, open, count: 0, children, content: 0, nested: false }
    }

    /// Goes over one event; false at the end.
    fn step(&mut self) -> Result<bool, XmlError> {
        self.at = self.position();
        let event = self.reader.read_event().map_err(|e| self.syntax(&e))?;
        match event {
            Event::Start(tag) => drop(self.start(tag.name().as_ref().len())?),
            Event::End(tag) => self.end(tag.name().as_ref())?,
            Event::Empty(tag) => {
                let name = self.start(tag.name().as_ref().len())?;
                self.end(name)?;
            }
            Event::Text(text) => {
                self.text(if self.is_plain { text.into_inner() } else { text.xml10_content() })?;
            }
            Event::CData(text) if self.open.len() > 1 => {
                self.text(if self.is_plain { text.into_inner() } else { text.xml10_content() })?;
            }
            Event::GeneralRef(reference) if self.open.len() > 1 => self.reference(&reference)?,
            Event::CData(_) | Event::GeneralRef(_) => {
                return Err(self.malformed("text outside the elements"));
            }
            Event::Decl(declaration) => self.declaration(&declaration)?,
            Event::DocType(_) => return Err(XmlError::Doctype { at: self.at }),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return self.finish(),
        }
        Ok(true)
    }

    /// Opens the element whose name, of `length` bytes, begins the current event.
    fn start(&mut self, length: usize) -> Result<&'b str, XmlError> {
        let name = self.slice(self.at + 1, self.at + 1 + length)?;
        self.count += 1;
        if self.count > MAX_ELEMENTS {
            return Err(XmlError::TooManyElements { at: self.at });
        }
        match self.open.len() {
            MAX_DEPTH => return Err(XmlError::TooDeep { at: self.at }),
            0 if self.count > 1 => return Err(self.malformed("a second root")),
            0 if name != "xml" => return Err(self.malformed("a root other than <xml>")),
            _ if !is_name(name) => return Err(self.malformed("a tag without a proper name")),
            1 => {
                self.children.push(Element { name, text: Cow::Borrowed(""), at: self.at });
                self.content = self.position();
                self.nested = false;
            }
            2 => self.nested = true,
            _ => {}
        }
        self.open.push(name);
        Ok(name)
    }

    fn end(&mut self, name: &str) -> Result<(), XmlError> {
        // Compared as it is first, which is much quicker.
        let closes = |open: &str| open == name || open.eq_ignore_ascii_case(name);
        if !self.open.last().is_some_and(|open| closes(open)) {
            return Err(self.malformed("an end tag that does not match its start tag"));
        }
        self.open.pop();
        if self.open.len() == 1 && self.nested {
            self.set_text(Cow::Borrowed(self.slice(self.content, self.at)?));
        }
        Ok(())
    }

    fn text(&mut self, text: Cow<'b, str>) -> Result<(), XmlError> {
        match self.open.len() {
            0 | 1 if text.bytes().all(|b| b.is_ascii_whitespace()) => {}
            0 | 1 => return Err(self.malformed("text outside the elements")),
            2 if self.children.last().is_some_and(|child| child.text.is_empty()) => self.set_text(text),
            2 => self.push_text(&text),
            // Part of the inner XML that the child keeps.
            _ => {}
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), XmlError> {
        let c = match &**reference {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            _ => match reference.resolve_char_ref() {
                Ok(Some(c)) if is_xml_char(c) => c,
                Ok(None) => return Err(self.malformed("an entity that is not one of XML's five")),
                _ => return Err(self.malformed("a reference to no character of XML")),
            },
        };
        self.push_text(c.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), XmlError> {
        if self.count > 0 {
            return Err(self.malformed("an XML declaration that is not at the beginning"));
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name))
                if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8") =>
            {
                Ok(())
            }
            Some(_) => Err(XmlError::Encoding { at: self.at }),
        }
    }

    fn finish(&self) -> Result<bool, XmlError> {
        match (self.count, self.open.is_empty()) {
            (0, _) => Err(self.malformed("the end, without a root <xml>")),
            (_, false) => Err(self.malformed("the end, with an open element")),
            (_, true) => Ok(false),
        }
    }

    fn set_text(&mut self, text: Cow<'b, str>) {
        if let Some(child) = self.children.last_mut() {
            child.text = text;
        }
    }

    fn push_text(&mut self, text: &str) {
        if let Some(child) = self.children.last_mut() {
            child.text.to_mut().push_str(text);
        }
    }

    /// A part of the body that begins and ends with an event, or within one at an ASCII character.
    fn slice(&self, from: usize, to: usize) -> Result<&'b str, XmlError> {
        let bytes = self.source.get(from..to).unwrap_or_default();
        str::from_utf8(bytes).map_err(|_| self.malformed("something that is not UTF-8"))
    }

    fn position(&self) -> usize {
        offset(self.reader.buffer_position())
    }

    fn malformed(&self, what: &'static str) -> XmlError {
        let element = self.open.last().copied().unwrap_or_default().chars().take(40).collect();
        XmlError::Malformed { what, at: self.at, element }
    }

    fn syntax(&mut self, error: &Error) -> XmlError {
        self.at = offset(self.reader.error_position());
        self.malformed(match error {
            Error::IllFormed(IllFormedError::UnclosedReference) => "a `&` that begins no reference",
            Error::IllFormed(IllFormedError::UnmatchedEndTag(_)) => "an end tag without its start tag",
            Error::Syntax(_) => "markup that is not complete",
            _ => "something that is not well-formed",
        })
    }
}

/// Offsets come from a body in memory, so they fit.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// A name of XML; beyond ASCII it is not looked at closely.
fn is_name(name: &str) -> bool {
    let begins = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b':') || !b.is_ascii();
    let goes_on = |b: u8| begins(b) || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    name.bytes().next().is_some_and(begins) && name.bytes().all(goes_on)
}
