//! A child of the root, and the pieces that its content consists of.

use std::borrow::Cow;

/// A child of the root.
#[derive(Debug)]
pub(super) struct Element<'b> {
    /// The name, which is compared as bytes.
    pub(super) name: Cow<'b, [u8]>,
    pub(super) text: Cow<'b, str>,
    /// Offset of the start tag in the body.
    pub(super) at: usize,
    /// Whether the text is one piece of the body: nothing was joined, left out, or nested in it.
    pub(super) is_whole: bool,
}

impl Element<'_> {
    pub(super) fn into_owned(self) -> Element<'static> {
        let Self { name, text, at, is_whole } = self;
        let (name, text) = (Cow::Owned(name.into_owned()), Cow::Owned(text.into_owned()));
        Element { name, text, at, is_whole }
    }
}

/// Number of pieces of each kind in a child's content.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// CDATA sections.
    pub(super) sections: usize,
    /// Texts and references outside CDATA sections, white space not counted.
    pub(super) texts: usize,
    /// Comments and processing instructions.
    pub(super) remarks: usize,
    /// Nested elements.
    pub(super) elements: usize,
    /// Texts after a section that contain `]]>`.
    pub(super) stray_ends: usize,
}

impl Pieces {
    /// Counts a text outside sections.
    pub(super) fn add_text(&mut self, text: &str) {
        self.texts += 1;
        self.stray_ends += usize::from(self.sections > 0 && text.contains("]]>"));
    }

    /// Whether a CDATA section ends although its text seems to go on after it.
    pub(super) fn ends_early(&self) -> bool {
        self.sections > 0 && self.remarks + self.elements + self.stray_ends > 0
    }

    /// See [`Element::is_whole`].
    pub(super) fn is_whole(&self) -> bool {
        let is_one = self.sections == 0 || self.sections == 1 && self.texts == 0;
        is_one && self.remarks + self.elements == 0
    }
}
