//! Writes flat messages in the documents' form.

use super::Fields;

/// The spelling of the end tag of `MsgId`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum EndTags {
    WellFormed,
    AsDocumented,
}

/// The elements that the documents print without CDATA.
const BARE: [&str; 4] = ["CreateTime", "Location_X", "Location_Y", "MsgId"];

pub(super) fn write(fields: &Fields, end_tags: EndTags) -> String {
    let mut xml = String::from("<xml>\n");
    for (name, text) in fields.iter() {
        let end = if name == "MsgId" && end_tags == EndTags::AsDocumented { "MsgID" } else { name };
        // A section can hold neither its own end nor a carriage return.
        let is_bare = BARE.contains(&name) || text.contains("]]>") || text.contains('\r');
        let text = if is_bare { escaped(text) } else { cdata(text) };
        xml.extend([" <", name, ">", &text, "</", end, ">\n"]);
    }
    xml + "</xml>"
}

fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            // A reader turns a bare carriage return into a line feed.
            '\r' => xml.push_str("&#13;"),
            c => xml.push(carried(c)),
        }
    }
    xml
}

fn cdata(text: &str) -> String {
    let text: String = text.chars().map(carried).collect();
    format!("<![CDATA[{text}]]>")
}

fn carried(c: char) -> char {
    if super::characters::is_xml_char(c) { c } else { char::REPLACEMENT_CHARACTER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_form_is_printed_with_its_slip_and_without() {
        let fields = [("Content", "a]]b"), ("Note", "a]]>\r"), ("CreateTime", "7"), ("MsgId", "x&y")];
        let fields = Fields::from_iter(fields);
        let expected = "<xml>\n <Content><![CDATA[a]]b]]></Content>\n <Note>a]]&gt;&#13;</Note>\n \
                        <CreateTime>7</CreateTime>\n <MsgId>x&amp;y</MsgID>\n</xml>";
        assert_eq!(fields.to_documented_xml(), expected);
        assert_eq!(fields.to_xml(), expected.replace("MsgID", "MsgId"));
    }

    #[test]
    fn what_cannot_be_carried_is_replaced() {
        let fields = Fields::from_iter([("a", "\0\u{1f}\u{ffff}"), ("MsgId", "\u{b}")]);
        let read = Fields::read(fields.to_xml().as_bytes()).unwrap();
        assert_eq!(read, Fields::from_iter([("a", "\u{fffd}\u{fffd}\u{fffd}"), ("MsgId", "\u{fffd}")]));
    }
}
