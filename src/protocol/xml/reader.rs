//! Walks the XML of a callback's body with quick-xml, borrowing from it.
//!
//! quick-xml checks each event to be UTF-8, so nothing here does so a second time: names stay bytes of the body, texts are
//! moved out of their events.

use std::borrow::Cow;

use quick_xml::{
    Reader,
    errors::{Error, IllFormedError, SyntaxError},
    escape::resolve_xml_entity,
    events::{BytesDecl, BytesRef, BytesStart, BytesText, Event},
};

use super::error::XmlError;

/// Most levels of elements, the root included.
pub const MAX_DEPTH: usize = 8;

/// Most elements, the root included.
pub const MAX_ELEMENTS: usize = 128;

/// A child of the root.
#[derive(Debug)]
pub(super) struct Element<'b> {
    /// The name, which is compared as bytes.
    pub(super) name: Cow<'b, [u8]>,
    pub(super) text: Cow<'b, str>,
    /// Where the start tag stands.
    pub(super) at: usize,
    /// Whether the text stands there in one piece: nothing was put together, left out, or nested in it.
    pub(super) is_whole: bool,
}

impl Element<'_> {
    pub(super) fn into_owned(self) -> Element<'static> {
        let Self { name, text, at, is_whole } = self;
        Element {
            name: Cow::Owned(name.into_owned()),
            text: Cow::Owned(text.into_owned()),
            at,
            is_whole,
        }
    }
}

/// A `Char` of XML 1.0, section 2.2.
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// White space of XML.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// What the content of the child that is open consists of so far.
#[derive(Debug, Default)]
struct Pieces {
    /// How many CDATA sections stand in it.
    sections: usize,
    /// Whether text other than white space stands beside them.
    has_text: bool,
    /// Whether comments or processing instructions stand in it.
    has_remarks: bool,
    /// Whether it has children of its own.
    is_nested: bool,
    /// Whether a `]]>` ends no section.
    has_stray_end: bool,
}

pub(super) struct Walk<'b> {
    body: &'b [u8],
    reader: Reader<&'b [u8]>,
    /// Where the current event begins.
    at: usize,
    /// Names of the open elements, the root first; the first `depth` of them count.
    open: [&'b [u8]; MAX_DEPTH],
    depth: usize,
    /// Elements so far.
    count: usize,
    /// The children of the root so far; the last one may still be open.
    children: Vec<Element<'b>>,
    /// Where the content of the child that is open begins.
    content: usize,
    pieces: Pieces,
}

impl<'b> Walk<'b> {
    pub(super) fn new(body: &'b [u8]) -> Self {
        let mut reader = Reader::from_reader(body);
        let config = reader.config_mut();
        // The documents close `<MsgId>` with `</MsgID>`: names are compared in `end`, in any case.
        config.check_end_names = false;
        config.allow_dangling_amp = true;
        Self {
            body,
            reader,
            at: 0,
            open: [b""; MAX_DEPTH],
            depth: 0,
            count: 0,
            children: Vec::with_capacity(12),
            content: 0,
            pieces: Pieces::default(),
        }
    }

    /// The children of the root, in their order.
    pub(super) fn run(mut self) -> Result<Vec<Element<'b>>, XmlError> {
        while self.step()? {}
        Ok(self.children)
    }

    /// The children that began before the first error, how many of them had ended, and that error if there is one.
    pub(super) fn run_to_error(mut self) -> (Vec<Element<'b>>, usize, Option<XmlError>) {
        loop {
            let error = match self.step() {
                Ok(true) => continue,
                Ok(false) => None,
                Err(error) => Some(error),
            };
            let open = usize::from(self.depth > 1);
            let ended = self.children.len().saturating_sub(open);
            return (self.children, ended, error);
        }
    }

    /// Goes over one event; false at the end.
    fn step(&mut self) -> Result<bool, XmlError> {
        self.at = self.position();
        match self.reader.read_event().map_err(|error| self.syntax_error(&error))? {
            Event::Start(tag) => self.start(&tag)?,
            Event::Empty(tag) => {
                self.start(&tag)?;
                self.close()?;
            }
            Event::End(tag) => self.end(tag.name().as_ref().as_bytes())?,
            Event::Text(text) => self.text(text.xml10_content())?,
            Event::CData(text) if self.depth > 1 => self.section(text.xml10_content()),
            Event::GeneralRef(name) if self.depth > 1 => self.reference(&name),
            Event::CData(_) | Event::GeneralRef(_) => {
                return Err(self.malformed("text outside the elements"));
            }
            Event::Comment(text) => self.remark(&text)?,
            Event::PI(instruction) => self.remark(&instruction)?,
            Event::Decl(declaration) => self.declaration(&declaration)?,
            Event::DocType(_) => return Err(XmlError::Doctype { at: self.at }),
            Event::Eof => return self.finish(),
        }
        Ok(true)
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), XmlError> {
        let length = tag.name().as_ref().len();
        // Behind the `<`. A slice of the body, as the event's own name lives no longer than the event.
        let name = self.body.get(self.at + 1..self.at + 1 + length).unwrap_or_default();
        self.count += 1;
        if self.count > MAX_ELEMENTS {
            return Err(XmlError::TooManyElements { at: self.at });
        }
        match self.depth {
            MAX_DEPTH => return Err(XmlError::TooDeep { at: self.at }),
            0 if self.count > 1 => return Err(self.malformed("a second root")),
            0 if name != b"xml" => return Err(self.malformed("a root other than <xml>")),
            _ if !is_name(name) => return Err(self.malformed("a tag without a proper name")),
            _ => {}
        }
        if tag.len() > length {
            self.check_no_markup(tag)?;
        }
        if self.children.iter().any(|child| child.name.eq_ignore_ascii_case(name)) {
            return Err(XmlError::Repeated { element: shown(name), at: self.at });
        }
        match self.depth {
            1 => {
                let (name, text) = (Cow::Borrowed(name), Cow::Borrowed(""));
                self.children.push(Element { name, text, at: self.at, is_whole: true });
                self.content = self.position();
                self.pieces = Pieces::default();
            }
            2 => self.pieces.is_nested = true,
            _ => {}
        }
        self.open[self.depth] = name;
        self.depth += 1;
        Ok(())
    }

    fn end(&mut self, name: &[u8]) -> Result<(), XmlError> {
        match self.innermost() {
            Some(open) if open.eq_ignore_ascii_case(name) => self.close(),
            Some(_) => Err(self.malformed("an end tag that does not match its start tag")),
            None => Err(self.malformed("an end tag without its start tag")),
        }
    }

    fn close(&mut self) -> Result<(), XmlError> {
        if self.depth == 2 {
            self.close_child()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn close_child(&mut self) -> Result<(), XmlError> {
        let Pieces { sections, has_text, has_remarks, is_nested, has_stray_end } = self.pieces;
        if sections > 0 && (has_remarks || is_nested || has_stray_end) {
            return Err(self.malformed("a CDATA section that ends before its element's text does"));
        }
        let inner = self.body.get(self.content..self.at).unwrap_or_default();
        if let Some(child) = self.children.last_mut() {
            child.is_whole = !has_remarks && !is_nested && (sections == 0 || sections == 1 && !has_text);
            if is_nested {
                // The events in it were UTF-8 each, so all of it is.
                child.text = String::from_utf8_lossy(inner);
            }
        }
        Ok(())
    }

    fn text(&mut self, text: Cow<'b, str>) -> Result<(), XmlError> {
        let is_blank = text.chars().all(is_space);
        match self.depth {
            0 | 1 if !is_blank => return Err(self.malformed("text outside the elements")),
            2 => {
                self.pieces.has_text |= !is_blank;
                self.pieces.has_stray_end |= self.pieces.sections > 0 && text.contains("]]>");
                self.add(text);
            }
            // Between elements, or part of the inner XML that the child keeps.
            _ => {}
        }
        Ok(())
    }

    fn section(&mut self, text: Cow<'b, str>) {
        if self.depth == 2 {
            self.pieces.sections += 1;
            self.add(text);
        }
    }

    fn reference(&mut self, name: &BytesRef<'b>) {
        if self.depth > 2 {
            return;
        }
        self.pieces.has_text = true;
        let text = match name.strip_prefix('#') {
            Some(code) if is_number(code) => {
                let c = name.resolve_char_ref().ok().flatten().filter(|&c| is_xml_char(c));
                Cow::Owned(c.unwrap_or(char::REPLACEMENT_CHARACTER).to_string())
            }
            _ => match resolve_xml_entity(name) {
                Some(text) => Cow::Borrowed(text),
                // Not a reference but a bare `&`, which happens to have a `;` behind it.
                None => {
                    let typed = format!("&{};", &**name);
                    self.pieces.has_stray_end |= self.pieces.sections > 0 && typed.contains("]]>");
                    Cow::Owned(BytesText::from_escaped(typed).xml10_content().into_owned())
                }
            },
        };
        self.add(text);
    }

    /// The first text of a child is moved in, still borrowed; only text in several pieces is copied.
    fn add(&mut self, text: Cow<'b, str>) {
        match self.children.last_mut() {
            Some(child) if child.text.is_empty() => child.text = text,
            Some(child) => child.text.to_mut().push_str(&text),
            None => {}
        }
    }

    fn remark(&mut self, text: &str) -> Result<(), XmlError> {
        self.pieces.has_remarks = true;
        self.check_no_markup(text)
    }

    /// Makes sure that no comment, instruction or attribute hides the end of an element: see the module's `# Design`.
    fn check_no_markup(&self, text: &str) -> Result<(), XmlError> {
        if text.contains("]]>") || text.contains("</") {
            return Err(self.malformed("an end of an element within other markup"));
        }
        Ok(())
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), XmlError> {
        let is_utf8 = |name: &str| ["utf-8", "utf8"].iter().any(|utf8| name.eq_ignore_ascii_case(utf8));
        match declaration.encoding() {
            _ if self.count > 0 => {
                Err(self.malformed("an XML declaration that is not at the beginning"))
            }
            None => Ok(()),
            Some(Ok(name)) if is_utf8(&name) => Ok(()),
            // One that is not well-formed may declare anything.
            Some(_) => Err(XmlError::Encoding { at: self.at }),
        }
    }

    fn finish(&self) -> Result<bool, XmlError> {
        match (self.count, self.depth) {
            (0, _) => Err(self.malformed("the end, without a root <xml>")),
            (_, 0) => Ok(false),
            _ => Err(self.malformed("the end, with an open element")),
        }
    }

    fn innermost(&self) -> Option<&'b [u8]> {
        self.depth.checked_sub(1).and_then(|last| self.open.get(last)).copied()
    }

    fn position(&self) -> usize {
        offset(self.reader.buffer_position())
    }

    fn malformed(&self, what: &'static str) -> XmlError {
        let element = self.innermost().map(shown).unwrap_or_default();
        XmlError::Malformed { what, at: self.at, element }
    }

    fn syntax_error(&mut self, error: &Error) -> XmlError {
        self.at = offset(self.reader.error_position());
        match error {
            Error::Syntax(SyntaxError::UnclosedDoctype)
            | Error::IllFormed(IllFormedError::MissingDoctypeName) => XmlError::Doctype { at: self.at },
            Error::Syntax(_) => self.malformed("markup that is not complete"),
            Error::IllFormed(IllFormedError::UnmatchedEndTag(_)) => {
                self.malformed("an end tag without its start tag")
            }
            _ => self.malformed("something that is not well-formed"),
        }
    }
}

/// Offsets come from a body in memory, so they fit.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// A name as an error shows it.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(40).collect()
}

/// A name of XML; beyond ASCII it is not looked at closely, but for what stands where a broken character stood.
fn is_name(name: &[u8]) -> bool {
    let begins = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b':') || !b.is_ascii();
    let goes_on = |b: u8| begins(b) || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    name.first().copied().is_some_and(begins)
        && name.iter().copied().all(goes_on)
        && (name.is_ascii() || !String::from_utf8_lossy(name).contains(char::REPLACEMENT_CHARACTER))
}

/// Whether `code` is what a character reference may hold: decimal digits, or hexadecimal ones after an `x`.
fn is_number(code: &str) -> bool {
    let (digits, radix) = code.strip_prefix('x').map_or((code, 10), |digits| (digits, 16));
    !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))
}
