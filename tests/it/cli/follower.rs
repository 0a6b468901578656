//! The commands of `follower`: both calls as in the document, and lists longer than one call takes.

use serde_json::Value;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use super::calls::{OK, check, run, run_at};
use crate::client::support::json;

/// A file with `count` users.
fn users(count: usize) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<_> = (1..=count).map(|n| format!("u{n}")).collect();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    file
}

/// A server that refuses each call with `user`.
async fn start_refusing_server(user: &'static str) -> MockServer {
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
    assert_eq!(json(done.printed().as_bytes()), json(br#"{"done":120,"total":120,"repeated":0}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_named_twice_is_added_once() {
    let done = run(200, OK, &["follower", "add", "news", "u1", "u2", "u1"]).await;
    assert_eq!(done.output, "done for 2 user(s), 1 was named twice\n");
    assert_eq!(json(&done.request().body)["userId"], json(br#"["u1","u2"]"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_failed_is_told_of_with_the_way_to_go_on() {
    let file = users(120);
    let path = file.path().to_str().unwrap();
    let add = ["follower", "add", "news", "--users-file", path];
    let done = run_at(&start_refusing_server("u77").await, "test-app", &add).await;
    assert_eq!(done.requests.len(), 2);
    insta::assert_snapshot!(done.failed(), @r#"
    error: it failed for the users 51 to 100 of 120; 50 before them are done, 20 after them were not tried
    caused by: the platform refused the call (HTTP 200, errcode 1002: who?)
    hint: look at the values: does what they name exist, and is each what the platform takes?
    hint: go on with the same command and --from 51
    exit code 2
    "#);

    let on = [&add[..], &["--from", "51", "--json"]].concat();
    let done = run_at(&start_refusing_server("u120").await, "test-app", &on).await;
    let result: Value = serde_json::from_str(&done.output).unwrap();
    assert_eq!(
        (&result["done"], &result["failed"]["from"], &result["failed"]["to"], &result["not_tried"]),
        (&50.into(), &101.into(), &120.into(), &0.into())
    );
    let done = run_at(&start_refusing_server("u1").await, "test-app", &add).await;
    assert_eq!(done.code, Some(1), "nothing is done: {}", done.errors);
    let done = run(200, OK, &[&add[..], &["--from", "121"]].concat()).await;
    insta::assert_snapshot!(done.failed(), @r#"
    error: there is no user at position 121 of 120
    hint: positions are from 1, in the order of the list
    exit code 1
    "#);
}
