//! Every kind of message and event: the names in `on` that take it, the words that keywords see, the values for templates.

use rongcloud_callback::{
    Content, Event, Image, ImageText, Inbound, Location, Message, Payload, Route, Subscribe, Text,
    UnknownEvent, UnknownMessage, Unsubscribe, Voice, clock::Clock, protocol::xml::Fields,
};

use super::matching::{context, rules};

/// One message of each kind.
fn each_kind() -> [Inbound; 9] {
    let fields = || Fields::from_iter([("Size", "9")]);
    let contents = [
        Content::Message(Message::Text(Text { content: "hello".into() })),
        Content::Message(Message::Image(Image { url: "http://x/i".into() })),
        Content::Message(Message::Voice(Voice { url: "http://x/v".into(), format: "AMR".into() })),
        Content::Message(Message::Location(Location {
            latitude: 31.5,
            longitude: -0.25,
            label: "Bund".into(),
        })),
        Content::Message(Message::ImageText(ImageText {
            title: "card".into(),
            description: "below".into(),
            picture_url: "http://x/p".into(),
            url: "http://x/u".into(),
        })),
        Content::Message(Message::Unknown(UnknownMessage { msg_type: "file".into(), fields: fields() })),
        Content::Event(Event::Subscribe(Subscribe {})),
        Content::Event(Event::Unsubscribe(Unsubscribe {})),
        Content::Event(Event::Unknown(UnknownEvent { event: "scan".into(), fields: fields() })),
    ];
    contents.map(|content| Inbound::new("shop", "ann", 1, content).with_message_id("id-1"))
}

fn takes(rule: &str, message: &Inbound) -> bool {
    let clock = Clock::system();
    rules(&format!("[[rules]]\n{rule}\nreply = []\n"), &clock).takes(&"app".into(), message, clock.now())
}

#[test]
fn a_rule_takes_the_kinds_that_it_names_and_no_other() {
    let kinds = each_kind().map(|message| message.kind());
    let (messages, events) = kinds.split_at(6);
    let groups = [("message", messages), ("event", events), ("any", &kinds[..])];
    let alone = kinds.iter().map(|kind| (*kind, std::slice::from_ref(kind)));
    for (name, expected) in alone.chain(groups) {
        let taken = each_kind().into_iter().filter(|message| takes(&format!("on = '{name}'"), message));
        assert_eq!(taken.map(|message| message.kind()).collect::<Vec<_>>(), expected, "{name}");
    }
}

#[test]
fn a_keyword_is_looked_for_in_what_a_kind_has_of_words() {
    for (words, kind) in [
        ("hello", "text"),
        ("bund", "location"),
        ("card", "image_text"),
        ("file", "unknown"),
        ("scan", "unknown_event"),
    ] {
        let rule = format!("on = 'any'\nkeyword = {{ is = '{words}' }}");
        let taken = each_kind().into_iter().filter(|message| takes(&rule, message));
        assert_eq!(taken.map(|message| message.kind()).collect::<Vec<_>>(), [kind]);
    }
}

#[test]
fn without_folding_a_word_is_meant_as_it_is_written() {
    let says = |content: &str| super::matching::says("ann", "1", content);
    for keyword in ["is = 'Help'", "contains = 'Help'", "regex = '^Help$'"] {
        let [folded, exact] = ["true", "false"]
            .map(|fold| format!("on = 'text'\nkeyword = {{ {keyword}, fold = {fold} }}"));
        for (content, taken) in [("Help", true), ("help", false), ("Ｈelp", false)] {
            assert!(takes(&folded, &says(content)), "{keyword} {content}");
            assert_eq!(takes(&exact, &says(content)), taken, "{keyword} {content}");
        }
    }
    let spaced = says(" Help\n");
    assert!(takes("on = 'text'\nkeyword = { is = 'help' }", &spaced));
    assert!(!takes("on = 'text'\nkeyword = { is = 'Help', fold = false }", &spaced));
}

/// Text that is pasted from a page or a phone may contain invisible characters.
#[test]
fn what_nobody_sees_makes_no_difference_unless_folding_is_off() {
    let says = |content: &str| super::matching::says("ann", "1", content);
    let texts = [
        "\u{feff}order 17",
        "or\u{200b}der 17\u{200d}",
        "\u{202a}order 17\u{202c}",
        "or\u{ad}der\u{a0}17",
        "order\u{3000}1\u{fe0f}7",
        "\u{7f}order\u{2003}17\u{2060}",
        "o\u{e0041}rder 17",
    ];
    for keyword in ["is = 'order 17'", "contains = 'order 17'", "regex = '^order (?<no>[0-9]+)$'"] {
        let [folded, exact] = ["true", "false"]
            .map(|fold| format!("on = 'text'\nkeyword = {{ {keyword}, fold = {fold} }}"));
        for text in texts {
            assert!(takes(&folded, &says(text)), "{keyword} {text:?}");
            let as_it_is = keyword.starts_with("contains") && text.contains("order 17");
            assert_eq!(takes(&exact, &says(text)), as_it_is, "{keyword} {text:?}");
        }
        assert!(takes(&exact, &says("order 17")), "{keyword}");
    }
    // The rule's own words may be pasted as well. TOML itself takes no control characters.
    for text in texts.map(|text| text.replace('\u{7f}', "")) {
        for form in ["is", "contains"] {
            let rule = format!("on = 'text'\nkeyword = {{ {form} = '{text}' }}");
            assert!(takes(&rule, &says("order 17")), "{form} {text:?}");
        }
    }
    assert!(takes("on = 'text'\nkeyword = { regex = '^or\u{200b}der' }", &says("order 17")));
}

/// The text that a regex captures is forwarded to services and written into replies.
#[tokio::test]
async fn what_a_regex_finds_has_nothing_unseen_in_it() {
    let rule = "[[rules]]\non = 'text'\nkeyword = { regex = '订单(?<no>.+)$' }\nreply = { text = '[{{ captures.no }}]' }\n";
    let message = super::matching::says("ann", "1", "订单\u{200b}1\u{200b}7\u{feff}");
    let reply = rules(rule, &Clock::system()).take(&context(message, 1)).unwrap().await.unwrap();
    assert_eq!(reply.payloads(), [Payload::text("[17]")]);
}

/// A name that is admitted when the rule is read, but has no value, would be sent as an empty text.
#[tokio::test]
async fn every_name_that_a_template_may_use_has_the_message_s_value() {
    let names = [
        "content",
        "url",
        "url }} {{ format",
        "latitude }} {{ longitude }} {{ label",
        "title }} {{ description }} {{ picture_url }} {{ url",
        "msg_type }} {{ fields.Size",
        "event",
        "event",
        "event }} {{ fields.Size",
    ];
    let values = [
        "hello",
        "http://x/i",
        "http://x/v AMR",
        "31.5 -0.25 Bund",
        "card below http://x/p http://x/u",
        "file 9",
        "subscribe",
        "unsubscribe",
        "scan 9",
    ];
    for ((message, names), values) in each_kind().into_iter().zip(names).zip(values) {
        let kind = message.kind();
        let own = format!("{{{{ {names} }}}}");
        let text = format!(
            "{{{{ app }}}} {{{{ account }}}} {{{{ user }}}} {{{{ kind }}}} {{{{ message_id }}}} {{{{ create_time }}}}: {own}"
        );
        let rule = format!("[[rules]]\non = '{kind}'\nreply = {{ text = '{text}' }}\n");
        let reply = rules(&rule, &Clock::system()).take(&context(message, 1)).unwrap().await.unwrap();
        assert_eq!(reply.payloads(), [Payload::text(format!("app shop ann {kind} id-1 1: {values}"))]);
    }
}

/// The page `docs/rules.md` has this table.
#[test]
fn every_kind_is_handed_on_with_the_fields_that_are_documented() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let rule =
        format!("[[rules]]\non = 'any'\nforward = {{ url = 'http://x/', secret = '{secret}' }}\n");
    let clock = Clock::system();
    let rules = rules(&rule, &clock);
    let expected = [
        r#"{"content":"hello"}"#,
        r#"{"url":"http://x/i"}"#,
        r#"{"format":"AMR","url":"http://x/v"}"#,
        r#"{"label":"Bund","latitude":31.5,"longitude":-0.25}"#,
        r#"{"description":"below","picture_url":"http://x/p","title":"card","url":"http://x/u"}"#,
        r#"{"fields":[["Size","9"]],"msg_type":"file"}"#,
        "{}",
        "{}",
        r#"{"event":"scan","fields":[["Size","9"]]}"#,
    ];
    for (message, expected) in each_kind().into_iter().zip(expected) {
        let explanation = rules.explain(&"app".into(), &message, clock.now()).to_string();
        let (_, json) = explanation.split_once('\n').unwrap();
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["kind"], message.kind());
        assert_eq!(json["fields"], serde_json::from_str::<serde_json::Value>(expected).unwrap());
    }
}
