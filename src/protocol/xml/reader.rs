//! Walks the XML of a callback's body, borrowing from it.

use std::borrow::Cow;

use memchr::memchr;

use super::scanner::{Piece, Scanner, attribute, is_space};

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
    let body = str::from_utf8(body).map_err(|e| XmlError::NotUtf8 { at: e.valid_up_to() })?;
    if !is_plain(body.as_bytes()) {
        check_characters(body)?;
    }
    let mut walk = Walk::new(body);
    if body.as_bytes().starts_with(BYTE_ORDER_MARK) {
        return Err(walk.malformed("a second byte order mark"));
    }
    while walk.step()? {}
    Ok(walk.children)
}

/// Whether nothing in it looks like a character that XML does not allow.
fn is_plain(body: &[u8]) -> bool {
    // Without a branch in them, so that they run over many bytes at a time; U+FFFE and U+FFFF begin with EF BF.
    let control = body.iter().fold(0, |any, &b| any | (u8::from(b < b' ') & u8::from(b != b'\n')));
    let pairs = body.iter().zip(body.iter().skip(1));
    let noncharacter = pairs.fold(0, |any, (&a, &b)| any | (u8::from(a == 0xEF) & u8::from(b == 0xBF)));
    (control | noncharacter) == 0
}

/// Makes sure that there are only characters of XML.
fn check_characters(body: &str) -> Result<(), XmlError> {
    let what = "a character that XML does not allow";
    match body.char_indices().find(|&(_, c)| !is_xml_char(c)) {
        Some((at, _)) => Err(XmlError::Malformed { what, at, element: String::new() }),
        None => Ok(()),
    }
}

/// A `Char` of XML 1.0, section 2.2.
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

struct Walk<'b> {
    source: &'b str,
    scanner: Scanner<'b>,
    /// Where the current piece begins.
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
    fn new(source: &'b str) -> Self {
        let (open, children) = (Vec::with_capacity(MAX_DEPTH), Vec::with_capacity(12));
        let scanner = Scanner::new(source);
        Self { source, scanner, at: 0, open, count: 0, children, content: 0, nested: false }
    }

    /// Goes over one piece; false at the end.
    fn step(&mut self) -> Result<bool, XmlError> {
        self.at = self.scanner.position();
        match self.scanner.next().map_err(|what| self.malformed(what))? {
            Some(Piece::Start { name, is_empty: false }) => self.start(name)?,
            Some(Piece::Start { name, is_empty: true }) => {
                self.start(name)?;
                self.end(name)?;
            }
            Some(Piece::End(name)) => self.end(name)?,
            Some(Piece::Text(text)) => self.text(text)?,
            Some(Piece::Cdata(text)) if self.open.len() > 1 => self.text(text)?,
            Some(Piece::Reference(name)) if self.open.len() > 1 => self.reference(name)?,
            Some(Piece::Cdata(_) | Piece::Reference(_)) => {
                return Err(self.malformed("text outside the elements"));
            }
            Some(Piece::Declaration(declaration)) => self.declaration(declaration)?,
            Some(Piece::Doctype) => return Err(XmlError::Doctype { at: self.at }),
            Some(Piece::Ignored) => {}
            None => return self.finish(),
        }
        Ok(true)
    }

    fn start(&mut self, name: &'b str) -> Result<(), XmlError> {
        self.count += 1;
        if self.count > MAX_ELEMENTS {
            return Err(XmlError::TooManyElements { at: self.at });
        }
        match self.open.len() {
            MAX_DEPTH => return Err(XmlError::TooDeep { at: self.at }),
            0 if self.count > 1 => return Err(self.malformed("a second root")),
            0 if name != "xml" => return Err(self.malformed("a root other than <xml>")),
            1 => {
                self.children.push(Element { name, text: Cow::Borrowed(""), at: self.at });
                self.content = self.scanner.position();
                self.nested = false;
            }
            2 => self.nested = true,
            _ => {}
        }
        self.open.push(name);
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), XmlError> {
        // Compared as it is first, which is much quicker.
        match self.open.last() {
            Some(&open) if open == name || open.eq_ignore_ascii_case(name) => drop(self.open.pop()),
            Some(_) => return Err(self.malformed("an end tag that does not match its start tag")),
            None => return Err(self.malformed("an end tag without its start tag")),
        }
        if self.open.len() == 1 && self.nested {
            let content = self.source.get(self.content..self.at).unwrap_or_default();
            self.set_text(Cow::Borrowed(content));
        }
        Ok(())
    }

    fn text(&mut self, text: &'b str) -> Result<(), XmlError> {
        match self.open.len() {
            0 | 1 if text.chars().all(is_space) => {}
            0 | 1 => return Err(self.malformed("text outside the elements")),
            2 if self.children.last().is_some_and(|child| child.text.is_empty()) => {
                self.set_text(with_line_feeds(text));
            }
            2 => self.push_text(&with_line_feeds(text)),
            // Part of the inner XML that the child keeps.
            _ => {}
        }
        Ok(())
    }

    fn reference(&mut self, name: &str) -> Result<(), XmlError> {
        let c = match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "apos" => '\'',
            "quot" => '"',
            _ => match name.strip_prefix('#') {
                Some(code) => character(code)
                    .ok_or_else(|| self.malformed("a reference to no character of XML"))?,
                None => return Err(self.malformed("an entity that is not one of XML's five")),
            },
        };
        self.push_text(c.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn declaration(&self, declaration: &str) -> Result<(), XmlError> {
        if self.count > 0 {
            return Err(self.malformed("an XML declaration that is not at the beginning"));
        }
        let is_utf8 = |name: &str| ["utf-8", "utf8"].iter().any(|utf8| name.eq_ignore_ascii_case(utf8));
        let mut attributes = declaration.trim_matches(is_space);
        while !attributes.is_empty() {
            // Of one that is not well-formed nobody knows what it declares.
            match attribute(attributes) {
                Some((name, value, rest)) if name != "encoding" || is_utf8(value) => {
                    attributes = rest.trim_start_matches(is_space);
                }
                _ => return Err(XmlError::Encoding { at: self.at }),
            }
        }
        Ok(())
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

    fn malformed(&self, what: &'static str) -> XmlError {
        let element = self.open.last().copied().unwrap_or_default().chars().take(40).collect();
        XmlError::Malformed { what, at: self.at, element }
    }
}

/// As XML has line ends, section 2.11.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if memchr(b'\r', text.as_bytes()).is_some() {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What `&#code;` refers to: decimal, or hexadecimal after an `x`.
fn character(code: &str) -> Option<char> {
    let (digits, radix) = code.strip_prefix('x').map_or((code, 10), |digits| (digits, 16));
    // A sign, which the standard library takes, is none.
    let is_number = digits.chars().all(|c| c.is_digit(radix));
    let number = u32::from_str_radix(digits, radix).ok().filter(|_| is_number)?;
    char::from_u32(number).filter(|&c| is_xml_char(c))
}
