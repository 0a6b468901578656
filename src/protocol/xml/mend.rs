//! Mends a text that its platform did not escape, so that the reader sees what was meant.

use std::collections::HashSet;

use super::{
    COMMON, MAX_ELEMENTS,
    characters::{is_space, is_xml_char},
    error::XmlError,
};

const SECTION: &str = "<![CDATA[";
const SECTION_END: &str = "]]>";
/// How a `]]>` is written in a section: a section of its own for each half.
const SPLIT_END: &str = "]]]]><![CDATA[>";

/// The elements that hold what a user wrote, of which every message has at most one.
const WRITTEN: [&str; 4] = ["Content", "Title", "Description", "Label"];

/// A body after something in it was replaced.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) text: String,
    /// Where in `text` something was replaced, and how many bytes it has gained by that.
    changes: Vec<(usize, usize)>,
    /// The first thing that was replaced.
    pub(super) defect: Option<XmlError>,
}

impl Mended {
    /// Where in the body that which is now at `at` stood.
    pub(super) fn original(&self, at: usize) -> usize {
        let gained: usize =
            self.changes.iter().take_while(|change| change.0 < at).map(|change| change.1).sum();
        at.saturating_sub(gained)
    }
}

/// With U+FFFD for each character that XML does not allow, and for each sequence of bytes that is no character.
pub(super) fn characters(body: &[u8]) -> Mended {
    let mut mended =
        Mended { text: String::with_capacity(body.len()), changes: Vec::new(), defect: None };
    for chunk in body.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_xml_char(c) {
                mended.text.push(c);
            } else {
                let what = "a character that XML does not allow";
                let error = |at| XmlError::Malformed { what, at, element: String::new() };
                mended.replace(c.len_utf8(), error);
            }
        }
        if !chunk.invalid().is_empty() {
            mended.replace(chunk.invalid().len(), |at| XmlError::NotUtf8 { at });
        }
    }
    mended
}

impl Mended {
    /// Puts U+FFFD in the place of something of `length` bytes, at most three.
    fn replace(&mut self, length: usize, defect: impl FnOnce(usize) -> XmlError) {
        let at = self.text.len();
        if self.defect.is_none() {
            self.defect = Some(defect(at));
        }
        let replacement = char::REPLACEMENT_CHARACTER;
        self.changes.push((at, replacement.len_utf8().saturating_sub(length)));
        self.text.push(replacement);
    }
}

/// With each CDATA section reaching to its element's own end tag, as if every `]]>` before it had been escaped.
///
/// None where it is not clear which end tag is the element's own: [the module](super) says why.
pub(super) fn sections(body: &str) -> Option<Mended> {
    let mut mended =
        Mended { text: String::with_capacity(body.len()), changes: Vec::new(), defect: None };
    let mut rest = body;
    for _ in 0..MAX_ELEMENTS {
        let Some((before, after)) = rest.split_once(SECTION) else {
            mended.text.push_str(rest);
            return Some(mended);
        };
        let name = last_start_tag(before)?;
        let mut ends = after.match_indices(SECTION_END).map(|(at, _)| at).filter(|&at| {
            after.get(at..).and_then(end_tag).is_some_and(|end| end.eq_ignore_ascii_case(name))
        });
        let first = ends.next()?;
        let last = if is_common(name) { first } else { ends.last().unwrap_or(first) };
        let (text, after) = after.split_at(last);
        let is_certain = if is_common(name) {
            !text.contains(SECTION_END)
        } else {
            last == first || WRITTEN.contains(&name) && is_clear(text, after)
        };
        if !is_certain {
            return None;
        }
        mended.text.extend([before, SECTION]);
        for (index, part) in text.split(SECTION_END).enumerate() {
            if index > 0 {
                mended.changes.push((mended.text.len(), SPLIT_END.len() - SECTION_END.len()));
                mended.text.push_str(SPLIT_END);
            }
            mended.text.push_str(part);
        }
        rest = after;
    }
    None
}

fn is_common(name: &str) -> bool {
    COMMON.contains(&name.as_bytes())
}

/// Whether no section of a user's that begins in `text` may end in what comes `after` it, which begins with the end of `text`.
fn is_clear(text: &str, after: &str) -> bool {
    let begun: HashSet<String> = text
        .match_indices(SECTION)
        .filter_map(|(at, _)| last_start_tag(text.get(..at)?))
        .filter(|name| !is_common(name))
        .map(str::to_ascii_lowercase)
        .collect();
    // The first one is the end of `text` itself.
    let mut ended =
        after.match_indices(SECTION_END).skip(1).filter_map(|(at, _)| end_tag(after.get(at..)?));
    !ended.any(|name| begun.contains(&name.to_ascii_lowercase()))
}

/// The name in the start tag with which `text` ends, up to white space.
fn last_start_tag(text: &str) -> Option<&str> {
    let (_, tag) = text.trim_end_matches(is_space).strip_suffix('>')?.rsplit_once('<')?;
    tag.split(is_space).next().filter(|name| !name.is_empty() && !name.starts_with('/'))
}

/// The name in the end tag that follows the end of a section with which `text` begins.
fn end_tag(text: &str) -> Option<&str> {
    let tag = text.strip_prefix(SECTION_END)?.trim_start_matches(is_space).strip_prefix("</")?;
    let (name, _) = tag.split_once('>')?;
    Some(name.trim_end_matches(is_space))
}
