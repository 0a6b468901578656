//! Whether an answer shows what users and bots wrote.

/// Whether the texts of an answer are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    /// Shown, and each entry with its bytes.
    WithBodies,
    Shown,
    Hidden,
}

impl Texts {
    pub(super) fn shown_if(is_shown: bool) -> Self {
        if is_shown { Self::Shown } else { Self::Hidden }
    }

    pub(super) fn are_shown(self) -> bool {
        self != Self::Hidden
    }

    /// A value that only those see who may read it.
    pub(super) fn show<T>(self, value: impl FnOnce() -> T) -> Option<T> {
        self.are_shown().then(value)
    }
}
