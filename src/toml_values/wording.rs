//! The phrases of parsers, in words for the person who wrote the file.

use std::borrow::Cow;

use toml::Value;

/// The form of an address in words.
const ADDRESS: &str = "an IP address with its port, such as \"0.0.0.0:8080\"";
/// The form of a table in words.
const TABLE: &str = "a table of keys";

/// The mistake that a parser's `message` means, for the value that the parser found.
///
/// A message that begins with "is" is one of our own, and stays as it is.
pub(super) fn in_words(message: &str, found: Option<&Value>) -> String {
    if message.starts_with("is ") {
        return message.to_owned();
    }
    if message.contains("variant") && !message.starts_with("unknown") {
        let found = found.map_or_else(String::new, |found| format!("{} ", describe(found)));
        return format!("{found}is not a word that can stand here");
    }
    if let Some((found, wanted)) = found_and_wanted(message) {
        return match describe_wanted(wanted, found) {
            // The value may be a secret that was written in the place of the table.
            Cow::Borrowed(table @ TABLE) => format!("is not {table}"),
            wanted => format!("{} is not {wanted}", describe_found(found)),
        };
    }
    if let Some((name, wanted)) =
        message.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", expected "))
    {
        let names = wanted.strip_prefix("one of ").unwrap_or(wanted);
        return format!("{} is none of the words that can stand here: {names}", name.replace('`', "\""));
    }
    match found {
        Some(found) if message == "invalid socket address syntax" => {
            format!("{} is not {ADDRESS}", describe(found))
        }
        _ => message.to_owned(),
    }
}

/// A value, as a sentence names it.
fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{text}\""),
        Value::Integer(_) | Value::Float(_) => format!("the number {value}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        Value::Boolean(_) | Value::Datetime(_) => value.to_string(),
    }
}

/// The value that serde found and the one that it wanted, in its own words.
fn found_and_wanted(message: &str) -> Option<(&str, &str)> {
    let rest =
        message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    rest.rsplit_once(", expected ")
}

fn describe_found(found: &str) -> Cow<'_, str> {
    if let Some(text) = found.strip_prefix("string ") {
        return text.into();
    }
    for kind in ["integer ", "floating point "] {
        if let Some(number) = found.strip_prefix(kind) {
            return format!("the number {}", number.trim_matches('`')).into();
        }
    }
    match found {
        "map" => "a table".into(),
        "sequence" => "a list".into(),
        _ => found.replace('`', "").into(),
    }
}

fn describe_wanted<'a>(wanted: &'a str, found: &str) -> Cow<'a, str> {
    match wanted {
        "usize" | "u64" | "u32" if found.contains('-') => "a whole number from 0 on".into(),
        "usize" | "u64" if found.starts_with("integer") => "a number of a sensible size".into(),
        "u32" if found.starts_with("integer") => format!("at most {}", u32::MAX).into(),
        "usize" | "u64" | "u32" => "a whole number, without quotes".into(),
        "a boolean" => "true or false, without quotes".into(),
        "a string" => "a text in quotes".into(),
        "a sequence" => "a list, such as [\"…\"]".into(),
        "socket address" => ADDRESS.into(),
        "parsable string" => "a size with its unit, such as \"64KiB\"".into(),
        "a map" => TABLE.into(),
        wanted if wanted.starts_with("struct ") || wanted.contains(" enum") => TABLE.into(),
        wanted => wanted.into(),
    }
}
