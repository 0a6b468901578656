//! Tokens for persons and programs: what they may, and the mistakes in writing them.

use rongcloud_callback::config::Right;

use super::{
    parse,
    problems::{assert_problem, problems},
};

const APP: &str = "[[apps]]\nkey = 'k'\nsecrets = ['s3cret']\napi_url = 'https://api.example.com'\n";

#[test]
fn texts_tables_and_files_are_tokens_with_their_rights() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, bob) = (folder.path().join("plain"), folder.path().join("bob"));
    std::fs::write(&plain, "0123456789abcdef-plain\n").unwrap();
    std::fs::write(&bob, "0123456789abcdef-bob\n").unwrap();
    let text = format!(
        "[admin]\ntoken_files = [{plain:?}]\ntokens = ['0123456789abcdef', \
         {{ name = '爱丽丝', token = '0123456789abcdef-alice', may = ['bodies', 'answer'] }}, \
         {{ name = 'bob', token_file = {bob:?}, may = 'metrics' }}]\n{APP}"
    );
    let admin = parse(&text).unwrap().admin;
    let tokens: Vec<_> = admin
        .tokens
        .iter()
        .map(|token| (token.name.as_deref(), token.rights.iter().collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        tokens,
        [
            (None, vec![Right::Metrics]),
            (Some("爱丽丝"), vec![Right::Read, Right::Bodies, Right::Answer]),
            (Some("bob"), vec![Right::Metrics]),
            (None, vec![Right::Metrics]),
        ]
    );
    assert!(!format!("{admin:?}").contains("abcdef"), "{admin:?}");
}

#[test]
fn a_table_of_a_token_that_is_wrong_is_told_at_its_key() {
    let token = "token = '0123456789abcdef'";
    for (table, key, words) in [
        ("may = 'read'".to_owned() + "\n" + token, "name", "is missing"),
        (format!("name = 'a'\n{token}"), "may", "is missing"),
        (format!("name = 'a'\nmay = []\n{token}"), "may", "would open nothing"),
        (format!("name = 'a'\nmay = ['read', 'bodeis']\n{token}"), "may[1]", "there is no `bodeis`"),
        (format!("name = 'a'\nmay = 5\n{token}"), "may", "is not a text in quotes, or a list"),
        (format!("name = ' a'\nmay = 'read'\n{token}"), "name", "white space around it"),
        (format!("name = ''\nmay = 'read'\n{token}"), "name", "is empty"),
        (format!("name = '{}'\nmay = 'read'\n{token}", "a".repeat(51)), "name", "longer than 50"),
        (format!("name = \"a\\u0007b\"\nmay = 'read'\n{token}"), "name", "control characters"),
        (format!("name = 'local'\nmay = 'read'\n{token}"), "name", "where no token was used"),
        ("name = 'a'\nmay = 'read'".to_owned(), "token", "one of `token` and `token_file`"),
        (format!("name = 'a'\nmay = 'read'\n{token}\ntoken_file = '/x'"), "token", "and not both"),
        ("name = 'a'\nmay = 'read'\ntoken = 'hunter2'".to_owned(), "token", "could be guessed"),
        ("name = 'a'\nmay = 'read'\ntoken = ['hunter2']".to_owned(), "token", "is not a string"),
        ("name = 'a'\nmay = 'read'\ntoken_file = '/nowhere/a'".to_owned(), "token_file", "cannot read"),
        (format!("name = 'a'\nmay = 'read'\nmey = 1\n{token}"), "mey", "there is no `mey`"),
    ] {
        let text = format!("[[admin.tokens]]\n{table}\n{APP}");
        assert_problem(&text, &format!("admin.tokens[0].{key}"), words);
        assert!(!format!("{:?}", problems(&text)).contains("hunter2"), "{table}");
    }
    let hint = &problems(&format!("[[admin.tokens]]\nname = 'a'\nmay = 'reed'\n{token}\n{APP}"))[0].hint;
    assert!(hint.contains("did you mean `read`?") && hint.contains("operate"), "{hint}");
    assert_problem(
        &format!("[admin]\ntokens = [5]\n{APP}"),
        "admin.tokens[0]",
        "neither a token in quotes",
    );
}

#[test]
fn two_tokens_have_two_names_and_two_secrets() {
    let token =
        |name, token| format!("[[admin.tokens]]\nname = '{name}'\nmay = 'read'\ntoken = '{token}'\n");
    let first = token("alice", "0123456789abcdef");
    for (second, key, words) in [
        (token("alice", "fedcba9876543210"), "name", "the same as that of a token before it"),
        (token("bob", "0123456789abcdef"), "token", "the same as the token of alice"),
    ] {
        assert_problem(&format!("{first}{second}{APP}"), &format!("admin.tokens[1].{key}"), words);
    }
    parse(&format!("{first}{}{APP}", token("bob", "fedcba9876543210"))).unwrap();
}

#[test]
fn the_phrases_of_the_desk_can_be_sent() {
    let desk = |phrases: &str| format!("[desk]\nphrases = [{phrases}]\n{APP}");
    assert_eq!(parse(&desk("'您好', 'Hello'")).unwrap().desk.phrases, ["您好", "Hello"]);
    assert_problem(&desk("'a', ' '"), "desk.phrases[1]", "is empty");
    assert_problem(&desk(&"'a',".repeat(101)), "desk.phrases", "101 sentences, more than 100");
    assert_problem(&desk(&format!("'{}'", "长".repeat(100_000))), "desk.phrases[0]", "cannot be sent");
}
