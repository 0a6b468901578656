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

use super::{
    MAX_DEPTH, MAX_ELEMENTS,
    characters::{is_name, is_number, is_space, is_xml_char},
    element::{Element, Pieces},
    error::XmlError,
};

pub(super) struct Walk<'b> {
    body: &'b [u8],
    reader: Reader<&'b [u8]>,
    /// Offset at which the current event begins.
    at: usize,
    /// Names of the open elements, the root first; the first `depth` of them count.
    open: [&'b [u8]; MAX_DEPTH],
    depth: usize,
    /// Number of elements so far.
    count: usize,
    /// The children of the root so far; the last one may still be open.
    children: Vec<Element<'b>>,
    /// Offset at which the content of the open child begins.
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
            children: Vec::with_capacity(8),
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

    /// Reads one event; false at the end of the body.
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
        // The name is a slice of the body, because the event's own name lives no longer than the event.
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
            2 => self.pieces.elements += 1,
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
        if self.pieces.ends_early() {
            return Err(self.malformed("a CDATA section that ends before its element's text does"));
        }
        let inner = self.body.get(self.content..self.at).unwrap_or_default();
        if let Some(child) = self.children.last_mut() {
            child.is_whole = self.pieces.is_whole();
            if self.pieces.elements > 0 {
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
                if !is_blank {
                    self.pieces.add_text(&text);
                }
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
        let text = match (name.strip_prefix('#'), resolve_xml_entity(name)) {
            (Some(code), _) if is_number(code) => {
                let c = name.resolve_char_ref().ok().flatten().filter(|&c| is_xml_char(c));
                Cow::Owned(c.unwrap_or(char::REPLACEMENT_CHARACTER).to_string())
            }
            (_, Some(text)) => Cow::Borrowed(text),
            // No reference but a bare `&` with a `;` somewhere behind it.
            (_, None) => {
                let typed = format!("&{};", &**name);
                Cow::Owned(BytesText::from_escaped(typed).xml10_content().into_owned())
            }
        };
        self.pieces.add_text(&text);
        self.add(text);
    }

    /// Appends to the child's text. The first piece stays borrowed; only further pieces are copied.
    fn add(&mut self, text: Cow<'b, str>) {
        match self.children.last_mut() {
            Some(child) if child.text.is_empty() => child.text = text,
            Some(child) => child.text.to_mut().push_str(&text),
            None => {}
        }
    }

    fn remark(&mut self, text: &str) -> Result<(), XmlError> {
        self.pieces.remarks += 1;
        self.check_no_markup(text)
    }

    /// Makes sure that no comment, instruction or attribute hides the end of an element: [the module](super) says why.
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
            // A declaration that is not well-formed may declare anything.
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

/// The form in which an error shows a name.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(40).collect()
}
