//! Lenient reading of answers: a number that comes as a string, a string that comes as a number, null.
//!
//! A call that was carried out must not be reported as failed because a field has another type than the document says:
//! its caller would make it twice. So no field is refused here; a value that cannot be read is the empty one.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Parses the JSON value that an answer begins with, behind a byte order mark and white space; null if there is none.
pub(crate) fn parse_first(answer: &str) -> Value {
    let answer = answer.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let first = serde_json::Deserializer::from_str(answer).into_iter().next();
    first.and_then(Result::ok).unwrap_or_default()
}

/// Reads a whole number, whether or not it is in quotation marks.
pub(crate) fn to_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => {
            number.as_i64().or_else(|| number.to_string().strip_suffix(".0")?.parse().ok())
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Reads a text, whether or not it is in quotation marks.
pub(crate) fn to_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Reads a text or an id that must be there and may be null.
pub(crate) fn text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    Ok(to_text(Value::deserialize(deserializer)?).unwrap_or_default().into())
}

/// Reads a text or an id that need not be there.
pub(crate) fn optional_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    Ok(to_text(Value::deserialize(deserializer)?).map(T::from))
}

/// Reads a whole number; 0 for any other value.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(to_integer(&Value::deserialize(deserializer)?).unwrap_or_default())
}

/// Reads a yes or no; no for any other value.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(to_integer(&value).map_or_else(
        || value == true || value.as_str().is_some_and(|text| text.trim().eq_ignore_ascii_case("true")),
        |number| number != 0,
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_in_every_spelling() {
        for (value, number) in [
            (json!(7), Some(7)),
            (json!(-7), Some(-7)),
            (json!("7"), Some(7)),
            (json!(" 7 "), Some(7)),
            (json!(7.0), Some(7)),
            (json!(7.5), None),
            (json!(""), None),
            (json!("seven"), None),
            (json!(true), None),
            (json!(null), None),
            (json!([7]), None),
        ] {
            assert_eq!(to_integer(&value), number, "{value}");
        }
    }

    #[test]
    fn flags_are_read_in_every_spelling() {
        for yes in [json!(true), json!("true"), json!("True "), json!(1), json!("1")] {
            assert_eq!(flag(&yes).ok(), Some(true), "{yes}");
        }
        for no in [json!(false), json!("false"), json!(0), json!("0"), json!(null), json!(""), json!({})]
        {
            assert_eq!(flag(&no).ok(), Some(false), "{no}");
        }
    }

    #[test]
    fn an_answer_is_what_it_begins_with() {
        for text in ["{\"a\":1}", "\u{feff}{\"a\":1}", "\r\n \u{feff}{\"a\":1}\0 and more"] {
            assert_eq!(parse_first(text), json!({"a": 1}), "{text:?}");
        }
        for text in ["", "\u{feff}", "{\"a\":", "<html>", "ok {\"a\":1}"] {
            assert_eq!(parse_first(text), Value::Null, "{text:?}");
        }
    }
}
