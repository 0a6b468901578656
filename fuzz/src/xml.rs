//! What must hold for every body: what is read is what quick-xml reads, and is written and read back the same.

use quick_xml::{Reader, escape::resolve_xml_entity, events::Event};
use rongcloud_callback::protocol::{
    parse,
    xml::{Fields, MAX_ELEMENTS},
};

/// The bytes are a callback's body.
pub fn check(bytes: &[u8]) {
    if let Ok(fields) = Fields::read(bytes) {
        assert!(fields.iter().count() < MAX_ELEMENTS);
        let text = std::str::from_utf8(bytes).expect("only UTF-8 is read");
        assert_eq!(fields, Fields::from_iter(children(text)));
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
    }
}

/// The children of the root by quick-xml's reader, which knows nothing of our bounds.
fn children(body: &str) -> Vec<(String, String)> {
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    let mut reader = Reader::from_str(body);
    reader.config_mut().check_end_names = false;
    let position = |reader: &Reader<&[u8]>| usize::try_from(reader.buffer_position()).expect("it fits");
    let (mut depth, mut content, mut children) = (0, 0, Vec::<(String, String)>::new());
    // Whether the child has children of its own: it keeps its inner XML.
    let mut nested = false;
    loop {
        let at = position(&reader);
        let event = reader.read_event().expect("well-formed where we read it");
        let mut add = |text: &str| {
            if depth == 2 {
                children.last_mut().expect("a child").1.push_str(text);
            }
        };
        match event {
            Event::Text(text) => add(&text.xml10_content()),
            Event::CData(text) => add(&text.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().expect("a character") {
                Some(c) => add(&c.to_string()),
                None => add(resolve_xml_entity(&reference).expect("one of the five")),
            },
            Event::Start(tag) => {
                depth += 1;
                nested = depth > 2;
                if depth == 2 {
                    children.push((tag.name().as_ref().to_owned(), String::new()));
                    content = position(&reader);
                }
            }
            Event::Empty(tag) if depth == 1 => {
                children.push((tag.name().as_ref().to_owned(), String::new()));
            }
            Event::Empty(_) => nested = depth > 1,
            Event::End(_) => {
                depth -= 1;
                if depth == 1 && nested {
                    body[content..at].clone_into(&mut children.last_mut().expect("a child").1);
                }
            }
            Event::Eof => return children,
            Event::Decl(declaration) => {
                let encoding = declaration.encoding().map(|name| name.expect("attributes"));
                let is_utf8 = |name: &str| matches!(&*name.to_ascii_lowercase(), "utf-8" | "utf8");
                assert!(encoding.is_none_or(|name| is_utf8(&name)));
            }
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}
