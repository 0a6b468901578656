//! Refusals of `journal --server`: no server, another program, a missing right.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    process::Command,
    thread,
};

use super::{executable, outcome};
use crate::support::{
    messages::text,
    process::{Home, free_address},
};

const READER: &str = "0123456789abcdef";
const OPERATOR: &str = "fedcba9876543210";

/// The exit code and the errors of a command that prints nothing else.
fn refusal(mut command: Command) -> (Option<i32>, String) {
    let (code, output, errors) = outcome(command.output().unwrap());
    assert_eq!(output, "", "{command:?}");
    assert!(errors.starts_with("error: ") && errors.contains("\nhint: "), "{errors}");
    (code, errors)
}

/// A program that gives every request the same answer, until the test ends.
fn answering(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_missing_are_named_and_texts_are_hidden() {
    let address = free_address();
    let home = Home::new().with("[[rules]]\non = \"text\"\nreply = []\n").with_admin(&format!(
        "listen = \"{address}\"\n\
         [[admin.tokens]]\nname = \"reader\"\ntoken = \"{READER}\"\nmay = [\"read\"]\n\
         [[admin.tokens]]\nname = \"operator\"\ntoken = \"{OPERATOR}\"\nmay = [\"operate\", \"bodies\"]\n"
    ));
    let server = home.start().await;
    server.deliver(&text("ann", "m1", "a private text")).await.assert_ack();
    let url = format!("http://{address}");
    let at = |arguments: &[&str], token: &str| {
        let mut command = executable(&[&["journal"], arguments].concat());
        command.env("RONGCLOUD_CALLBACK_SERVER", &url).env("RONGCLOUD_CALLBACK_TOKEN", token);
        command
    };
    let (code, errors) = refusal(at(&["list"], ""));
    assert!(code == Some(1) && errors.contains("hint: give a token"), "{errors}");
    let (code, errors) = refusal(at(&["list"], "0000000000000000"));
    assert!(code == Some(1) && errors.contains("no such token"), "{errors}");

    let (code, table, _) = outcome(at(&["list"], READER).output().unwrap());
    assert!(code == Some(0) && table.contains("(hidden)") && !table.contains("private"), "{table}");
    let (code, shown, _) = outcome(at(&["show", "1"], READER).output().unwrap());
    assert!(code == Some(0) && shown.contains("(hidden)") && !shown.contains("private"), "{shown}");
    for command in
        [&["list", "--json"][..], &["export"], &["show", "1", "--json"], &["conversations", "--json"]]
    {
        let (code, errors) = refusal(at(command, READER));
        assert!(
            code == Some(1) && errors.contains("whose `may` has \"bodies\""),
            "{command:?}: {errors}"
        );
    }
    for command in [&["discard", "1"][..], &["revive", "--all-dead"]] {
        let (code, errors) = refusal(at(command, READER));
        assert!(
            code == Some(1) && errors.contains("whose `may` has \"operate\""),
            "{command:?}: {errors}"
        );
    }
    let file = home.path().join("token");
    fs::write(&file, format!("{OPERATOR}\n")).unwrap();
    let file = file.to_str().unwrap();
    let (code, table, errors) = outcome(at(&["list", "--token-file", file], "").output().unwrap());
    assert!(code == Some(0) && table.contains("a private text"), "{table}{errors}");
}

#[test]
fn an_address_without_a_console_is_told_with_what_answers_there() {
    let html = answering(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: 6\r\n\r\n<html>",
    );
    let older = answering("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let elsewhere = answering(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    );
    for (address, code, error, hint) in [
        (free_address(), 2, "no answer from", "is the server running"),
        (html, 1, "HTTP 200 and text/html", "not the one of its callbacks"),
        (older, 1, "has no /api/v1/session", "update the server"),
        (elsewhere, 1, "HTTP 302", "not the one of its callbacks"),
    ] {
        let command = executable(&["journal", "stats", "--server", &format!("http://{address}")]);
        let (ended, errors) = refusal(command);
        assert_eq!(ended, Some(code), "{errors}");
        assert!(errors.contains(error) && errors.contains(hint), "{errors}");
    }
    let server = "http://127.0.0.1:9";
    let command = executable(&["journal", "copy", "sqlite:a.db", "sqlite:b.db", "--server", server]);
    let (ended, errors) = refusal(command);
    assert!(ended == Some(1) && errors.contains("the stores themselves"), "{errors}");
    let command = executable(&["journal", "stats", "--server", "ftp://a"]);
    let (code, _, errors) = outcome({ command }.output().unwrap());
    assert!(code == Some(1) && errors.contains("such as http://127.0.0.1:9090"), "{errors}");
}
