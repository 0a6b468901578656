//! Texts as the bytes of entries may contain them, so that a journal leaves out most of the entries that do not.

use bytes::Bytes;

/// The forms of a text in an entry's bytes: as it is, in XML, and in JSON.
///
/// A body may write each character in many ways; whoever writes one in an unusual way is not found by its text.
pub(super) fn of_text(text: &str) -> Vec<Bytes> {
    let mut forms = vec![text.to_owned()];
    let json = serde_json::Value::from(text).to_string();
    let mut others = vec![json[1..json.len() - 1].to_owned()];
    // CDATA and ordinary texts differ in these three; quotes may be written either way.
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    others.push(escaped.replace('"', "&quot;").replace('\'', "&apos;"));
    others.push(escaped);
    for other in others {
        if !forms.contains(&other) {
            forms.push(other);
        }
    }
    forms.into_iter().map(Bytes::from).collect()
}

/// The word that the bytes of entries of a kind contain; none if they need not contain any.
pub(super) fn of_kind(kind: &str) -> Vec<Bytes> {
    let word: &'static [u8] = match kind {
        "text" => b"text",
        "image" => b"image",
        "voice" => b"voice",
        "location" => b"location",
        "image_text" => b"imgtxt",
        "subscribe" => b"subscribe",
        "unsubscribe" => b"unsubscribe",
        "unknown_event" => b"event",
        "news" => b"news",
        "mpnews" => b"mpnews",
        "reminder" => b"payloads",
        _ => return Vec::new(),
    };
    vec![Bytes::from_static(word)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_looked_for_as_it_is_in_xml_and_in_json() {
        assert_eq!(of_text("查订单"), ["查订单"]);
        assert_eq!(
            of_text("a<b & \"c\""),
            ["a<b & \"c\"", "a<b & \\\"c\\\"", "a&lt;b &amp; &quot;c&quot;", "a&lt;b &amp; \"c\""]
        );
    }
}
