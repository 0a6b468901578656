//! The encoding of a configuration file: UTF-8, as TOML requires.

use std::path::Path;

use super::error::ConfigError;

/// Decodes a file's bytes.
///
/// # Errors
///
/// [`ConfigError::Encoding`], with the encoding that the bytes look like.
pub(super) fn decode(bytes: Vec<u8>, path: &Path) -> Result<String, ConfigError> {
    // Every second byte of ASCII text is zero in UTF-16, and none is in TOML.
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0) {
        return Err(encoding_error(path, 1, "UTF-16"));
    }
    String::from_utf8(bytes).map_err(|invalid| {
        let fine = &invalid.as_bytes()[..invalid.utf8_error().valid_up_to()];
        let line = fine.split(|&byte| byte == b'\n').count();
        encoding_error(path, line, "in another encoding, GBK or Latin-1 perhaps")
    })
}

fn encoding_error(path: &Path, line: usize, encoding: &'static str) -> ConfigError {
    ConfigError::Encoding { path: path.to_owned(), line, encoding }
}
