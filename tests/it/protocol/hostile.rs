//! Bodies that are broken, or meant to break the reader.

use rongcloud_callback::protocol::{
    Content, Message, ParseError, parse,
    xml::{Fields, XmlError},
};

use crate::fixtures::{fixture, names};

fn read(xml: &str) -> Result<Fields, XmlError> {
    Fields::read(xml.as_bytes())
}

fn refused(xml: impl AsRef<[u8]>) -> String {
    Fields::read(xml.as_ref()).map_or_else(|e| e.to_string(), |fields| format!("accepted: {fields:?}"))
}

fn content(body: &[u8]) -> String {
    match parse(body).map(|inbound| inbound.content) {
        Ok(Content::Message(Message::Text(text))) => text.content,
        other => panic!("{other:?}"),
    }
}

fn text_message() -> String {
    fixture("rongcloud/接收消息/文本消息格式/message.xml")
}

#[test]
fn a_sample_cut_off_anywhere_is_an_error() {
    for name in names("/message.xml") {
        let body = fixture(&name);
        let body = body.trim_end().as_bytes();
        for end in 0..body.len() {
            let cut = parse(&body[..end]);
            assert!(matches!(cut, Err(ParseError::Xml(_))), "{name} cut at {end}: {cut:?}");
        }
    }
}

#[test]
fn text_may_come_in_every_form_that_xml_has() {
    let forms = [
        "<![CDATA[a<b]]>",
        "a&lt;b",
        "a&#60;b",
        "a&#x3C;b",
        "<![CDATA[a]]><![CDATA[<b]]>",
        "<![CDATA[a]]>&lt;b",
        "a<![CDATA[<]]>b",
        "a<!-- < --><?x < ?>&lt;b",
    ];
    for form in forms {
        let body = text_message().replace("<![CDATA[content]]>", form);
        assert_eq!(content(body.as_bytes()), "a<b", "{form}");
    }
}

#[test]
fn what_stands_around_the_elements_does_not_matter() {
    let body = text_message();
    for (before, after) in [
        ("\u{feff}", ""),
        ("\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n", "\r\n"),
        ("<?xml version='1.0' encoding='utf-8' standalone='yes'?>", "<!-- end -->"),
        ("<?xml version=\"1.0\"?>\n<!-- begin --><?style x?>\n\n", "\n\t "),
    ] {
        let body =
            format!("{before}{body}{after}").replace("<Content>", "\t<!-- --><Content a='>' b=\"<\">");
        assert_eq!(content(body.as_bytes()), "content", "{body}");
    }
}

#[test]
fn line_ends_become_line_feeds_but_a_reference_stays_what_it_says() {
    let fields = read("<xml><a>1\r\n2\r3&#13;\n4</a><b><![CDATA[1\r\n2]]></b></xml>").unwrap();
    assert_eq!(fields, Fields::from_iter([("a", "1\n2\n3\r\n4"), ("b", "1\n2")]));
}

#[test]
fn a_child_with_children_keeps_its_inner_xml() {
    let fields = read("<xml><a> <b x='1'>&amp;</B><c/>\u{e9} </a><d/></xml>").unwrap();
    assert_eq!(fields, Fields::from_iter([("a", " <b x='1'>&amp;</B><c/>\u{e9} "), ("d", "")]));
    assert_eq!(read(&fields.to_xml()), Ok(fields));
}

#[test]
fn a_doctype_is_refused_before_its_entities_mean_anything() {
    let bomb =
        "<!DOCTYPE xml [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><xml><t>&b;</t></xml>";
    assert_eq!(refused(bomb), "a DOCTYPE at byte 0");
    assert_eq!(refused("<!doctype xml SYSTEM 'file:///etc/passwd'><xml/>"), "a DOCTYPE at byte 0");
    assert_eq!(refused("<xml><!DOCTYPE a></xml>"), "a DOCTYPE at byte 5");
}

#[test]
fn entities_beyond_the_five_and_references_to_no_character_are_refused() {
    for entity in ["&nbsp;", "&a;", "&LT;", "&;"] {
        let message = "an entity that is not one of XML's five at byte 8 in <a>";
        assert_eq!(refused(format!("<xml><a>{entity}</a></xml>")), message, "{entity}");
    }
    for reference in [
        "&#1;",
        "&#0;",
        "&#x1F;",
        "&#xFFFF;",
        "&#xD800;",
        "&#x110000;",
        "&#99999999999;",
        "&#;",
        "&#-1;",
        "&#+65;",
        "&#x+41;",
        "&#X41;",
    ] {
        let message = "a reference to no character of XML at byte 8 in <a>";
        assert_eq!(refused(format!("<xml><a>{reference}</a></xml>")), message, "{reference}");
    }
    for bare in ["<xml><a>a & b</a></xml>", "<xml><a>&</a></xml>", "<xml><a>&lt</a></xml>"] {
        assert!(refused(bare).starts_with("a `&` that begins no reference at byte"), "{bare}");
    }
    assert!(refused("<xml><a><b>&nbsp;</b></a></xml>").starts_with("an entity"), "also in inner XML");
}

#[test]
fn depth_and_number_of_elements_are_bounded() {
    let nested = |levels: usize| "<a>".repeat(levels - 1) + "</a>".repeat(levels - 1).as_str();
    assert!(read(&format!("<xml>{}</xml>", nested(8))).is_ok());
    assert_eq!(
        refused(format!("<xml>{}</xml>", nested(9))),
        "more than 8 levels of elements at byte 26"
    );
    assert_eq!(
        refused(format!("<xml>{}", "<a>".repeat(1_000_000))),
        "more than 8 levels of elements at byte 26"
    );
    assert!(read(&format!("<xml>{}</xml>", "<a/>".repeat(127))).is_ok());
    let many = format!("<xml>{}</xml>", "<a></a>".repeat(10_000));
    assert_eq!(refused(many), "more than 128 elements at byte 894");
}

#[test]
fn other_encodings_are_refused_with_the_place() {
    let text = text_message();
    let gbk = [text.split("content").next().unwrap().as_bytes(), b"\xC4\xE3\xBA\xC3"].concat();
    assert_eq!(refused(&gbk), format!("not UTF-8 at byte {}", gbk.len() - 4));
    let utf16: Vec<u8> = "\u{feff}<xml/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(refused(&utf16), "not UTF-8 at byte 0");
    let unmarked: Vec<u8> = "<xml/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(refused(&unmarked), "a character that XML does not allow at byte 0");
    let declared = "<?xml version=\"1.0\" encoding=\"GBK\"?><xml/>";
    assert_eq!(refused(declared), "an encoding other than UTF-8 is declared at byte 0");
    for unclear in [
        "encoding=utf-8",
        "encoding='utf-8\"",
        "x encoding='gbk'",
        "v='encoding=\"utf-8\"' encoding='gbk'",
        "x",
        "='x'",
    ] {
        let declared = format!("<?xml {unclear}?><xml/>");
        assert_eq!(refused(declared), "an encoding other than UTF-8 is declared at byte 0", "{unclear}");
    }
    for character in ["\0", "\u{1b}", "\u{1f}", "\u{ffff}"] {
        let message = "a character that XML does not allow at byte 17";
        assert_eq!(refused(format!("<xml><a><![CDATA[{character}]]></a></xml>")), message);
    }
    assert_eq!(refused("\u{feff}\u{feff}<xml/>"), "a second byte order mark at byte 0");
}

#[test]
fn there_is_exactly_one_closed_root_called_xml() {
    assert_eq!(refused(""), "the end, without a root <xml> at byte 0");
    assert_eq!(refused(" <!-- --> "), "the end, without a root <xml> at byte 10");
    assert_eq!(refused("{\"errcode\":0}"), "text outside the elements at byte 0");
    assert_eq!(refused("<xml><a>1</a>"), "the end, with an open element at byte 13 in <xml>");
    assert_eq!(
        refused("<xml><a>1</xml>"),
        "an end tag that does not match its start tag at byte 9 in <a>"
    );
    assert_eq!(
        refused("<xml><a>1</b></xml>"),
        "an end tag that does not match its start tag at byte 9 in <a>"
    );
    assert_eq!(refused("<xml></xml></xml>"), "an end tag without its start tag at byte 11");
    assert_eq!(refused("<xml/><xml/>"), "a second root at byte 6");
    assert_eq!(refused("<html></html>"), "a root other than <xml> at byte 0");
    assert_eq!(refused("<xml/>&lt;"), "text outside the elements at byte 6");
    assert_eq!(refused("x<xml/>"), "text outside the elements at byte 0");
    assert_eq!(refused("<xml>x<a/></xml>"), "text outside the elements at byte 5 in <xml>");
    assert_eq!(refused("<xml><![CDATA[ ]]></xml>"), "text outside the elements at byte 5 in <xml>");
}

#[test]
fn markup_that_is_not_markup_is_refused() {
    for name in [" a", "1a", "a=b", "", "-"] {
        assert!(read(&format!("<xml><{name}>1</{name}></xml>")).is_err(), "{name:?}");
    }
    assert_eq!(
        refused("<xml><a></a b='>'></xml>"),
        "an end tag that does not match its start tag at byte 8 in <a>"
    );
    assert_eq!(refused("<xml><![cdata[x]]></xml>"), "markup that is not complete at byte 5 in <xml>");
    assert_eq!(
        refused("<xml><?xml version='1.0'?></xml>"),
        "an XML declaration that is not at the beginning at byte 5 in <xml>"
    );
    assert_eq!(refused("<xml><!-- </xml>"), "markup that is not complete at byte 5 in <xml>");
}

#[test]
fn a_long_name_is_shown_shortened() {
    let name = "n".repeat(100_000);
    let message = refused(format!("<xml><{name}>&x;</{name}></xml>"));
    assert!(message.len() < 150 && message.contains("nnnn"), "{message}");
}
