//! The files that commands read, or standard input in their place.

use std::{fs, io::Read as _, path::Path};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;

/// Reads a file; `-` stands for standard input.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    bytes.map_err(|error| {
        Failure::yours(error)
            .at(format!("cannot read {}", display_name(path)))
            .hint("name a file that exists, or - for standard input")
    })
}

/// Reads JSON; `hint` says how to write it.
pub(crate) fn read_json(path: &Path, hint: &str) -> Result<Value, Failure> {
    let bytes = read(path)?;
    if bytes.trim_ascii().is_empty() {
        return Err(wrong_content_error(anyhow::anyhow!("it is empty"), path, hint));
    }
    serde_json::from_slice(&bytes).map_err(|error| wrong_content_error(error, path, hint))
}

/// Reads articles: a list, or an object with a list `articles`, as the documents write it.
pub(crate) fn read_articles<T: DeserializeOwned>(path: &Path, hint: &str) -> Result<Vec<T>, Failure> {
    let articles = match read_json(path, hint)? {
        Value::Object(mut object) => object.remove("articles").unwrap_or_default(),
        list => list,
    };
    if !articles.is_array() {
        return Err(wrong_content_error(anyhow::anyhow!("it has no list of articles"), path, hint));
    }
    serde_json::from_value(articles).map_err(|error| wrong_content_error(error, path, hint))
}

/// The failure where a file has not the content that a command sends; `hint` says how to write it.
pub(crate) fn wrong_content_error(error: impl Into<anyhow::Error>, path: &Path, hint: &str) -> Failure {
    Failure::yours(error)
        .at(format!("{} does not hold what is to be sent", display_name(path)))
        .hint(hint)
}

/// The name of a file as messages show it.
pub(crate) fn display_name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}
