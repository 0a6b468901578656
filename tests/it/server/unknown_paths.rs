//! Requests to a path that no app has.

use rongcloud_callback::metrics;

use crate::support::{
    http::{get, post},
    log::Log,
};

use super::setup::{Setup, TestServer, fresh_query, text};

#[tokio::test]
async fn an_unknown_path_is_answered_with_404_and_code_1002_and_names_no_path() {
    let server = TestServer::start().await;
    for path in
        ["/", "/callback/", "/callbacks", "//callback", "/Callback", "/callback/x", "/callbac%6b"]
    {
        let answer = server.ask(post(&format!("{path}?{}", fresh_query()), "")).await;
        let message = answer.assert_error(404, 1002);
        assert!(!message.contains("/callback"), "{message}");
    }
    server.ask(get("/")).await.assert_error(404, 1002);
}

#[tokio::test]
async fn an_unknown_path_is_logged_with_the_paths_that_there_are_and_with_what_is_too_much() {
    let (log, _guard) = Log::capture();
    let server = Setup::new().await.start_on_this_thread().await;
    for (path, hint) in [
        ("/callback/", "/callback in a slash at its end only"),
        ("//callback", "/callback in a doubled slash only"),
        ("/CALLBACK", "/callback in upper and lower case only"),
        ("/bots/callback", "/callback in what stands before it only"),
        ("/elsewhere", ""),
    ] {
        let target = format!("{path}?{}", fresh_query());
        server.ask(post(&target, text("user", "1", "hello"))).await.assert_error(404, 1002);
        let lines = log.lines();
        let line = lines.lines().rfind(|line| line.contains("WARN")).unwrap();
        assert!(line.contains(&format!("path=\"{path}\"")), "{line}");
        assert!(line.contains("paths=\"/callback\""), "{line}");
        assert!(line.contains("client=127.0.0.1") && line.contains("reason=\"not_found\""), "{line}");
        assert!(line.contains(hint) && line.contains("hint") != hint.is_empty(), "{line}");
    }
}

#[tokio::test]
async fn a_flood_at_unknown_paths_and_a_path_without_end_leave_short_logs() {
    let (log, _guard) = Log::capture();
    let server = Setup::new().await.start_on_this_thread().await;
    let mut connection = server.connect().await;
    for number in 0..300 {
        let path = format!("/{number}/{}\u{1b}", "x".repeat(6000)).replace('\u{1b}', "%1b");
        connection.ask(post(&path, "")).await.assert_error(404, 1002);
        connection.ask(get("/favicon.ico")).await.assert_error(404, 1002);
    }
    let lines = log.lines();
    let warned: Vec<_> = lines.lines().filter(|line| line.contains("WARN")).collect();
    // The limit is ten lines in each window of ten seconds, however long this took.
    assert!((10..=50).contains(&warned.len()), "{} lines", warned.len());
    assert!(warned.iter().all(|line| line.len() < 1500), "{warned:#?}");
}

#[test]
fn an_unknown_path_is_counted() {
    let recorder = metrics::build_recorder().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    ::metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let server = Setup::new().await.start_on_this_thread().await;
            server.ask(post("/callback/", "")).await.assert_error(404, 1002);
            server.ask(get("/")).await.assert_error(404, 1002);
        });
    });
    let rendered = recorder.handle().render();
    let line = "rongcloud_callback_callbacks_total{app=\"\",outcome=\"not_found\"} 2\n";
    assert!(rendered.contains(line), "{rendered}");
}
