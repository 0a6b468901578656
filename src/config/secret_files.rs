//! Secrets in files of their own, as orchestrators mount them.

use std::path::Path;

use secrecy::SecretString;

use super::{AppSection, Problem};

/// Reads an app's `secret_files` and adds what is in them to its `secrets`.
pub(super) fn read_into(app: &mut AppSection, path: &str, problems: &mut Vec<Problem>) {
    for (index, file) in app.secret_files.iter().enumerate() {
        match read(file) {
            Ok(secret) => app.secrets.push(secret),
            Err((what, hint)) => {
                problems.push(Problem::new(format!("{path}.secret_files[{index}]"), what, hint));
            }
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
            "write the app's secret into it, or take it off the list",
        )),
        secret => Ok(secret.into()),
    }
}
