//! The errors of a body that is not XML of the platform's kind.

use super::{MAX_DEPTH, MAX_ELEMENTS};

/// The reason why a body is not XML of the platform's kind. Offsets are bytes, counted after a byte order mark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Bytes that are not UTF-8, in a place where only markup may stand.
    #[error("not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        at: usize,
    },
    /// A declaration of another encoding: the text cannot be trusted to mean what its bytes say in UTF-8.
    #[error("an encoding other than UTF-8 is declared at byte {at}")]
    Encoding {
        /// Offset of the declaration.
        at: usize,
    },
    /// A DOCTYPE, which no message needs and attacks do.
    #[error("a DOCTYPE at byte {at}")]
    Doctype {
        /// Offset of the DOCTYPE.
        at: usize,
    },
    /// More than [`MAX_DEPTH`] levels of elements.
    #[error("more than {MAX_DEPTH} levels of elements at byte {at}")]
    TooDeep {
        /// Offset of the first element that is too deep.
        at: usize,
    },
    /// More than [`MAX_ELEMENTS`] elements.
    #[error("more than {MAX_ELEMENTS} elements at byte {at}")]
    TooManyElements {
        /// Offset of the first element too many.
        at: usize,
    },
    /// An element that is there twice: it is not clear which one is meant, and a user's text may have written one of them.
    #[error("the element <{element}> is repeated at byte {at}")]
    Repeated {
        /// The element's name, shortened.
        element: String,
        /// Offset of the second one.
        at: usize,
    },
    /// XML that is not well-formed, or does not have exactly one root called `xml`.
    #[error("{what} at byte {at}{}", within(.element))]
    Malformed {
        /// A noun for the mistake.
        what: &'static str,
        /// Offset of the mistake.
        at: usize,
        /// The innermost element around the mistake, shortened; empty outside the root.
        element: String,
    },
}

impl XmlError {
    /// The offset of the mistake.
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

    /// This error at another offset: the one in the body as it came, before it was mended.
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
