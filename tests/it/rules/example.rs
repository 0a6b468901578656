//! The service in Python of `examples/`, which keeps nothing, behind the rules of its file: its conversation is played.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tokio::net::TcpStream;

use super::target::SECRET;
use crate::support::{http::Connection, process::free_address, skip, until};

/// A running service, which ends with the test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file of the example.
fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

#[tokio::test]
async fn a_service_that_keeps_nothing_takes_orders_step_by_step() {
    if Command::new("python3").arg("--version").output().is_err() {
        return skip("there is no python3");
    }
    let address = free_address();
    let service = Command::new("python3")
        .arg(example("service.py"))
        .arg(address.port().to_string())
        .env("FORWARD_SECRET", SECRET)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _service = Service(service);
    until("the service in Python", async || TcpStream::connect(address).await.ok()).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
    command.arg("--config").arg(example("service.toml"));
    command.args(["sandbox", "--play"]).arg(example("service.conversation.toml"));
    command.env_clear().env("SHOP_URL", format!("http://{address}/")).env("FORWARD_SECRET", SECRET);
    for (name, value) in
        [("RC_APP_KEY", "sandbox"), ("RC_APP_SECRET", "s3cret"), ("RC_API_URL", "http://127.0.0.1:9")]
    {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let played = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && played.ends_with("passed\n"), "{played}");
    // A request that is not signed with the secret is refused.
    let forged = "POST / HTTP/1.1\r\nhost: a\r\nwebhook-timestamp: 1\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(Connection::open(address).await.ask(forged).await.status, 401);
}
