//! An identity hasher: for keys that are good hashes already, such as fingerprints and signatures.

use std::hash::{BuildHasherDefault, Hasher};

/// Hashes a key by taking 64 bits of it.
#[derive(Debug, Default)]
pub(crate) struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

/// Builds an [`IdentityHasher`].
pub(crate) type BuildIdentityHasher = BuildHasherDefault<IdentityHasher>;
