//! What holds for all input.

use std::collections::HashSet;

use proptest::{collection::vec, prelude::*, sample::Index};
use rongcloud_callback::protocol::{Content, Inbound, Message, Text, payload, xml::Fields};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    fixtures::{fixture, names},
    fuzz::oracles::xml::check,
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
    #[test]
    fn reading_is_the_inverse_of_writing(fields in vec((name(), text()), 0..20)) {
        let fields = Fields::from_iter(fields);
        for xml in [fields.to_xml(), fields.to_documented_xml()] {
            prop_assert_eq!(Fields::read(xml.as_bytes()).unwrap(), fields.clone());
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_read_as_quick_xml_reads_them(bytes in vec(any::<u8>(), 0..300), soup in text()) {
        for body in [&bytes[..], format!("<xml><a>{soup}</a></xml>").as_bytes(), format!("<xml{soup}</xml>").as_bytes()] {
            check(body);
        }
    }

    #[test]
    fn a_damaged_sample_is_refused_or_read_as_quick_xml_reads_it_and_read_back(
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
