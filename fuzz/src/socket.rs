//! The property of all bytes on a socket: they are answered or cut off, and nothing unsigned is kept.

use rongcloud_callback::journal::State;
use tokio::runtime::Runtime;

use super::server::{self, Server};

/// The placeholder of a right query string, each time of another one: no fuzzer finds one by itself.
const SIGNED: &str = "{signed}";

/// The bytes are everything that a client sends on one connection.
pub fn check(runtime: &Runtime, bytes: &[u8]) {
    runtime.block_on(async {
        let server = Server::start().await;
        let (bytes, signed) = sign(bytes);
        let answers = server.answers(&bytes).await;
        let accepted = answers.iter().filter(|answer| answer.status == 200).count();
        for answer in &answers {
            assert!((400..500).contains(&answer.status) || answer.status == 200, "{answer:?}");
        }

        let [pending, dead] = [server.kept(State::Pending).await, server.kept(State::Dead).await];
        assert!(accepted <= signed, "{answers:?}");
        assert!(pending.len() + dead.len() <= signed, "{pending:?} {dead:?}");
        assert!(accepted == 0 || !pending.is_empty() || answers.iter().any(|answer| !answer.body.is_empty()));

        // And it goes on as if nothing had been.
        let body = b"<xml><ToUserName>a</ToUserName><FromUserName>after</FromUserName><CreateTime>1</CreateTime>\
            <MsgType>text</MsgType><Content>c</Content><MsgId>after</MsgId></xml>";
        assert_eq!(server.deliver(&server::query("after"), body, 0).await.status, 200);
        assert_eq!(server.kept(State::Pending).await.len(), pending.len() + 1);
    });
}

fn sign(bytes: &[u8]) -> (Vec<u8>, usize) {
    let mut signed = Vec::new();
    let mut count = 0;
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        if let Some(after) = rest.strip_prefix(SIGNED.as_bytes()) {
            signed.extend(server::query(&count.to_string()).bytes());
            count += 1;
            rest = after;
        } else {
            signed.push(*first);
            rest = &rest[1..];
        }
    }
    (signed, count)
}
