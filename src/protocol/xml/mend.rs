//! Mends a body whose texts the platform did not escape, so that the reader sees what was meant.

use std::collections::HashSet;

use super::{
    COMMON, MAX_ELEMENTS,
    characters::{is_space, is_xml_char},
    error::XmlError,
};

const SECTION: &str = "<![CDATA[";
const SECTION_END: &str = "]]>";
/// The form of a `]]>` within a section: one section ends in its first half, the next begins with its second.
const SPLIT_END: &str = "]]]]><![CDATA[>";

/// The elements that hold a user's own text. Every message has at most one of each.
const WRITTEN: [&str; 4] = ["Content", "Title", "Description", "Label"];

/// A body after something in it was replaced.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) text: String,
    /// The replacements: offset in `text`, and the number of bytes that `text` has gained by it.
    changes: Vec<(usize, usize)>,
    /// The first mistake that was mended.
    pub(super) defect: Option<XmlError>,
}

impl Mended {
    /// The offset in the original body of the byte that is at `at` in the mended one.
    pub(super) fn original(&self, at: usize) -> usize {
        let gained: usize =
            self.changes.iter().take_while(|change| change.0 < at).map(|change| change.1).sum();
        at.saturating_sub(gained)
    }
}

/// Replaces each character that XML does not allow, and each sequence of bytes that is no character, by U+FFFD.
pub(super) fn replace_characters(body: &[u8]) -> Mended {
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
    /// Puts U+FFFD in the place of `length` bytes, at most three.
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

/// Extends each CDATA section to its element's own end tag, as if every `]]>` before it had been escaped.
///
/// Returns `None` where it is not clear which end tag is the element's own: [the module](super) says why.
pub(super) fn extend_sections(body: &str) -> Option<Mended> {
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

/// Whether no CDATA section that a user began within `text` may end in `after`, which begins with the end of `text`.
fn is_clear(text: &str, after: &str) -> bool {
    let begun: HashSet<String> = text
        .match_indices(SECTION)
        .filter_map(|(at, _)| last_start_tag(text.get(..at)?))
        .filter(|name| !is_common(name))
        .map(str::to_ascii_lowercase)
        .collect();
    // The first end is that of `text` itself.
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
