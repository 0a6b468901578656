//! A log that nobody reads, or whose reader goes away: nothing but the log suffers.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{
    http::{Connection, post},
    messages::{APP, PATH, delivery, text},
    platform::Platform,
    process::Home,
    until,
};

/// A server and its standard error, of which the test is the only reader.
struct LoggingServer {
    child: Child,
    home: Home,
}

impl LoggingServer {
    async fn start(home: Home) -> Self {
        let child = home.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let served = Self { child, home };
        let address = served.home.callbacks();
        until("a server that listens", async || Connection::try_open(address).await.ok().map(drop))
            .await;
        served
    }

    async fn deliver(&self, user: &str, id: &str) {
        let body = text(user, id, "hello");
        Connection::open(self.home.callbacks()).await.ask(delivery(&body)).await.assert_ack();
    }

    /// Sends a request that the log warns of.
    async fn forge(&self) {
        let forged = post(&format!("{PATH}?rc-nonce=1"), "");
        Connection::open(self.home.callbacks()).await.ask(forged).await.assert_error(401, 1004);
    }

    /// Ends the server by SIGTERM. Returns its exit code.
    fn stop(&mut self) -> Option<i32> {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for LoggingServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ECHO: &str = "[[rules]]\non = \"text\"\nreply = { text = \"{{ content }}\" }\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_log_is_not_read_any_more_answers_handles_and_ends_as_ever() {
    let platform = Platform::start().await;
    let home = Home::new().with_api(&platform.url()).with(ECHO);
    let mut served = LoggingServer::start(home).await;
    // From here on every write fails.
    drop(served.child.stderr.take());
    served.forge().await;
    served.deliver("ann", "1").await;
    served.forge().await;
    for number in 0..20 {
        served.deliver("bo", &number.to_string()).await;
    }
    until("all replies", async || (platform.sent().len() == 21).then_some(())).await;
    assert_eq!(served.child.try_wait().unwrap(), None, "it has ended");
    assert_eq!(served.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_pipe_delays_nothing_and_its_reader_is_told_how_many_lines_are_lost() {
    let platform = Platform::start().await;
    let home = Home::new().with_api(&platform.url()).with(ECHO);
    let mut served = LoggingServer::start(home).await;
    let stderr = served.child.stderr.take().unwrap();
    // Each message makes several lines at this level, with the long id in them: more than a pipe and a buffer hold.
    let long = "x".repeat(400);
    let mut connection = Connection::open(served.home.callbacks()).await;
    for number in 0..3000 {
        let body = text(&format!("{long}{}", number % 50), &format!("{long}{number}"), "hello");
        connection.ask(delivery(&body)).await.assert_ack();
    }
    until("all replies", async || (platform.sent().len() == 3000).then_some(())).await;

    // From here on somebody reads again.
    let mut lines = BufReader::new(stderr).lines().map(Result::unwrap);
    let lost = lines.find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(&line).expect("each line is whole");
        line["lost"].as_u64()
    });
    assert!(lost.unwrap() > 0);
    // The rest of the log arrives, to its end.
    served.deliver("ann", "last").await;
    let reader = std::thread::spawn(move || lines.last());
    assert_eq!(served.stop(), Some(0));
    let last = reader.join().unwrap().unwrap();
    assert!(last.contains("\"message\":\"stopped\""), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_though_nobody_empties_the_full_pipe_of_its_log() {
    let mut served = LoggingServer::start(Home::new()).await;
    let mut stderr = served.child.stderr.take().unwrap();
    let mut connection = Connection::open(served.home.callbacks()).await;
    for number in 0..300 {
        let body = text("ann", &format!("{}{number}", "x".repeat(400)), "hello");
        connection.ask(delivery(&body)).await.assert_ack();
    }
    drop(connection);
    assert_eq!(served.stop(), Some(0));
    let mut left = String::new();
    stderr.read_to_string(&mut left).unwrap();
    assert!(!left.contains("\"message\":\"stopped\""), "there was room in the pipe all along");
}

#[test]
fn an_error_of_a_command_whose_reader_is_gone_changes_no_exit_code() {
    let home = Home::new();
    for arguments in [
        &["journal", "show", "1", "--no-such-option"][..],
        &["send", "account", "--to", "ann", "--text", ""],
    ] {
        let mut child = home.command(arguments).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(1), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_a_json_log_is_an_object_whatever_is_sent() {
    let home = Home::new().with_api("http://127.0.0.1:9").with(ECHO);
    let mut served = LoggingServer::start(home).await;
    let stderr = served.child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        BufReader::new(stderr).lines().map(Result::unwrap).collect::<Vec<_>>()
    });
    for (number, user) in
        ["an\"n\\", "换\u{2028}行\u{202e}", "{\"level\":\"ERROR\"}", "a\nb"].into_iter().enumerate()
    {
        served.deliver(user, &format!("\"{number}\\")).await;
    }
    served.forge().await;
    let mut connection = Connection::open(served.home.callbacks()).await;
    connection.send("POST /\"\\x HTTP/1.1\r\nhost: \"\r\nx-forwarded-for: \"\\\r\n\r\n").await.unwrap();
    connection.closed().await;
    assert_eq!(served.stop(), Some(0));
    let lines = reader.join().unwrap();
    assert!(lines.iter().any(|line| line.contains(APP)), "{lines:#?}");
    for line in lines {
        assert!(serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(&line).is_ok(), "{line}");
    }
}
