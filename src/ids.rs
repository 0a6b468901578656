//! Identifiers of the platform, each a type of its own so that they cannot be mixed up.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an identifier as the platform wrote it.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The identifier as the platform wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

id! {
    /// An app on the platform (App Key): the tenant that every other id lives in.
    AppKey
}
id! {
    /// A public account (公众号) of an app; on the wire `mcid`, `mcId` or `ToUserName`.
    AccountId
}
id! {
    /// A user of the app; on the wire `FromUserName` or `userId`.
    UserId
}
id! {
    /// A message from a user (`MsgId`); unique per user only, and opaque.
    MessageId
}
id! {
    /// A menu entry of an account (`menuId`).
    MenuId
}
id! {
    /// An uploaded picture, voice or article (`media_id`).
    MediaId
}

/// A stranger's text for a log line: its first 512 bytes. Real ids have some dozens of bytes and are shown whole.
pub(crate) fn shortened(id: &str) -> Cow<'_, str> {
    const MOST: usize = 512;
    if id.len() <= MOST {
        return Cow::Borrowed(id);
    }
    let end = id.floor_char_boundary(MOST);
    Cow::Owned(format!("{}… ({} bytes)", &id[..end], id.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_id_is_cut_between_two_characters_and_its_length_is_told() {
        assert_eq!(shortened(&"x".repeat(512)), "x".repeat(512));
        assert_eq!(shortened(&"字".repeat(200)), format!("{}… (600 bytes)", "字".repeat(170)));
    }
}
