//! The service in Python of `examples/`, which keeps nothing, behind the rules of its file: its conversation is played.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use tokio::net::TcpStream;

use super::{Bot, HASTE, sandbox, target::SECRET};
use crate::support::{http::Connection, process::free_address, skip, until};

/// A running service, which ends with the test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The text of a file of the example.
fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    fs::read_to_string(folder.join(name)).unwrap()
}

#[tokio::test]
async fn a_service_that_keeps_nothing_takes_orders_step_by_step() {
    if Command::new("python3").arg("--version").output().is_err() {
        return skip("there is no python3");
    }
    let address = free_address();
    let service = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/service.py"))
        .arg(address.port().to_string())
        .env("FORWARD_SECRET", SECRET)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _service = Service(service);
    until("the service in Python", async || TcpStream::connect(address).await.ok()).await;
    let rules = example("service.toml")
        .replace("${SHOP_URL}", &format!("http://{address}/"))
        .replace("${FORWARD_SECRET}", SECRET);
    let bot = Bot::start_on(sandbox().await, &format!("{HASTE}{rules}")).await;
    bot.plays(&example("service.conversation.toml")).await;
    assert!(bot.dead_letters().await.is_empty());
    // A request that is not signed with the secret is refused.
    let forged = "POST / HTTP/1.1\r\nhost: a\r\nwebhook-timestamp: 1\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(Connection::open(address).await.ask(forged).await.status, 401);
}
