//! Cuts a body into its tags and texts, borrowing from it.
//!
//! # Design
//!
//! Not quick-xml's reader: with it, this was the dearest step of an acceptance, and two fifths of what it does is to check
//! each piece to be UTF-8 by itself. A DOCTYPE is refused, so what is left of XML is this page. The tests and the fuzzer
//! hold that whatever is read here is read the same by quick-xml.

use memchr::{memchr_iter, memchr2, memchr3};

const INCOMPLETE: &str = "markup that is not complete";

/// A part of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'b> {
    /// `<name>`, or `<name/>` if it is empty; its attributes are left out.
    Start { name: &'b str, is_empty: bool },
    /// `</name>`; the name is whatever stands there.
    End(&'b str),
    /// All up to the next `<` or `&`.
    Text(&'b str),
    /// What a CDATA section holds.
    Cdata(&'b str),
    /// What stands between `&` and `;`.
    Reference(&'b str),
    /// What stands between `<?xml` and `?>`.
    Declaration(&'b str),
    /// The beginning of a DOCTYPE.
    Doctype,
    /// A comment or a processing instruction.
    Ignored,
}

/// A piece and all that follows it, or what is wrong with it.
type Cut<'b> = Result<(Piece<'b>, &'b str), &'static str>;

/// A body, up to where it has been read.
pub(super) struct Scanner<'b> {
    length: usize,
    rest: &'b str,
}

impl<'b> Scanner<'b> {
    pub(super) fn new(body: &'b str) -> Self {
        Self { length: body.len(), rest: body }
    }

    /// Where the next piece begins.
    pub(super) fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    ///
    /// What is wrong with the piece that begins at [`position`](Self::position).
    pub(super) fn next(&mut self) -> Result<Option<Piece<'b>>, &'static str> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (piece, rest) = cut(self.rest)?;
        self.rest = rest;
        Ok(Some(piece))
    }
}

fn cut(text: &str) -> Cut<'_> {
    if let Some(tag) = text.strip_prefix("</") {
        return end_tag(tag);
    }
    if let Some(markup) = text.strip_prefix("<!") {
        return bang(markup);
    }
    if let Some(markup) = text.strip_prefix("<?") {
        return instruction(markup);
    }
    if let Some(tag) = text.strip_prefix('<') {
        return start_tag(tag);
    }
    if let Some(name) = text.strip_prefix('&') {
        return reference(name);
    }
    let end = memchr2(b'<', b'&', text.as_bytes()).unwrap_or(text.len());
    let (text, rest) = text.split_at(end);
    Ok((Piece::Text(text), rest))
}

fn reference(name: &str) -> Cut<'_> {
    // What ends it has to come before the next reference or tag.
    let end = memchr3(b';', b'&', b'<', name.as_bytes()).unwrap_or(name.len());
    let (name, rest) = name.split_at(end);
    let rest = rest.strip_prefix(';').ok_or("a `&` that begins no reference")?;
    Ok((Piece::Reference(name), rest))
}

fn start_tag(tag: &str) -> Cut<'_> {
    let (name, after) = split_after_name(tag);
    let (attributes, rest) = split_at_end(after).ok_or(INCOMPLETE)?;
    let (attributes, is_empty) = match attributes.strip_suffix('/') {
        Some(attributes) => (attributes, true),
        None => (attributes, false),
    };
    let is_apart = attributes.is_empty() || attributes.starts_with(is_space);
    if !(is_named(name) && is_apart) {
        return Err("a tag without a proper name");
    }
    Ok((Piece::Start { name, is_empty }, rest))
}

/// At the `>` that ends a tag: one in quotes belongs to an attribute.
fn split_at_end(tag: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let end = tag.bytes().position(|byte| {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        quote.is_none() && byte == b'>'
    });
    let (tag, rest) = tag.split_at(end?);
    Some((tag, rest.strip_prefix('>')?))
}

fn end_tag(tag: &str) -> Cut<'_> {
    let (name, rest) = split_at_end(tag).ok_or(INCOMPLETE)?;
    Ok((Piece::End(name.trim_end_matches(is_space)), rest))
}

fn bang(markup: &str) -> Cut<'_> {
    if let Some(section) = markup.strip_prefix("[CDATA[") {
        let (text, rest) = split_at_first(section, "]]>")?;
        return Ok((Piece::Cdata(text), rest));
    }
    if let Some(comment) = markup.strip_prefix("--") {
        let (_, rest) = split_at_first(comment, "-->")?;
        return Ok((Piece::Ignored, rest));
    }
    match markup.get(.."DOCTYPE".len()) {
        Some(name) if name.eq_ignore_ascii_case("DOCTYPE") => Ok((Piece::Doctype, "")),
        _ => Err(INCOMPLETE),
    }
}

fn instruction(markup: &str) -> Cut<'_> {
    let (instruction, rest) = split_at_first(markup, "?>")?;
    if !is_named(instruction) {
        return Err("an instruction without a proper name");
    }
    let piece = match instruction.strip_prefix("xml") {
        Some(after) if after.is_empty() || after.starts_with(is_space) => Piece::Declaration(after),
        _ => Piece::Ignored,
    };
    Ok((piece, rest))
}

/// At the first `end`, which ends in `>`.
fn split_at_first<'b>(text: &'b str, end: &str) -> Result<(&'b str, &'b str), &'static str> {
    memchr_iter(b'>', text.as_bytes())
        .map(|at| text.split_at(at + 1))
        .find_map(|(before, rest)| Some((before.strip_suffix(end)?, rest)))
        .ok_or(INCOMPLETE)
}

/// The first attribute's name and value, and the attributes after it; none if it is not well-formed.
pub(super) fn attribute(attributes: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = split_after_name(attributes);
    if !is_named(name) {
        return None;
    }
    let value = rest.trim_start_matches(is_space).strip_prefix('=')?.trim_start_matches(is_space);
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, rest) = value.strip_prefix(quote)?.split_once(quote)?;
    Some((name, value, rest))
}

/// Whether it begins with a name.
fn is_named(text: &str) -> bool {
    text.bytes().next().is_some_and(begins)
}

/// After all that a name can go on with.
fn split_after_name(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(|&b| goes_on(b)).count())
}

/// White space of XML.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether a name can begin with it; beyond ASCII a name is not looked at closely.
fn begins(b: u8) -> bool {
    b.is_ascii_alphabetic() || matches!(b, b'_' | b':') || !b.is_ascii()
}

/// Whether a name can go on with it.
fn goes_on(b: u8) -> bool {
    begins(b) || b.is_ascii_digit() || matches!(b, b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pieces, or the first error with its place.
    fn pieces(body: &str) -> Result<Vec<Piece<'_>>, (&'static str, usize)> {
        let mut scanner = Scanner::new(body);
        let mut pieces = Vec::new();
        while let Some(piece) = scanner.next().map_err(|what| (what, scanner.position()))? {
            pieces.push(piece);
        }
        Ok(pieces)
    }

    #[test]
    fn a_body_is_cut_into_its_pieces() {
        use Piece::{Cdata, Declaration, End, Ignored, Reference, Start, Text};
        let body = "<?xml version='1.0'?><a b='>' c=\"/>\"> x&lt;<![CDATA[]>]]>]]><!-- > -- --><b /><?xml-x ?></a >";
        let expected = [
            Declaration(" version='1.0'"),
            Start { name: "a", is_empty: false },
            Text(" x"),
            Reference("lt"),
            Cdata("]>"),
            Text("]]>"),
            Ignored,
            Start { name: "b", is_empty: true },
            Ignored,
            End("a"),
        ];
        assert_eq!(pieces(body), Ok(expected.to_vec()));
        assert_eq!(pieces(""), Ok(vec![]));
        assert_eq!(pieces("<!doctypes"), Ok(vec![Piece::Doctype]));
    }

    #[test]
    fn what_does_not_end_is_refused_where_it_begins() {
        for markup in [
            "<a",
            "<a b='>",
            "<a b=\">'",
            "</a",
            "<!",
            "<!-",
            "<!-->",
            "<!--->",
            "<!-- --",
            "<![CDATA[]>",
            "<![CDATA[]]",
            "<!DOCTYP",
            "<?",
            "<?>",
            "<?xml?",
        ] {
            assert_eq!(pieces(&format!("汉{markup}")), Err((INCOMPLETE, 3)), "{markup}");
        }
        for reference in ["&", "&lt", "&lt&gt;", "&lt<;"] {
            assert_eq!(pieces(reference), Err(("a `&` that begins no reference", 0)), "{reference}");
        }
    }

    #[test]
    fn a_tag_begins_with_a_name_and_nothing_sticks_to_it() {
        for instruction in ["<??>", "<? x?>", "<?>?>"] {
            assert_eq!(pieces(instruction), Err(("an instruction without a proper name", 0)));
        }
        for tag in ["<>", "< a>", "<1>", "<->", "<a=b>", "<a,>", "<a/b>", "<a'>'>"] {
            assert_eq!(pieces(tag), Err(("a tag without a proper name", 0)), "{tag}");
        }
        for tag in ["<a.-:_1>", "<_>", "<汉>", "<a\n>", "<a b>"] {
            assert!(pieces(tag).is_ok(), "{tag}");
        }
    }
}
