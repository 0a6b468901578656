//! `docs/rules.md`: every key of a rule, every variable of a template, every field of a forwarded message.

use std::{collections::BTreeSet, fs, process::Command};

use rongcloud_callback::{
    Config, Content, Event, Image, ImageText, Location, Message, Subscribe, Text, UnknownEvent,
    UnknownMessage, Unsubscribe, Voice,
    config::{ConfigError, DEFAULTS},
    protocol::xml::Fields,
};
use toml::{Table, Value};

use super::{block, code, entries, table_of, tables};

const PAGES: [&str; 2] =
    [include_str!("../../../docs/rules.md"), include_str!("../../../docs/rules.zh-CN.md")];

const APP: &str = "[[apps]]\nkey = 'app'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n";

fn set<T: ToString>(names: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    names.into_iter().map(|name| name.to_string()).collect()
}

/// The rule with every key that the compiled-in file has in its comments.
fn example() -> Table {
    let (_, rule) = DEFAULTS.split_once("\n# [[rules]]\n").unwrap();
    let rule = rule.lines().map(|line| line.strip_prefix("# ").unwrap()).collect::<Vec<_>>();
    toml::from_str(&rule.join("\n")).unwrap()
}

fn keys(rule: &Table, key: &str) -> BTreeSet<String> {
    rule[key].as_table().unwrap().keys().cloned().collect()
}

#[test]
fn the_page_has_every_key_of_a_rule() {
    let rule = example();
    assert!(rule.len() >= 12, "{rule:?}");
    for page in PAGES {
        let mut listed = set(entries(&table_of(page, "on")));
        listed.extend(["reply", "pick", "forward", "hand_over"].map(ToOwned::to_owned));
        assert_eq!(listed, set(rule.keys()));
        assert_eq!(set(entries(&table_of(page, "contains"))), keys(&rule, "keyword"));
        assert_eq!(set(entries(&table_of(page, "concurrency"))), keys(&rule, "forward"));
        let all = set(code(page).iter().filter_map(|piece| piece.split(' ').next()));
        for key in keys(&rule, "when").iter().chain(rule.keys()) {
            assert!(all.contains(key), "`{key}` is not on the page");
        }
    }
}

#[test]
fn the_page_s_replies_are_replies() {
    let replies = block(PAGES[0], "# replies.toml");
    let config = Config::from_toml(&format!("{APP}{replies}"), |_| None).unwrap();
    assert_eq!(config.rules.len(), 1);
    let replies: Value = toml::from_str::<Table>(replies).unwrap()["rules"][0]["reply"].clone();
    assert_eq!(replies.as_array().unwrap().len(), 4);
}

/// The variables of a template in a rule for this kind, as the hint about an unknown one lists them.
fn readable(kind: &str) -> BTreeSet<String> {
    let rule =
        format!("{APP}[[rules]]\non = '{kind}'\nreply = {{ text = '{{{{ nothing_like_it }}}}' }}\n");
    let Err(ConfigError::Invalid { problems, .. }) = Config::from_toml(&rule, |_| None) else {
        panic!("a template can read whatever it wants");
    };
    let (_, names) = problems[0].hint.split_once("what it can read is: ").unwrap();
    set(names.split(", "))
}

#[test]
fn the_page_has_every_variable_of_a_template() {
    for page in PAGES {
        let tables = tables(page);
        let table = tables.iter().find(|table| table[0][0].starts_with("`app`")).unwrap();
        let always = set(code(&table[0][0]));
        assert_eq!(table.len(), 10);
        for row in &table[2..] {
            for kind in code(&row[1]) {
                let own = code(&row[0]).into_iter().map(|name| name.replace(".NAME", ""));
                let listed: BTreeSet<String> = always.iter().cloned().chain(own).collect();
                assert_eq!(listed, readable(&kind), "{kind}");
            }
        }
    }
}

/// One of each kind, with the fields that a service gets.
fn contents() -> [Content; 9] {
    let fields = || Fields::from_iter([("Size", "9")]);
    let text = String::new;
    [
        Content::Message(Message::Text(Text { content: text() })),
        Content::Message(Message::Image(Image { url: text() })),
        Content::Message(Message::Voice(Voice { url: text(), format: text() })),
        Content::Message(Message::Location(Location { latitude: 1.0, longitude: 1.0, label: text() })),
        Content::Message(Message::ImageText(ImageText {
            title: text(),
            description: text(),
            picture_url: text(),
            url: text(),
        })),
        Content::Message(Message::Unknown(UnknownMessage { msg_type: text(), fields: fields() })),
        Content::Event(Event::Subscribe(Subscribe {})),
        Content::Event(Event::Unsubscribe(Unsubscribe {})),
        Content::Event(Event::Unknown(UnknownEvent { event: text(), fields: fields() })),
    ]
}

#[test]
fn the_page_has_every_field_of_a_forwarded_message() {
    for page in PAGES {
        let tables = tables(page);
        let table = tables.iter().find(|table| table[0][0] == "`text`").unwrap();
        let kinds = table.iter().flat_map(|row| code(&row[0]).into_iter().map(move |kind| (kind, row)));
        let listed = kinds.map(|(kind, row)| {
            let fields = code(&row[1]).into_iter().filter(|name| !name.starts_with('['));
            (kind, fields.collect::<BTreeSet<_>>())
        });
        let sent = contents().map(|content| {
            let json = serde_json::to_value(content).unwrap();
            let kind = json["kind"].as_str().unwrap().to_owned();
            (kind, set(json.as_object().unwrap().keys().filter(|name| *name != "kind")))
        });
        assert_eq!(listed.collect::<BTreeSet<_>>(), BTreeSet::from(sent));
    }
}

#[test]
fn the_page_s_request_has_the_fields_that_a_service_gets() {
    let folder = tempfile::tempdir().unwrap();
    let bot = block(PAGES[0], "# bot.toml").replace("${ORDERS_URL}", "http://127.0.0.1:9/");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let bot = format!("{}\n{APP}", bot.replace("${FORWARD_SECRET}", secret));
    fs::write(folder.path().join("bot.toml"), bot).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
    command.env_clear().current_dir(folder.path());
    command.args(["--config", "bot.toml", "rules", "test", "订单 17"]);
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let request: serde_json::Value = serde_json::from_str(&output[output.find('{').unwrap()..]).unwrap();
    let printed: serde_json::Value = serde_json::from_str(block(PAGES[0], "{\n")).unwrap();
    for part in ["", "/fields", "/captures"] {
        let keys =
            |json: &serde_json::Value| set(json.pointer(part).unwrap().as_object().unwrap().keys());
        assert_eq!(keys(&printed), keys(&request), "{part}: {output}");
    }
    for page in PAGES {
        for key in entries(&table_of(page, "accepted_at")) {
            assert!(request.get(&key).is_some(), "{key}");
        }
    }
}
