//! Short values that stand for longer ones, the same on every replica: the keys of entries, and 128 bits of SHA-256 for
//! conversations and bodies.

use bytes::BytesMut;
use sha2::{Digest as _, Sha256};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

use crate::journal::{EntryKey, entry::ConversationToken};

type BoxedError = Box<dyn std::error::Error + Sync + Send>;

/// The hash by which a longer value is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct KeyHash([u8; 16]);

impl KeyHash {
    /// The hash of `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut hash = Self::default();
        hash.0.copy_from_slice(&Sha256::digest(bytes)[..16]);
        hash
    }
}

impl From<ConversationToken> for KeyHash {
    fn from(ConversationToken(bytes): ConversationToken) -> Self {
        Self(bytes)
    }
}

impl From<KeyHash> for ConversationToken {
    fn from(hash: KeyHash) -> Self {
        Self(hash.0)
    }
}

impl ToSql for KeyHash {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        (&self.0[..]).to_sql(kind, out)
    }

    accepts!(BYTEA);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for KeyHash {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(Self(<&[u8]>::from_sql(kind, raw)?.try_into()?))
    }

    accepts!(BYTEA);
}

impl ToSql for EntryKey {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        self.as_bytes().to_sql(kind, out)
    }

    accepts!(BYTEA);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for EntryKey {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(<[u8; Self::LENGTH]>::try_from(<&[u8]>::from_sql(kind, raw)?)?.into())
    }

    accepts!(BYTEA);
}
