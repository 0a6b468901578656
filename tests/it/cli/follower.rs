//! `follower`: both calls as the document has them, and lists longer than one call takes.

use serde_json::Value;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use super::{
    calls::{OK, check, run, run_at},
    help::help,
};
use crate::client::support::json;

/// A file with `count` users.
fn users(count: usize) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<_> = (1..=count).map(|n| format!("u{n}")).collect();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    file
}

/// A server that refuses the part that `user` is in.
async fn refusing(user: &'static str) -> MockServer {
    let server = MockServer::start().await;
    let answer = move |request: &Request| {
        let known = !json(&request.body)["userId"].as_array().unwrap().contains(&user.into());
        let body = if known { OK } else { r#"{"errcode":1002,"errmsg":"who?"}"# };
        ResponseTemplate::new(200).set_body_string(body)
    };
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn each_subcommand_makes_its_call() {
    let heading = |call: &str| format!("关注、取消关注公众号/{call}");
    for (call, command) in [("关注公众号", "add"), ("取消关注公众号", "remove")] {
        let printed =
            check(&heading(call), &["follower", command, "mcid001", "userId1", "userId2"]).await;
        assert_eq!(printed, "done for 2 user(s)\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_goes_out_in_parts_of_fifty() {
    let file = users(120);
    let path = file.path().to_str().unwrap();
    let done = run(200, OK, &["follower", "add", "news", "--users-file", path, "--json"]).await;
    let sizes: Vec<_> =
        done.requests.iter().map(|it| json(&it.body)["userId"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [50, 50, 20]);
    assert_eq!(json(done.printed().as_bytes()), json(br#"{"done":120,"total":120}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_failed_is_told_of_with_the_way_to_go_on() {
    let file = users(120);
    let path = file.path().to_str().unwrap();
    let add = ["follower", "add", "news", "--users-file", path];
    let done = run_at(&refusing("u77").await, "test-app", &add).await;
    assert_eq!(done.requests.len(), 2);
    insta::assert_snapshot!(done.failed(), @r#"
    error: it failed for the users 51 to 100 of 120; 50 before them are done, 20 after them were not tried
    caused by: the platform refused the call (HTTP 200, errcode 1002: who?)
    hint: look at the values: does what they name exist, and is each what the platform takes?
    hint: go on with the same command and --from 51
    exit code 2
    "#);

    let on = [&add[..], &["--from", "51", "--json"]].concat();
    let done = run_at(&refusing("u120").await, "test-app", &on).await;
    let result: Value = serde_json::from_str(&done.output).unwrap();
    assert_eq!(
        (&result["done"], &result["failed"]["from"], &result["failed"]["to"], &result["not_tried"]),
        (&50.into(), &101.into(), &120.into(), &0.into())
    );
    let done = run_at(&refusing("u1").await, "test-app", &add).await;
    assert_eq!(done.code, Some(1), "nothing is done: {}", done.errors);
    let done = run(200, OK, &[&add[..], &["--from", "121"]].concat()).await;
    insta::assert_snapshot!(done.failed(), @r#"
    error: there is no user at position 121 of 120
    hint: positions are from 1, in the order of the list
    exit code 1
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "snapshots")]
fn it_explains_itself() {
    insta::assert_snapshot!(help(&["follower"]), @r#"
    Makes users follow a public account, or no longer

    Usage: rongcloud-callback follower [OPTIONS] <COMMAND>

    Commands:
      add     Makes users follow an account, 50 in one call
      remove  Makes users no longer follow an account, 50 in one call
      help    Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it
    "#);
    insta::assert_snapshot!(help(&["follower", "add"]), @r#"
    Makes users follow an account, 50 in one call

    Usage: rongcloud-callback follower add [OPTIONS] <ACCOUNT> [USER]...

    Arguments:
      <ACCOUNT>
              The account's id (mcid)

      [USER]...
              The users' ids

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --users-file <FILE>
              A file with one user a line, - for standard input

          --from <POSITION>
              Begins with the user at this position of the list, from 1: to go on after a failure
              
              [default: 1]

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it
    "#);
    insta::assert_snapshot!(help(&["follower", "remove"]), @r#"
    Makes users no longer follow an account, 50 in one call

    Usage: rongcloud-callback follower remove [OPTIONS] <ACCOUNT> [USER]...

    Arguments:
      <ACCOUNT>
              The account's id (mcid)

      [USER]...
              The users' ids

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --users-file <FILE>
              A file with one user a line, - for standard input

          --from <POSITION>
              Begins with the user at this position of the list, from 1: to go on after a failure
              
              [default: 1]

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it
    "#);
}
