//! Each mistake in a rule, with its line and the words of its problem.

use proptest::prelude::*;
use rongcloud_callback::{
    Rules,
    config::{DEFAULTS, Problem},
};

use super::parse;

fn problems(rule: &str) -> Vec<Problem> {
    parse(&format!("\n[[rules]]\n{rule}")).expect_err("a rule with problems").problems().to_vec()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_mistake_in_a_rule_is_told_with_its_place_and_what_would_be_right() {
    let reply = "reply = { text = 'x' }";
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for (rule, key, what, hint) in [
        (reply.to_owned(), "on", "is missing", "on = \"text\""),
        (
            format!("on = 'txt'\n{reply}"),
            "on",
            "there is no kind of message `txt`",
            "any, message, event, text",
        ),
        (format!("on = 1\n{reply}"), "on", "is not a text in quotes, or a list", "on = \"text\""),
        ("on = 'text'".to_owned(), "reply", "is missing, and `forward` too", "reply = { text"),
        (
            format!("on = 'text'\ncolour = 1\n{reply}"),
            "colour",
            "there is no `colour`",
            "account, app, enabled",
        ),
        (
            format!("on = 'text'\nenabled = 'no'\n{reply}"),
            "enabled",
            "is not true or false",
            "enabled = false",
        ),
        (
            format!("on = 'text'\naccount = {{}}\n{reply}"),
            "account",
            "is not a text in quotes, or a list",
            "mcid1",
        ),
        (
            format!("on = 'text'\nkeyword = 'x'\n{reply}"),
            "keyword",
            "is not a table of keys",
            "{ is = [",
        ),
        (format!("on = 'text'\nkeyword = {{}}\n{reply}"), "keyword", "names no word", "contains = ["),
        (
            format!("on = 'text'\nkeyword = {{ was = 'x' }}\n{reply}"),
            "keyword.was",
            "there is no `was`",
            "is, contains, regex, fold",
        ),
        (
            format!("on = 'text'\nkeyword = {{ is = ['a', ' '] }}\n{reply}"),
            "keyword.is",
            "has an empty word",
            "take it off",
        ),
        (
            format!("on = 'text'\nkeyword = {{ regex = '(a' }}\n{reply}"),
            "keyword.regex",
            "is not a regex: unclosed group",
            "'订单(?<no>",
        ),
        (
            "on = 'text'\nkeyword = { regex = '(?<no>a' }\nreply = { text = '{{ captures.no }}' }".to_owned(),
            "keyword.regex",
            "is not a regex: unclosed group",
            "'订单(?<no>",
        ),
        (
            "on = 'text'\nkeyword = { regex = '(?<no>a)', was = 1 }\nreply = { text = '{{ captures.no }}' }"
                .to_owned(),
            "keyword.was",
            "there is no `was`",
            "is, contains, regex, fold",
        ),
        (
            format!("on = 'text'\nkeyword = {{ regex = '（a）' }}\n{reply}"),
            "keyword.regex",
            "has \"（\" (U+FF08), which folding makes `(`",
            "write `\\(`",
        ),
        (
            format!("on = 'text'\nkeyword = {{ regex = 'a|\\u{{200b}}b' }}\n{reply}"),
            "keyword.regex",
            "has U+200B (zero width space), which folding takes out of every message",
            "take it out",
        ),
        (
            format!("on = 'text'\nkeyword = {{ regex = 'a\u{a0}b' }}\n{reply}"),
            "keyword.regex",
            "has U+00A0 (no-break space), which folding makes ` `",
            "write ` `",
        ),
        (
            format!("on = 'text'\nkeyword = {{ regex = '\u{200b}' }}\n{reply}"),
            "keyword.regex",
            "has nothing in it",
            "write what to find",
        ),
        (
            format!("on = 'text'\nkeyword = {{ contains = '\u{feff}' }}\n{reply}"),
            "keyword.contains",
            "has an empty word",
            "take it off",
        ),
        (
            format!("on = 'text'\nkeyword = {{ regex = '((a{{99}}){{99}}){{99}}' }}\n{reply}"),
            "keyword.regex",
            "needs more than",
            "repeat less",
        ),
        (
            format!("on = 'image'\nkeyword = {{ is = 'a' }}\n{reply}"),
            "keyword",
            "the kinds in `on` have no words",
            "on = \"text\"",
        ),
        (
            format!("on = 'text'\nwhen = {{ from = '9' , zone = 'UTC' }}\n{reply}"),
            "when.from",
            "9 is no time of day",
            "\"00:00\"",
        ),
        (
            format!("on = 'text'\nwhen = {{ from = '09:00', until = '09:00', zone = 'UTC' }}\n{reply}"),
            "when.until",
            "is 09:00, when the window begins",
            "leave both out",
        ),
        (
            format!("on = 'text'\nwhen = {{ from = '09:00' }}\n{reply}"),
            "when.zone",
            "is missing",
            "Asia/Shanghai",
        ),
        (
            format!("on = 'text'\nwhen = {{ zone = 'Asia/Peking' }}\n{reply}"),
            "when.zone",
            "Asia/Peking is no time zone",
            "Asia/Shanghai",
        ),
        (
            format!("on = 'text'\nwhen = {{ days = ['Monday'], zone = 'UTC' }}\n{reply}"),
            "when.days[0]",
            "none of the words that can stand here: `mon`, `tue`",
            "days = [",
        ),
        (
            format!("on = 'text'\nevery = 'day'\n{reply}"),
            "every",
            "\"day\" is not a time with its unit",
            "\"1h\"",
        ),
        (format!("on = 'text'\nevery = '0s'\n{reply}"), "every", "is no time at all", "\"1h\""),
        (
            format!("on = 'text'\npick = 'one'\n{reply}"),
            "pick",
            "\"one\" is none of the words that can stand here: `all` or `random`",
            "\"random\"",
        ),
        ("on = 'text'\nreply = 'x'".to_owned(), "reply", "is not a table of keys", "{ text = "),
        (
            "on = 'text'\nreply = [{ txt = 'x' }]".to_owned(),
            "reply[0]",
            "\"txt\" is none of the words that can stand here: `text`",
            "{ text = ",
        ),
        (
            "on = 'text'\nreply = { text = 'x', image = { url = 'x' } }".to_owned(),
            "reply",
            "says more than one thing",
            "write a list",
        ),
        (
            "on = 'text'\nreply = { image = 'x' }".to_owned(),
            "reply.image",
            "\"x\" is none of the words that can stand here: `url` or `media_id`",
            "image = { url",
        ),
        (
            "on = 'text'\nreply = { news = [{ title = 'x' }] }".to_owned(),
            "reply.news[0]",
            "`picurl` is missing",
            "picurl",
        ),
        (
            "on = 'text'\nreply = { news = [{ title = 'x', picurl = 'x', picUrl = 'x' }] }".to_owned(),
            "reply.news[0].picUrl",
            "there is no `picUrl`",
            "picurl",
        ),
        (
            "on = 'text'\nreply = { text = '' }".to_owned(),
            "reply",
            "the text is empty, which the platform does not take",
            "keep to the limit",
        ),
        (
            "on = 'text'\nreply = [{ text = 'x' }, { text = '{{ x' }]".to_owned(),
            "reply[1].text",
            "is not a template",
            "{{ user }}",
        ),
        (
            "on = 'image'\nreply = { text = '{{ content }}' }".to_owned(),
            "reply.text",
            "there is no `content` for this rule",
            "message_id, create_time, url",
        ),
        (
            "on = 'text'\nforward = 'http://x'".to_owned(),
            "forward",
            "is not a table of keys",
            "{ url = ",
        ),
        (
            format!("on = 'text'\nforward = {{ secret = '{secret}' }}"),
            "forward.url",
            "is missing",
            "https://orders.internal",
        ),
        (
            format!("on = 'text'\nforward = {{ url = 'http://u:p@x/', secret = '{secret}' }}"),
            "forward.url",
            "without user name",
            "it may have a query",
        ),
        (
            "on = 'text'\nforward = { url = 'http://x/' }".to_owned(),
            "forward.secret",
            "is missing",
            "openssl rand",
        ),
        (
            "on = 'text'\nforward = { url = 'http://x/', secret = 'hunter2' }".to_owned(),
            "forward.secret",
            "24 to 64 bytes in base64",
            "openssl rand",
        ),
        (
            format!(
                "on = 'text'\nforward = {{ url = 'http://x/', secret = '{secret}', timeout = '20s' }}"
            ),
            "forward.timeout",
            "20s is not shorter than half of dispatch.timeout (30s)",
            "raise dispatch.timeout",
        ),
        (
            format!(
                "on = 'text'\nforward = {{ url = 'http://x/', secret = '{secret}', concurrency = 0 }}"
            ),
            "forward.concurrency",
            "is 0",
            "1 or more",
        ),
        (
            format!("on = 'text'\n{reply}\nforward = {{ url = 'http://x/', secret = '{secret}' }}"),
            "forward",
            "stands beside `reply`",
            "take one of them out",
        ),
    ] {
        let problems = problems(&rule);
        let [problem] = &problems[..] else { panic!("{rule}: {problems:#?}") };
        assert_eq!(problem.key, format!("rules[0].{key}"), "{rule}");
        assert!(problem.what.contains(what), "{rule}: {}", problem.what);
        assert!(problem.hint.contains(hint), "{rule}: {}", problem.hint);
        assert!(problem.line.is_some_and(|line| line >= 2), "{rule}: {problem:?}");
    }
    assert!(
        parse("rules = 1").unwrap_err().to_string().contains("begin each rule with a line [[rules]]")
    );
    assert!(parse("rules = [1]").unwrap_err().to_string().contains("rules[0]: is not a section"));
}

#[test]
fn a_mistake_is_told_on_its_line_and_does_not_hide_the_others() {
    let text = "[[rules]]\non = \"text\"\nreply = [\n  { text = \"fine\" },\n  { text = \"{{ usr }}\" },\n]\n\n\
                [[rules]]\nkeyword = { regex = \"(\" }\nevery = 5\nreply = { text = \"x\" }\n";
    insta::assert_snapshot!(parse(text).unwrap_err(), @r#"
    the configuration has 4 problems:
      configuration:5: rules[0].reply[1].text: there is no `usr` for this rule
        hint: what it can read is: app, account, user, kind, message_id, create_time, content
      configuration:8: rules[1].on: is missing: it is not clear what the rule is for
        hint: write on = "text", or on = "any"
      configuration:9: rules[1].keyword.regex: is not a regex: unclosed group
        hint: for example regex = '订单(?<no>\d+)'; in '…' a backslash needs no second one
      configuration:10: rules[1].every: the number 5 is not a time with its unit, such as "250ms", "5s", "24h" or "30d"
        hint: for example every = "1h"
    "#);
}

#[test]
fn several_mistakes_in_one_table_of_a_rule_are_all_told() {
    let text = "[[rules]]\non = \"text\"\nreply = { text = \"x\" }\n\
                when = { days = [\"mo\", \"tue\"], from = \"9\", until = 18, zone = \"Beijing\", form = \"\" }\n";
    insta::assert_snapshot!(parse(text).unwrap_err(), @r#"
    the configuration has 5 problems:
      configuration:4: rules[0].when.days[0]: "mo" is none of the words that can stand here: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`
        hint: for example when = { days = ["mon", "fri"], from = "09:00", until = "18:00", zone = "Asia/Shanghai" }
      configuration:4: rules[0].when.form: there is no `form`
        hint: did you mean `from`? the keys here are: days, from, until, zone
      configuration:4: rules[0].when.until: the number 18 is not a text in quotes
        hint: for example when = { days = ["mon", "fri"], from = "09:00", until = "18:00", zone = "Asia/Shanghai" }
      configuration:4: rules[0].when.zone: Beijing is no time zone of the IANA database
        hint: write a name such as "Asia/Shanghai" or "UTC"
      configuration:4: rules[0].when.from: 9 is no time of day
        hint: write hours and minutes from "00:00" to "23:59"
    "#);
}

#[test]
fn no_mistake_quotes_a_secret() {
    for secret in ["'hunter2'", "['hunter2']", "{ hunter2 = 1 }", "[['hunter2']]"] {
        let rule =
            format!("[[rules]]\non = 'any'\nforward = {{ url = 'http://x/', secret = {secret} }}");
        let error = parse(&rule).unwrap_err().to_string();
        assert!(error.contains("rules[0].forward.secret") && !error.contains("hunter2"), "{error}");
    }
}

/// A secret that was pasted wrong would be answered 401 by the service, and nobody would know why.
#[test]
fn a_secret_in_another_form_is_taken_as_it_is_meant_or_refused_with_what_is_wrong() {
    let problem = |secret: &str| {
        let secret = toml::Value::from(secret);
        let rule = format!(
            "[[rules]]\non = 'any'\nforward = {{ url = 'http://x/?code=1', secret = {secret} }}"
        );
        let error = parse(&rule).err()?;
        let [problem] = error.problems() else { panic!("{error}") };
        assert_eq!(problem.key, "rules[0].forward.secret");
        assert!(problem.what.contains("\"whsec_\" and then 24 to 64 bytes in base64"), "{problem:?}");
        assert!(problem.hint.contains("openssl rand"), "{problem:?}");
        assert!(!error.to_string().contains("plJ3nmyC"), "{error}");
        Some(problem.what.clone())
    };
    let key = "plJ3nmyCDGBKInavdOK15jslplJ3nmyC+/+/+A==";
    let unpadded = key.trim_end_matches('=');
    for form in [key, unpadded] {
        for prefix in ["", "whsec_", "v1,whsec_"] {
            assert_eq!(problem(&format!("{prefix}{form}")), None, "{prefix}{form}");
        }
    }
    let key = unpadded;
    for (secret, what) in [
        (format!("whsec_{key}\r"), "ends with U+000D (line end)"),
        (format!(" whsec_{key}"), "begins or ends with a space"),
        (format!("\u{feff}whsec_{key}"), "U+FEFF (byte order mark)"),
        (format!("whsec_{key}\u{200b}"), "U+200B (zero width space)"),
        (format!("\"whsec_{key}\""), "begins or ends with a quotation mark"),
        (format!("'whsec_{key}'"), "begins or ends with \"'\""),
        (format!("whsec_{}", key.replace('+', "-").replace('/', "_")), "its form for URLs"),
        (format!("whsk_{key}"), "signatures of the other kind"),
        (format!("whsec_{}", &key[..16]), "has 12 bytes"),
        (format!("whsec_{}", key.repeat(4).replace('=', "")), ""),
        (format!("whsec_{key}|whsec_{key}"), ""),
        ("whsec_".to_owned(), "has 0 bytes"),
        ("my secret password for the webhook".to_owned(), ""),
    ] {
        let problem = problem(&secret).unwrap_or_else(|| panic!("{secret} was taken"));
        assert!(problem.contains(what), "{secret}: {problem}");
    }
}

/// The documented rule has both `reply` and `forward`, which is its one mistake.
#[test]
fn the_rule_that_the_defaults_document_is_one() {
    let (_, rule) = DEFAULTS.split_once("\n# [[rules]]\n").unwrap();
    let rule: String =
        rule.lines().map(|line| line.strip_prefix("# ").unwrap().to_owned() + "\n").collect();
    let rule = rule.replace("${FORWARD_SECRET}", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let problems = problems(&rule);
    let [problem] = &problems[..] else { panic!("{problems:#?}") };
    assert_eq!(problem.key, "rules[0].forward");
    let (without, _) = rule.split_once("# Instead of a reply").unwrap();
    let config = parse(&format!("[[rules]]\n{without}")).unwrap();
    assert_eq!(Rules::new(&config.rules).unwrap().len(), 1);
}

fn some_value() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "text",
        "any",
        "a",
        "(",
        "[a-",
        "{{",
        "{{ user",
        "{% for x in user %}",
        "{{ captures.a }}",
        "25:00",
        "-1s",
        "1h",
        "Asia/Shanghai",
        "http://x/",
        "whsec_",
        "（",
        "\u{301}",
        "(?<a>\\w+)",
        "${",
        "random",
    ]);
    let leaf = prop_oneof![
        words.prop_map(|word| format!("'{word}'")),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("true".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("nan".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop::sample::select(vec![
            "is",
            "contains",
            "regex",
            "fold",
            "days",
            "from",
            "until",
            "zone",
            "text",
            "image",
            "voice",
            "news",
            "title",
            "picurl",
            "description",
            "url",
            "media_id",
            "secret",
            "timeout",
            "concurrency",
        ]);
        let table = prop::collection::btree_map(key, inner.clone(), 0..4).prop_map(|table| {
            let pairs: Vec<_> = table.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            format!("{{ {} }}", pairs.join(", "))
        });
        let list =
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(", ")));
        prop_oneof![table, list]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every rule is read, or each of its problems has a hint and a line.
    #[test]
    fn no_rule_makes_the_loader_panic(rules in prop::collection::vec(
        prop::collection::btree_map(
            prop::sample::select(vec![
                "name", "enabled", "on", "app", "account", "user", "keyword", "when", "every", "reply", "pick", "forward", "hand_over", "x",
            ]),
            some_value(),
            0..6,
        ),
        1..3,
    )) {
        let rules = rules.iter().map(|rule| {
            let keys: Vec<_> = rule.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            format!("[[rules]]\n{}\n", keys.join("\n"))
        });
        let text: String = rules.collect();
        match parse(&text) {
            Ok(config) => prop_assert!(Rules::new(&config.rules).is_ok()),
            Err(error) => {
                prop_assert!(!error.problems().is_empty(), "{}\n{}", text, error);
                for problem in error.problems() {
                    prop_assert!(problem.line.is_some() && !problem.hint.is_empty(), "{}\n{:?}", text, problem);
                }
            }
        }
    }

    #[test]
    fn no_text_makes_the_loader_panic(text: String) {
        let _ = parse(&format!("[[rules]]\non = 'text'\nkeyword = {{ regex = '''{text}''' }}\nreply = {{ text = '''{text}''' }}"));
        let _ = parse(&text);
    }
}
