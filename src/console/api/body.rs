//! The bytes of an entry.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The bytes of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BodyView {
    /// The bytes as text, where they are UTF-8.
    pub text: Option<String>,
    /// The bytes in base64, where they are not UTF-8.
    pub base64: Option<String>,
    /// The form: `xml`, `json`, `text` or `binary`.
    #[serde(rename = "type")]
    pub form: String,
    /// How many bytes there are.
    pub bytes: u64,
    /// Whether the bytes are hidden for want of the right `bodies`.
    pub hidden: bool,
}
