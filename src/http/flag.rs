//! Serde's form of an optional flag of both APIs (`show_cover_pic`): `"1"` is yes, `"0"` is no.
//!
//! A flag that is not set is left out, so its field needs `#[serde(default, skip_serializing_if = "Option::is_none")]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
enum Flag {
    #[serde(rename = "0")]
    No,
    #[serde(rename = "1")]
    Yes,
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a field over like this"
)]
pub(crate) fn serialize<S: Serializer>(flag: &Option<bool>, serializer: S) -> Result<S::Ok, S::Error> {
    flag.map(|is_set| if is_set { Flag::Yes } else { Flag::No }).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(Some(matches!(Flag::deserialize(deserializer)?, Flag::Yes)))
}
