//! Secrets in files of their own, as orchestrators mount them.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::Problem;

/// Reads `files`, the list at `key`, and adds what is in them to `secrets`.
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

fn read(file: &Path) -> Result<SecretString, (String, &'static str)> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let hint =
            "name a file that this process may read; a relative path starts in its working folder";
        (format!("cannot read {}: {error}", file.display()), hint)
    })?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err((
            format!("{} is empty", file.display()),
            "write the secret into it, or take it off the list",
        )),
        secret => Ok(secret.into()),
    }
}
