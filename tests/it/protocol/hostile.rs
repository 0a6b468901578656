//! Bodies that are broken, or meant to break the reader.

use rongcloud_callback::protocol::{
    Content, Message, ParseError, parse, sender,
    xml::{Fields, XmlError},
};

use crate::{
    fixtures::{fixture, names},
    support::messages,
};

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
fn an_ampersand_that_begins_no_reference_is_itself() {
    for typed in [
        "&",
        "a & b",
        "&&",
        "&lt",
        "&lt&",
        "a&b;c",
        "&nbsp;",
        "&LT;",
        "&;",
        "&#;",
        "&#-1;",
        "&#+65;",
        "&#x+41;",
        "&#X41;",
        "&# 100;",
        "?a=1&copy=2;",
        "&汉\n;",
    ] {
        let read = read(&format!("<xml><a>{typed}</a></xml>"));
        assert_eq!(read, Ok(Fields::from_iter([("a", typed)])), "{typed}");
    }
    assert_eq!(read("<xml><a>&lt&gt;&amp;amp;</a></xml>"), Ok(Fields::from_iter([("a", "&lt>&amp;")])));
    assert_eq!(refused("<xml>&nbsp;</xml>"), "text outside the elements at byte 5 in <xml>");
    assert_eq!(refused("<xml>&</xml>"), "text outside the elements at byte 5 in <xml>");
}

#[test]
fn a_reference_to_no_character_becomes_one_that_says_so() {
    for reference in
        ["&#1;", "&#0;", "&#x1F;", "&#xFFFF;", "&#xFFFE;", "&#xD800;", "&#x110000;", "&#99999999999;"]
    {
        let read = read(&format!("<xml><a>1{reference}2</a></xml>"));
        assert_eq!(read, Ok(Fields::from_iter([("a", "1\u{fffd}2")])), "{reference}");
    }
}

#[test]
fn depth_and_number_of_elements_are_bounded() {
    let nested = |levels: usize| {
        format!("<xml><a>{}{}</a></xml>", "<b>".repeat(levels - 2), "</b>".repeat(levels - 2))
    };
    assert!(read(&nested(8)).is_ok());
    assert_eq!(refused(nested(9)), "more than 8 levels of elements at byte 26");
    assert_eq!(
        refused(format!("<xml><a>{}", "<b>".repeat(1_000_000))),
        "more than 8 levels of elements at byte 26"
    );
    let children =
        |count: usize| (1..=count).map(|n| format!("<a{n:05}/>")).collect::<Vec<_>>().concat();
    assert!(read(&format!("<xml>{}</xml>", children(127))).is_ok());
    assert_eq!(
        refused(format!("<xml>{}</xml>", children(10_000))),
        format!("more than 128 elements at byte {}", 5 + 127 * 9)
    );
}

#[test]
fn no_element_is_there_twice() {
    for (body, element, at) in [
        ("<xml><a>1</a><b/><a>2</a></xml>", "a", 17),
        ("<xml><a/><A/></xml>", "A", 9),
        ("<xml><a><a>1</a></a></xml>", "a", 8),
        ("<xml><a/><b><c><A/></c></b></xml>", "A", 15),
    ] {
        assert_eq!(refused(body), format!("the element <{element}> is repeated at byte {at}"), "{body}");
    }
    assert!(read("<xml><a><b/><b/><c/></a><b/><d><c/></d></xml>").is_ok());
}

#[test]
fn what_is_no_character_becomes_one_that_says_so_in_text_only() {
    let with = |broken: &[u8]| {
        let [before, after] = [&b"<xml><Content><![CDATA[1"[..], b"2]]></Content></xml>"];
        Fields::read(&[before, broken, after].concat())
    };
    for broken in [
        &b"\0"[..],
        b"\x1b",
        b"\x1f",
        "\u{ffff}".as_bytes(),
        "\u{fffe}".as_bytes(),
        b"\xff",
        b"\xe4\xbd",
    ] {
        assert_eq!(with(broken), Ok(Fields::from_iter([("Content", "1\u{fffd}2")])), "{broken:?}");
    }
    for whole in ["\t", "\n", "\u{7f}", "\u{85}", "\u{fffd}", "\u{1f600}"] {
        let fields = Fields::from_iter([("Content", format!("1{whole}2"))]);
        assert_eq!(with(whole.as_bytes()), Ok(fields), "{whole:?}");
    }
    for (broken, message) in [
        ("<xml><a\0>1</a\0></xml>", "a tag without a proper name at byte 5 in <xml>"),
        ("<xml>\0<a>1</a></xml>", "a character that XML does not allow at byte 5"),
        ("<xml> \x1d<a>1</a></xml>", "text outside the elements at byte 5 in <xml>"),
        ("<xml><a>1</a></xml>\0", "a character that XML does not allow at byte 19"),
        ("<xml><a>\0\0</b></xml>", "an end tag that does not match its start tag at byte 10 in <a>"),
    ] {
        assert_eq!(refused(broken), message, "{broken:?}");
    }
}

#[test]
fn ids_and_kinds_are_never_mended() {
    let message = messages::text("ann", "7", "hello");
    let demo = Some(("demo".into(), "ann".into()));
    assert_eq!(sender(message.as_bytes()), demo);
    for broken in [
        "a\0b",
        "<![CDATA[a\0b]]>",
        "a&#1;b",
        "a\u{fffd}b",
        "<![CDATA[a]]>b<![CDATA[c]]>",
        "<![CDATA[a]]>b",
        "a<!-- -->b",
        "<b>a</b>",
    ] {
        for (element, whole) in [
            ("FromUserName", "<![CDATA[ann]]>"),
            ("ToUserName", "<![CDATA[demo]]>"),
            ("MsgType", "<![CDATA[text]]>"),
            ("MsgId", "7"),
        ] {
            let message =
                message.replace(&format!("<{element}>{whole}"), &format!("<{element}>{broken}"));
            let refused = parse(message.as_bytes());
            let is_malformed =
                matches!(refused, Err(ParseError::Malformed { element: e, .. }) if e == element);
            assert!(is_malformed, "{message}: {refused:?}");
            let ids = sender(message.as_bytes());
            assert_eq!(ids, demo.clone().filter(|_| element.starts_with("Msg")), "{message}");
        }
    }
    let unescaped = message.replace("[ann]", "[a]]>b]");
    assert!(matches!(parse(unescaped.as_bytes()), Err(ParseError::Xml(_))));
    for id in ["a]]>b", "a\rb", "a&b"] {
        let written = id.replace('&', "&amp;").replace('>', "&gt;").replace('\r', "&#13;");
        let whole = parse(message.replace("<![CDATA[ann]]>", &written).as_bytes()).unwrap();
        assert_eq!(whole.user.as_str(), id);
        assert_eq!(parse(whole.to_xml().as_bytes()), Ok(whole));
    }
    let escaped = message.replace("<![CDATA[ann]]>", " a&amp;b & c ");
    assert_eq!(parse(escaped.as_bytes()).unwrap().user.as_str(), "a&b & c");
}

#[test]
fn an_id_of_half_a_character_is_refused() {
    let message = text_message().replace("fromUserName", "你");
    let message = message.as_bytes();
    let end = message.windows(3).position(|three| three == "你".as_bytes()).unwrap() + 2;
    let cut = [&message[..end], &message[end + 1..]].concat();
    assert!(matches!(parse(&cut), Err(ParseError::Malformed { element: "FromUserName", .. })));
    assert_eq!(sender(&cut), None);
}

#[test]
fn a_section_ends_where_its_element_does() {
    let pasted = "<xml><ToUserName><![CDATA[x]]></ToUserName><Content><![CDATA[y]]></Content><MsgId>1</MsgId></xml>";
    for typed in [
        "a]]>b",
        "]]>",
        "]]>]]>",
        "look: <note><![CDATA[a < b]]></note> end",
        "]]></content >",
        "]]></Content><FromUserName><![CDATA[boss]]></FromUserName><Content><![CDATA[",
        "]]></Content><Extra>1</Extra><Content>",
        "]]></Content></xml>",
        "]]><!DOCTYPE a>",
        "]]><!--",
        "]]><?",
        "]]><b c=\"",
        "]]>&b]]>;<![CDATA[",
        pasted,
    ] {
        let body = text_message().replace("<![CDATA[content]]>", &format!("<![CDATA[{typed}]]>"));
        assert_eq!(content(body.as_bytes()), typed);
        let escaped = typed.replace("]]>", "]]]]><![CDATA[>");
        let body = text_message().replace("<![CDATA[content]]>", &format!("<![CDATA[{escaped}]]>"));
        assert_eq!(content(body.as_bytes()), typed, "escaped");
    }
}

#[test]
fn where_one_text_may_have_written_the_end_of_another_neither_is_believed() {
    let with = |title: &str, description: &str| {
        let card = fixture("rongcloud/接收消息/图文消息格式/message.xml");
        let card = card.replace("[title]", &format!("[{title}]"));
        card.replace("[description]", &format!("[{description}]"))
    };
    for (title, description) in [
        ("a]]>b", "]]></Description>"),
        ("]]></Title><!--", "--><Description><![CDATA["),
        (
            "]]></Title><Y><Title><![CDATA[",
            "]]></Description></Y><Extra>1</Extra><Description><![CDATA[",
        ),
        ("]]></Title><Description a=\"", "\"><![CDATA[evil"),
    ] {
        let body = with(title, description);
        match parse(body.as_bytes()).map(|inbound| inbound.content) {
            Ok(Content::Message(Message::ImageText(read))) => {
                assert_eq!((&*read.title, &*read.description), (title, description));
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    for description in
        ["]]></Title><Extra>1</Extra><Description><![CDATA[", "]]></Title><Description><![CDATA["]
    {
        let body = with("a", description);
        let read = parse(body.as_bytes());
        assert!(matches!(read, Err(ParseError::Xml(_))), "{body}: {read:?}");
        assert_eq!(
            sender(body.as_bytes()),
            Some(("toUserName".into(), "fromUserName".into())),
            "{body}"
        );
    }
}

#[test]
fn only_what_no_user_wrote_says_whose_an_unreadable_message_is() {
    let ids = |body: &str| sender(body.as_bytes()).map(|(account, user)| format!("{account} {user}"));
    let head = "<xml><ToUserName>a</ToUserName>\n<FromUserName><![CDATA[u]]></FromUserName>";
    for (body, expected) in [
        (format!("{head}<MsgType>text</MsgType><Content>cut o"), Some("a u")),
        (format!("{head}<Content></Text></xml>"), Some("a u")),
        (format!("{head}<Content/><FromUserName>boss</FromUserName></xml>"), Some("a u")),
        (format!("{head}<Name><FromUserName>boss</FromUserName></Name></xml>"), Some("a u")),
        (format!("{head}</xml>"), Some("a u")),
        (format!("{head}<FromUserName>boss</FromUserName></xml>"), None),
        (format!("{head}<MsgType><FromUserName>boss</FromUserName></xml>"), None),
        (
            "<xml><Content>]]></Content><ToUserName>a</ToUserName><FromUserName>boss</FromUserName><b"
                .into(),
            None,
        ),
        (
            "<xml><Content/><ToUserName>a</ToUserName><FromUserName>u</FromUserName></xml>".into(),
            Some("a u"),
        ),
        ("<xml><ToUserName>a</ToUserName><FromUserName>u".into(), None),
        ("<xml><ToUserName>a</ToUserName><FromUserName> </FromUserName></xml>".into(), None),
        ("<xml><FromUserName>u</FromUserName></xml>".into(), None),
        ("{}".into(), None),
        (String::new(), None),
    ] {
        assert_eq!(ids(&body).as_deref(), expected, "{body}");
    }
}

#[test]
fn other_encodings_are_refused_with_the_place() {
    let text = text_message();
    let gbk = [text.split("content").next().unwrap().as_bytes(), b"\xC4\xE3\xBA\xC3"].concat();
    let at = text.find("<![CDATA[content").unwrap();
    assert_eq!(refused(&gbk), format!("markup that is not complete at byte {at} in <Content>"));
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
    ] {
        let declared = format!("<?xml {unclear}?><xml/>");
        assert_eq!(refused(declared), "an encoding other than UTF-8 is declared at byte 0", "{unclear}");
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
    let message = refused(format!("<xml><{name}></x></xml>"));
    assert!(message.len() < 150 && message.contains("nnnn"), "{message}");
}
