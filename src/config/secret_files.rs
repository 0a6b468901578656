//! Secrets in files of their own, as orchestrators mount them.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::{stray, toml_values::Problem};

/// Reads `files`, the list at `key`, and adds their secrets to `secrets`.
pub(super) fn read_into(
    secrets: &mut Vec<SecretString>,
    files: &[PathBuf],
    key: &str,
    problems: &mut Vec<Problem>,
) {
    for (index, file) in files.iter().enumerate() {
        match read(file) {
            Ok(secret) => secrets.push(secret),
            Err((what, hint)) => problems.push(Problem::new(format!("{key}[{index}]"), what, hint)),
        }
    }
}

/// Reads one secret: the file's text without the line end that editors add.
pub(super) fn read(file: &Path) -> Result<SecretString, (String, &'static str)> {
    let path = file.display();
    let bytes = std::fs::read(file).map_err(|error| {
        let hint =
            "name a file that this process may read; a relative path starts in its working folder";
        (format!("cannot read {path}: {error}"), hint)
    })?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Err((format!("the text in {path} is not UTF-8"), stray::HINT));
    };
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        let hint = "write the secret into it, or take it off the list";
        return Err((format!("{path} is empty"), hint));
    }
    match stray::found_in(secret) {
        Some(stray) => Err((format!("the secret in {path} {stray}"), stray::HINT)),
        None => Ok(secret.into()),
    }
}

/// Looks for stray characters in the token of a file that is read again at each call. The file may be missing still.
pub(super) fn find_stray(file: &Path) -> Option<String> {
    let bytes = std::fs::read(file).ok()?;
    let stray = match std::str::from_utf8(&bytes) {
        Ok(text) => stray::found_in(text.trim())?,
        Err(_) => "is not UTF-8",
    };
    Some(format!("the token in {} {stray}", file.display()))
}
