//! `docs/sandbox.md`: every option, every fault, every call of the interface, and what is printed to be tried.

use std::{collections::BTreeSet, process::Command};

use rongcloud_callback::sandbox::{Conversation, Faults, Sandbox};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::{block, code, entries, help, options, table_of};
use crate::support::{messages::PATH, process::Home, skip};

const PAGES: [&str; 2] =
    [include_str!("../../../docs/sandbox.md"), include_str!("../../../docs/sandbox.zh-CN.md")];

#[test]
fn the_page_has_every_fault() {
    let faults = serde_json::to_value(Faults::default()).unwrap();
    let names: BTreeSet<_> = faults.as_object().unwrap().keys().cloned().collect();
    for page in PAGES {
        assert_eq!(entries(&table_of(page, "duplicate")).into_iter().collect::<BTreeSet<_>>(), names);
    }
}

#[test]
fn the_page_has_every_option_of_the_command() {
    let help = help("sandbox");
    let own = help.split("Every command:").next().unwrap();
    let own: BTreeSet<_> = options(own).into_iter().filter(|option| option != "--help").collect();
    for page in PAGES {
        let listed = entries(&table_of(page, "--open"));
        let listed = listed.iter().map(|entry| entry.split(' ').next().unwrap().to_owned());
        assert_eq!(listed.collect::<BTreeSet<_>>(), own);
    }
}

#[test]
fn the_page_s_conversation_can_be_read() {
    block(PAGES[0], "account = ").parse::<Conversation>().unwrap();
}

#[test]
fn the_page_s_conversation_with_time_states_and_a_person_passes_on_the_sandbox_s_own_server() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("conversation.toml");
    std::fs::write(&file, block(PAGES[0], "[[step]]")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
    command.env_clear().env("TMPDIR", home.path()).args(["sandbox", "--play", file.to_str().unwrap()]);
    let played = command.output().unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stdout));
}

/// The status with which a request is answered.
async fn status(sandbox: &Sandbox, call: &str) -> String {
    let address = sandbox.local_addr();
    let request = format!("{call} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n");
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    line.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn every_call_of_the_page_is_one_of_the_interface() {
    for page in PAGES {
        let sandbox = Sandbox::start().await;
        assert_eq!(status(&sandbox, "POST /sandbox/nowhere").await, "404");
        let table = table_of(page, "GET /sandbox/state");
        assert!(table.len() >= 10);
        // So that there is something to deliver again.
        sandbox.user("ann").says("hello").await;
        for row in table {
            let call = code(&row[0])[0].split('?').next().unwrap().replace("/ID/", "/1/");
            let status = status(&sandbox, &call).await;
            assert!(!["404", "405"].contains(&&*status), "{call}: {status}");
        }
    }
}

#[tokio::test]
async fn the_page_s_callback_by_hand_is_acked_and_kept() {
    if Command::new("curl").arg("--version").output().is_err() {
        return skip("there is no curl");
    }
    let home = Home::new().with_secret("s3cret");
    let server = home.start().await;
    let command = block(PAGES[0], "now=$(date");
    let command = command.replace("127.0.0.1:8080/callback", &format!("{}{PATH}", server.callbacks));
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(home.records().await.len(), 1);
}
