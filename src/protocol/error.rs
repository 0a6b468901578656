//! The errors of a body that is not one of the platform's messages.

use super::xml::XmlError;

/// The reason why a body is not one of the platform's messages. Offsets are bytes, counted after a byte order mark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A body that is not XML of the platform's kind.
    #[error("not an XML message: {0}")]
    Xml(#[from] XmlError),
    /// A missing element that every message of its kind has.
    #[error("the element <{element}> is missing")]
    Missing {
        /// The element's name.
        element: &'static str,
    },
    /// An empty element that must have a text.
    #[error("the element <{element}> at byte {at} is empty")]
    Empty {
        /// The element's name.
        element: &'static str,
        /// Offset of the element.
        at: usize,
    },
    /// An element whose text has the wrong form.
    #[error("the element <{element}> at byte {at} is not {expected}")]
    Malformed {
        /// The element's name.
        element: &'static str,
        /// The right form, as a noun.
        expected: &'static str,
        /// Offset of the element.
        at: usize,
    },
}
