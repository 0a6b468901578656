//! Fields of an answer, read as what they mean: a number that comes as a string, a string that comes as a number, null.
//!
//! What was carried out must not be reported as failed because a field has another type than the document says, and
//! what is sent again because of that is sent twice. So nothing is refused here: what says nothing is the empty value.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The first JSON value of an answer; null if it does not begin with one, but for a byte order mark and white space.
pub(crate) fn json(answer: &str) -> Value {
    let answer = answer.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let first = serde_json::Deserializer::from_str(answer).into_iter().next();
    first.and_then(Result::ok).unwrap_or_default()
}

/// A whole number, whether or not it is in quotation marks.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => {
            number.as_i64().or_else(|| number.to_string().strip_suffix(".0")?.parse().ok())
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A text, whether or not it is in quotation marks.
pub(crate) fn written(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A text or an id that must be there and may be null.
pub(crate) fn text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    Ok(written(Value::deserialize(deserializer)?).unwrap_or_default().into())
}

/// A text or an id that need not be there.
pub(crate) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    Ok(written(Value::deserialize(deserializer)?).map(T::from))
}

/// A whole number; 0 for what is none.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(whole(&Value::deserialize(deserializer)?).unwrap_or_default())
}

/// A yes or no; no for what is neither.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(whole(&value).map_or_else(
        || value == true || value.as_str().is_some_and(|text| text.trim().eq_ignore_ascii_case("true")),
        |number| number != 0,
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{json as first, *};

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
            assert_eq!(whole(&value), number, "{value}");
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
            assert_eq!(first(text), json!({"a": 1}), "{text:?}");
        }
        for text in ["", "\u{feff}", "{\"a\":", "<html>", "ok {\"a\":1}"] {
            assert_eq!(first(text), Value::Null, "{text:?}");
        }
    }
}
