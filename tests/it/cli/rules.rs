//! The command `rules test`: the rule that would answer, its reply, and why other rules would not answer.

use super::{executable, outcome};
use crate::support::process::Home;

const APP: &str = "[[apps]]\nkey = \"test-app\"\nsecrets = [\"s\"]\napi_url = \"http://127.0.0.1:9\"\n";

const RULES: &str = r#"
[[rules]]
on = "subscribe"
reply = { text = "Welcome to {{ account }}" }

[[rules]]
name = "closed"
on = "text"
when = { days = ["sat", "sun"], zone = "Asia/Shanghai" }
reply = { text = "closed" }

[[rules]]
name = "orders"
on = "text"
user = ["ann", "bo"]
keyword = { is = ["orders"], contains = ["parcel"], regex = 'order (?<no>\d+)' }
reply = [{ text = "order {{ captures.no }},\n{{ user }}" }, { image = { url = "http://x/{{ user }}.jpg" } }]

[[rules]]
on = "text"
enabled = false
reply = []

[[rules]]
name = "default"
on = "message"
every = "1h"
pick = "random"
reply = [{ text = "one" }, { text = "two" }]

[[rules]]
name = "rest"
on = "event"
forward = { url = "https://rest.internal/wechat", secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }
"#;

/// Exit code, output and errors of `rules test` with a file that begins with the rules.
fn trial(arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bot.toml");
    std::fs::write(&file, format!("{RULES}{APP}")).unwrap();
    let mut command = executable(&["rules", "test", "--config"]);
    outcome(command.arg(&file).args(arguments).output().unwrap())
}

fn test(arguments: &[&str]) -> String {
    let arguments = [&["--at", "2026-11-23T09:30+08:00"], arguments].concat();
    let (code, output, errors) = trial(&arguments);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    output
}

#[test]
fn a_trial_says_which_rule_answers_and_why_the_others_do_not() {
    insta::assert_snapshot!(test(&["Ｏrder 17", "--user", "ann"]), @r#"
    rules[0] (line 2): no, it is for subscribe, and this is text
    closed (line 6): no, it is in force sat sun 00:00 to 24:00 Asia/Shanghai, and there it is mon 09:30
    orders (line 12): answers
      text: "order 17,\nann"
      image: http://x/ann.jpg
    "#);
    insta::assert_snapshot!(test(&["hello"]), @r#"
    rules[0] (line 2): no, it is for subscribe, and this is text
    closed (line 6): no, it is in force sat sun 00:00 to 24:00 Asia/Shanghai, and there it is mon 09:30
    orders (line 12): no, it is for the user ann or bo, and this is user
    rules[3] (line 19): no, it is not enabled
    default (line 24): answers with one of these, at most once in 60 min and conversation
      text: "one"
      text: "two"
    "#);
    insta::assert_snapshot!(test(&["--event", "subscribe", "--account", "shop"]), @r#"
    rules[0] (line 2): answers
      text: "Welcome to shop"
    "#);
    insta::assert_snapshot!(test(&["--event", "unsubscribe"]), @r#"
    rules[0] (line 2): no, it is for subscribe, and this is unsubscribe
    closed (line 6): no, it is for text, and this is unsubscribe
    orders (line 12): no, it is for text, and this is unsubscribe
    rules[3] (line 19): no, it is not enabled
    default (line 24): no, it is for text, image, voice, location, image_text, unknown, and this is unsubscribe
    rest (line 31): forwards it to https://rest.internal/wechat
      {
        "version": 1,
        "id": "msg_a069a2a4215693951854c905c5c79946",
        "attempt": 1,
        "accepted_at": "2026-11-23T01:30:00Z",
        "rule": "rest",
        "app": "test-app",
        "account": "account",
        "user": "user",
        "kind": "unsubscribe",
        "message_id": null,
        "create_time": 1795397400000,
        "fields": {},
        "extra": [],
        "captures": {},
        "state": null
      }
    "#);
}

/// If two texts look the same on a screen and only one is answered, an operator would take it for a bug.
#[test]
fn a_trial_names_what_keeps_a_text_from_a_keyword_that_it_looks_like() {
    let file = |keyword: &str| {
        format!("[[rules]]\nname = 'help'\non = 'text'\nkeyword = {{ {keyword} }}\nreply = []\n{APP}")
    };
    let trial = |keyword: &str, text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bot.toml");
        std::fs::write(&path, file(keyword)).unwrap();
        let mut command = executable(&["rules", "test", "--config"]);
        let (code, output, errors) = outcome(command.arg(&path).arg(text).output().unwrap());
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        let line = output.lines().next().unwrap();
        line.strip_prefix("help (line 1): no, ").unwrap_or(line).to_owned()
    };
    let lines = [
        trial("is = 'help', fold = false", "he\u{200b}lp"),
        trial("is = 'help', fold = false", "\u{feff}Help\u{a0}"),
        trial("contains = ['order 17'], fold = false", "my order\u{a0}17 please"),
        trial("regex = '^order [0-9]+$', fold = false", "order\u{3000}17"),
        trial("is = 'help'", "h\u{435}lp"),
        trial("is = ['menu', 'help']", "Help!"),
        trial("contains = '订单17'", "我的订单 17呢"),
        trial("is = '帮助。'", "帮助"),
        trial("is = '帮助'", "帮忙"),
        trial("is = 'help'", "hello"),
        trial("is = 'help'", "he\u{200b}lp"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    the text is not "help", though nearly "help": it has U+200B (zero width space) in it, which fold = true would pass over
    the text is not "help", though nearly "help": it has U+FEFF (byte order mark), "H", U+00A0 (no-break space) instead of "h", which fold = true would pass over
    the text has no "order 17" in it, though nearly "order 17": it has U+00A0 (no-break space) instead of a space, which fold = true would pass over
    the text is not matched by ^order [0-9]+$, though nearly: it has U+3000 (ideographic space) in it, which fold = true would pass over
    the text is not "help", though nearly "help": it has "е" (U+0435) instead of "e"
    the text is not "menu" or "help", though nearly "help": it has "!" in it
    the text has no "订单17" in it, though nearly "订单17": it has a space in it
    the text is not "帮助。", though nearly "帮助。": it has no "。" (U+3002) in it
    the text is not "帮助"
    the text is not "help"
    help (line 1): takes it and sends nothing
    "#);
}

#[test]
fn a_trial_shows_cards_and_uploads_as_a_person_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bot.toml");
    let rules = r#"
[[rules]]
on = "text"
reply = [
    { news = [
        { title = "Open \"day\"", description = "Two\nlines", url = "https://a/{{ user }}", picurl = "https://a/b.jpg" },
        { title = "开放日", picurl = "https://a/c.jpg" },
    ] },
    { voice = { media_id = "m1" } },
]
"#;
    std::fs::write(&file, format!("{rules}{APP}")).unwrap();
    let mut command = executable(&["rules", "test", "hello", "--config"]);
    let (code, output, errors) = outcome(command.arg(&file).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    insta::assert_snapshot!(output, @r#"
    rules[0] (line 2): answers
      news: 2 cards
        1. "Open \"day\""
           text: "Two\nlines"
           link: https://a/user
           picture: https://a/b.jpg
        2. "开放日"
           picture: https://a/c.jpg
      voice: uploaded as m1
    "#);
}

#[test]
fn a_trial_says_that_a_person_has_the_conversation_then() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bot.toml");
    let rule = |name: &str, action: &str| {
        let on = format!("on = 'text'\nkeyword = {{ is = '{name}' }}");
        format!("[[rules]]\nname = '{name}'\n{on}\nhand_over = true\n{action}\n")
    };
    let rules = [
        rule("alone", "every = '1h'"),
        rule("reply", "reply = { text = 'one moment' }"),
        rule(
            "forward",
            "forward = { url = 'https://x/', secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }",
        ),
    ];
    std::fs::write(&file, format!("{}{APP}", rules.concat())).unwrap();
    let said = ["alone", "reply", "forward"].map(|text| {
        let mut command = executable(&["rules", "test", text, "--config"]);
        let (code, output, errors) = outcome(command.arg(&file).output().unwrap());
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        let line = output.lines().find(|line| line.starts_with(&format!("{text} ")));
        line.unwrap_or_else(|| panic!("{output}")).to_owned()
    });
    insta::assert_snapshot!(said.join("\n"), @r"
    alone (line 1): hands the conversation over to a person, as [desk] says, at most once in 60 min and conversation
    reply (line 7): answers, and then a person has the conversation
    forward (line 13): forwards it to https://x/, and then a person has the conversation
    ");
}

#[test]
fn a_trial_is_at_the_time_that_it_names() {
    for (at, answers) in [("2026-11-22T23:59[Asia/Shanghai]", true), ("2026-11-22T23:59Z", false)] {
        let (_, output, _) = trial(&["x", "--at", at]);
        assert_eq!(output.contains("closed (line 6): answers"), answers, "{at}: {output}");
    }
    let (code, _, errors) = trial(&["x", "--at", "noon"]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("2026-11-21T09:30+08:00"), "{errors}");
}

#[test]
fn without_rules_there_is_nothing_to_try() {
    let (code, _, errors) = outcome(Home::new().command(&["rules", "test", "x"]).output().unwrap());
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(errors, @r#"
    error: the configuration has no rules
    hint: write sections [[rules]], and name the file with --config
    "#);
}
