//! `hand_over` of a rule, and `[desk] forward`: the keys and mistakes of a rule's `forward`, at their own place.

use super::parse;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn the_desk_has_a_service_if_the_file_names_one() {
    let forward = format!("forward = {{ url = 'http://desk.internal/in?code=1', secret = '{SECRET}' }}");
    let config = parse(&format!("[desk]\ngive_back_after = '1h'\n{forward}\n")).unwrap();
    assert_eq!(config.desk.forward.as_ref().unwrap().url().as_str(), "http://desk.internal/in?code=1");
    assert_eq!(config.desk.give_back_after.as_secs(), 3600);
    assert!(parse("[desk]\ngive_back_after = '1h'\n").unwrap().desk.forward.is_none());
}

#[test]
fn each_mistake_in_it_is_told_with_its_place_and_what_would_be_right() {
    let url = "url = 'http://x/'";
    for (forward, key, what, hint) in [
        ("'http://x/'".to_owned(), "", "is not a table of keys", "forward = { url = "),
        (format!("{{ secret = '{SECRET}' }}"), ".url", "is missing", "https://orders.internal"),
        (format!("{{ {url} }}"), ".secret", "is missing", "openssl rand"),
        (format!("{{ {url}, secret = 'hunter2' }}"), ".secret", "24 to 64 bytes", "openssl rand"),
        (
            format!("{{ {url}, secret = '{SECRET}', timeout = '15s' }}"),
            ".timeout",
            "15s is not shorter than half of dispatch.timeout (30s)",
            "raise dispatch.timeout",
        ),
        (
            format!("{{ {url}, secret = '{SECRET}', concurrency = 0 }}"),
            ".concurrency",
            "is 0",
            "1 or more",
        ),
        (
            format!("{{ {url}, secrets = '{SECRET}' }}"),
            ".secrets",
            "there is no `secrets`",
            "did you mean `secret`?",
        ),
    ] {
        let error = parse(&format!("[desk]\nforward = {forward}\n")).expect_err(&forward);
        let problem =
            error.problems().iter().find(|problem| problem.key == format!("desk.forward{key}"));
        let problem = problem.unwrap_or_else(|| panic!("{forward}: {error}"));
        assert!(problem.what.contains(what), "{forward}: {}", problem.what);
        assert!(problem.hint.contains(hint), "{forward}: {}", problem.hint);
        assert_eq!(problem.line, (what != "is missing").then_some(2), "{forward}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let error = parse("[desk]\nforwrad = { }\n").unwrap_err();
    assert!(error.problems()[0].hint.contains("did you mean `forward`?"), "{error}");
}

#[test]
fn a_mistake_with_hand_over_is_told_with_what_would_be_right() {
    for (rule, key, what, hint) in [
        ("hand_over = false", "reply", "is missing, and `forward` too", "leaves the answer to a person"),
        ("hand_over = 'yes'\nreply = []", "hand_over", "is not true or false", "hand_over = true"),
        (
            "handover = true\nreply = []",
            "handover",
            "there is no `handover`",
            "did you mean `hand_over`?",
        ),
        (
            "hand_over = true\npick = 'random'",
            "pick",
            "has nothing to pick from",
            "`reply` that is a list",
        ),
    ] {
        let error = parse(&format!("[[rules]]\non = 'text'\n{rule}\n")).expect_err(rule);
        let [problem] = error.problems() else { panic!("{rule}: {error}") };
        assert_eq!(problem.key, format!("rules[0].{key}"), "{rule}");
        assert!(problem.what.contains(what), "{rule}: {}", problem.what);
        assert!(problem.hint.contains(hint), "{rule}: {}", problem.hint);
    }
    for rule in ["hand_over = true", "hand_over = true\nreply = []", "hand_over = false\nreply = []"] {
        assert_eq!(parse(&format!("[[rules]]\non = 'text'\n{rule}\n")).unwrap().rules.len(), 1);
    }
}
