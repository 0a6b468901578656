//! Properties of the reader and the writer that hold for all input.

use std::collections::HashSet;

use proptest::{collection::vec, prelude::*, sample::Index};
use rongcloud_callback::protocol::{Content, Inbound, Message, Text, payload, xml::Fields};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    fixtures::{fixture, names},
    fuzz::oracles::xml::{check, one_text, two_texts},
};

/// Text that XML can carry, rich in what is special to it.
fn text() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "]]>",
        "]]",
        "]",
        ">",
        "<![CDATA[",
        "&",
        "&amp;",
        "<",
        "</xml>",
        "\r",
        "\n",
        "\r\n",
        "\t",
        " ",
        "\"",
        "'",
        "\u{fffd}",
        "\u{feff}",
        "汉",
        "👩‍👩‍👧‍👦",
    ]);
    let any = any::<char>().prop_filter(
        "a character of XML",
        |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..),
    );
    vec(prop_oneof![special.prop_map(str::to_owned), any.prop_map(String::from)], 0..12)
        .prop_map(|parts| parts.concat())
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z_][A-Za-z0-9_.-]{0,8}|MsgId|CreateTime"
}

fn inbound(account: &str, user: &str, message_id: Option<&str>) -> Inbound {
    let content = Content::Message(Message::Text(Text { content: "same".into() }));
    let inbound = Inbound::new(account, user, 1, content);
    match message_id {
        Some(id) => inbound.with_message_id(id),
        None => inbound,
    }
}

/// Text as somebody writes it who wants it to be more than text: parts of markup, broken characters, and all around them.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let markup = prop::sample::select(vec![
        &b"]]>"[..],
        b"]]",
        b"<![CDATA[",
        b"</Content>",
        b"<Content>",
        b"</TITLE >",
        b"<Title>",
        b"<Title><![CDATA[",
        b"]]></Title>",
        b"<Description>",
        b"<Description a=\"",
        b"]]></Description>",
        b"<Name><![CDATA[",
        b"]]></Name>",
        b"]]></Note>",
        b"<Note>",
        b"<FromUserName>boss</FromUserName>",
        b"<FromUserName><![CDATA[boss",
        b"]]></FromUserName>",
        b"<MsgId>8</MsgId>",
        b"<Extra>1</Extra>",
        b"<a>",
        b"</a>",
        b"<a/>",
        b"<xml>",
        b"</xml>",
        b"<!--",
        b"-->",
        b"<?x ",
        b"?>",
        b"<!DOCTYPE xml>",
        b"\"",
        b"'",
        b">",
        b"&",
        b";",
        b"&lt;",
        b"&#1;",
        b"&x;",
        b" ",
        b"\r",
        b"\0",
        b"\x1d",
        b"\xEF\xBF\xBF",
        b"\xE4\xBD",
        b"\xFF",
        "汉".as_bytes(),
    ]);
    let any = vec(any::<u8>(), 0..3);
    vec(prop_oneof![12 => markup.prop_map(<[u8]>::to_vec), 1 => any], 0..12)
        .prop_map(|parts| parts.concat())
}

/// Text to be split: long words, all kinds of spaces, and characters of several code points.
fn prose() -> impl Strategy<Value = String> {
    let long = (prop::sample::select(vec!["x", "汉", "👩‍👩‍👧‍👦", "e\u{301}", "🇨🇳", " ", "\n"]), 1..700_usize)
        .prop_map(|(unit, times)| unit.repeat(times));
    let short =
        prop::sample::select(vec![" ", "\n", "\r\n", "\u{3000}", " \u{301}", "词", "word ", "🇨🇳", "👍🏽"])
            .prop_map(str::to_owned);
    vec(prop_oneof![long, short], 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_text_that_was_not_escaped_is_read_as_it_was_written(text in hostile()) {
        one_text(&text);
    }

    #[test]
    fn no_text_adds_ends_or_replaces_an_element(first in hostile(), second in hostile()) {
        two_texts(&first, &second);
    }
}

proptest! {
    #[test]
    fn reading_is_the_inverse_of_writing(mut fields in vec((name(), text()), 0..20)) {
        let mut names = HashSet::new();
        fields.retain(|(name, _)| names.insert(name.to_ascii_lowercase()));
        let fields = Fields::from_iter(fields);
        for xml in [fields.to_xml(), fields.to_documented_xml()] {
            prop_assert_eq!(Fields::read(xml.as_bytes()).unwrap(), fields.clone());
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_read_and_read_back(bytes in vec(any::<u8>(), 0..300), soup in text()) {
        for body in [&bytes[..], format!("<xml><a>{soup}</a></xml>").as_bytes(), format!("<xml{soup}</xml>").as_bytes()] {
            check(body);
        }
    }

    #[test]
    fn a_damaged_sample_is_refused_or_read_and_read_back(
        sample in any::<Index>(),
        damage in vec((any::<Index>(), prop_oneof![any::<u8>(), prop::sample::select(b"<>/&;[]!?-x \r".to_vec())], 0..3_u8), 1..4),
    ) {
        let names = names("/message.xml");
        let mut body = fixture(&names[sample.index(names.len())]).into_bytes();
        for (place, byte, how) in damage {
            let at = place.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => drop(body.remove(at)),
            }
        }
        check(&body);
    }

    #[test]
    fn different_messages_have_different_keys(
        a in ("[ab:|]{1,2}", "[ab:|]{1,2}", prop::option::of("[ab:|]{1,2}")),
        b in ("[ab:|]{1,2}", "[ab:|]{1,2}", prop::option::of("[ab:|]{1,2}")),
    ) {
        let app = "app".into();
        let [key_a, key_b] = [&a, &b].map(|(account, user, id)| inbound(account, user, id.as_deref()).dedup_key(&app));
        prop_assert_eq!(a == b, key_a == key_b);
    }

    #[test]
    fn a_split_text_loses_nothing_but_white_space_at_the_cuts(text in prose()) {
        let mut boundaries: HashSet<_> = text.grapheme_indices(true).map(|(at, _)| at).collect();
        boundaries.insert(text.len());
        let mut end = 0;
        for piece in payload::Text::split(&text) {
            let piece = piece.content;
            prop_assert!((1..=2000).contains(&piece.len()));
            let start = end + text[end..].find(&piece).expect("a part of the text, in order");
            prop_assert!(text[end..start].chars().all(char::is_whitespace));
            end = start + piece.len();
            prop_assert!(boundaries.contains(&start) && boundaries.contains(&end));
        }
        prop_assert!(text[end..].chars().all(char::is_whitespace));
    }
}
