//! A child of the root, and what its content consists of.

use std::borrow::Cow;

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
        let (name, text) = (Cow::Owned(name.into_owned()), Cow::Owned(text.into_owned()));
        Element { name, text, at, is_whole }
    }
}

/// How many pieces of each kind a child's content has.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// CDATA sections.
    pub(super) sections: usize,
    /// Texts outside sections, other than white space, and references.
    pub(super) texts: usize,
    /// Comments and processing instructions.
    pub(super) remarks: usize,
    /// Elements.
    pub(super) elements: usize,
    /// Texts that have a `]]>` in them, after a section.
    pub(super) stray_ends: usize,
}

impl Pieces {
    /// Counts a text outside sections.
    pub(super) fn add_text(&mut self, text: &str) {
        self.texts += 1;
        self.stray_ends += usize::from(self.sections > 0 && text.contains("]]>"));
    }

    /// Whether a section ends, though the text that it was begun for seems to go on behind it.
    pub(super) fn ends_early(&self) -> bool {
        self.sections > 0 && self.remarks + self.elements + self.stray_ends > 0
    }

    /// See [`Element::is_whole`].
    pub(super) fn is_whole(&self) -> bool {
        let is_one = self.sections == 0 || self.sections == 1 && self.texts == 0;
        is_one && self.remarks + self.elements == 0
    }
}
