//! Why a body is not XML of the platform's kind.

use super::{MAX_DEPTH, MAX_ELEMENTS};

/// Why a body is not XML of the platform's kind. Offsets are bytes, counted after a byte order mark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Where only markup may stand, the bytes are not UTF-8.
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
    /// An element is there again, so it is not clear which one was meant, or a text wrote one of them.
    #[error("the element <{element}> is repeated at byte {at}")]
    Repeated {
        /// Its name, shortened.
        element: String,
        /// Where it stands for the second time.
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

impl XmlError {
    /// Where it stands.
    pub(super) fn at(&self) -> usize {
        match *self {
            Self::NotUtf8 { at }
            | Self::Encoding { at }
            | Self::Doctype { at }
            | Self::TooDeep { at }
            | Self::TooManyElements { at }
            | Self::Repeated { at, .. }
            | Self::Malformed { at, .. } => at,
        }
    }

    /// The same error in the body as it came.
    pub(super) fn moved_to(mut self, place: usize) -> Self {
        match &mut self {
            Self::NotUtf8 { at }
            | Self::Encoding { at }
            | Self::Doctype { at }
            | Self::TooDeep { at }
            | Self::TooManyElements { at }
            | Self::Repeated { at, .. }
            | Self::Malformed { at, .. } => *at = place,
        }
        self
    }
}

fn within(element: &str) -> String {
    if element.is_empty() { String::new() } else { format!(" in <{element}>") }
}
