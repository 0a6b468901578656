//! The properties of every body and every text in one: what is read is bounded, is written and read back the same, and
//! has no element that its platform did not write.

use std::collections::HashSet;

use rongcloud_callback::protocol::{
    Content, Inbound, Message, parse, sender,
    xml::{Fields, MAX_ELEMENTS},
};

/// The bytes are a callback's body, and a text in one; and, around a line feed, two texts in one.
pub fn check(bytes: &[u8]) {
    body(bytes);
    one_text(bytes);
    let mut texts = bytes.splitn(2, |&byte| byte == b'\n');
    let first = texts.next().unwrap_or_default();
    two_texts(first, texts.next().unwrap_or_default());
}

fn body(bytes: &[u8]) {
    if let Ok(fields) = Fields::read(bytes) {
        let names: HashSet<_> = fields.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        assert_eq!(names.len(), fields.iter().count(), "no element is there twice");
        assert!(names.len() < MAX_ELEMENTS);
        for xml in [fields.to_xml(), fields.to_documented_xml()] {
            assert_eq!(Fields::read(xml.as_bytes()).as_ref(), Ok(&fields));
        }
    }
    if let Ok(inbound) = parse(bytes) {
        let again = parse(inbound.to_xml().as_bytes()).expect("what we write is read");
        assert_eq!(again, inbound);
        let app = "app".into();
        assert_eq!(again.dedup_key(&app), inbound.dedup_key(&app), "a duplicate stays one");
        assert_eq!(again.conversation_key(&app), inbound.conversation_key(&app));
        assert_eq!(sender(bytes), Some((inbound.account, inbound.user)));
    }
}

/// A body as a platform writes it that escapes nothing.
pub fn unescaped(elements: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = b"<xml>".to_vec();
    for (name, text) in elements {
        body.extend_from_slice(format!("\n <{name}><![CDATA[").as_bytes());
        body.extend_from_slice(text);
        body.extend_from_slice(format!("]]></{name}>").as_bytes());
    }
    body.extend_from_slice(b"\n <MsgId>7</MsgID>\n</xml>");
    body
}

/// A text message is read whatever is written, and says that, wherever in the message the text stands.
pub fn one_text(text: &[u8]) {
    let common: [(&str, &[u8]); 4] =
        [("ToUserName", b"a"), ("FromUserName", b"u"), ("CreateTime", b"1"), ("MsgType", b"text")];
    for before in [4, 2, 0] {
        let mut elements = common.to_vec();
        elements.insert(before, ("Content", text));
        let inbound = parse(&unescaped(&elements)).expect("no text makes a message unreadable");
        let Content::Message(Message::Text(read)) = &inbound.content else { panic!("{inbound:?}") };
        assert_same(&read.content, text);
        let said = Message::Text(rongcloud_callback::Text { content: read.content.clone() });
        let expected = Inbound::new("a", "u", 1, Content::Message(said)).with_message_id("7");
        assert_eq!(inbound, expected);
    }
}

/// Where there are several texts, each is read where it was written, or none is.
pub fn two_texts(first: &[u8], second: &[u8]) {
    let texts: [&[(&str, &[u8])]; 2] = [
        &[("MsgType", b"imgtxt"), ("Title", first), ("Description", second), ("Url", b"x")],
        &[("MsgType", b"file"), ("Name", first), ("Note", second)],
    ];
    for texts in texts {
        let common: [(&str, &[u8]); 2] = [("FromUserName", b"u"), ("ToUserName", b"a")];
        let body = unescaped(&[&common[..], texts].concat());
        assert_eq!(sender(&body), Some(("a".into(), "u".into())));
        if let Ok(inbound) = parse(&body) {
            assert_as_written(&inbound, texts);
        }
    }
}

fn assert_as_written(inbound: &Inbound, texts: &[(&str, &[u8])]) {
    let fields = Fields::read(inbound.to_xml().as_bytes()).expect("what we write is read");
    let mut names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
    let mut written = vec!["ToUserName", "FromUserName", "MsgId"];
    written.extend(texts.iter().map(|(name, _)| *name));
    if texts[0].1 == b"imgtxt" {
        // The library writes it, though the body has none.
        written.push("PicUrl");
    }
    names.sort_unstable();
    written.sort_unstable();
    assert_eq!(names, written);
    let common: [(&str, &[u8]); 3] = [("ToUserName", b"a"), ("FromUserName", b"u"), ("MsgId", b"7")];
    for (name, text) in common.iter().chain(texts) {
        assert_same(fields.get(name).expect("it is there"), text);
    }
}

/// A text is what was written; XML reads something else only where the text has sections of its own.
fn assert_same(read: &str, written: &[u8]) {
    let written = String::from_utf8_lossy(written).replace("\r\n", "\n").replace('\r', "\n");
    let is_forbidden =
        |c: char| c < ' ' && !matches!(c, '\t' | '\n') || matches!(c, '\u{fffe}' | '\u{ffff}');
    let has_sections = written.contains("]]>") && written.contains("<![CDATA[");
    if !has_sections {
        assert_eq!(read, written.replace(is_forbidden, "\u{fffd}"));
    }
}
