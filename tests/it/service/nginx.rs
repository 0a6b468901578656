//! A real nginx in front, with the configuration that the README shows.

use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rongcloud_callback::journal::Queue;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::support::{
    PATIENCE,
    http::{Connection, post},
    messages::{delivery, text},
    process::{Home, free_address},
    skip, until,
};

/// `config/nginx.conf`, with its address, its upstreams' and its files for this test, and without TLS.
fn configuration(folder: &TempDir, listen: SocketAddr, upstreams: &[SocketAddr]) -> String {
    let servers = upstreams.iter().map(|it| format!("server {it};")).collect::<Vec<_>>().join("\n");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let tls = |line: &&str| !line.trim_start().starts_with("ssl_");
    include_str!("../../../config/nginx.conf")
        .lines()
        .filter(tls)
        .map(|line| line.to_owned() + "\n")
        .collect::<String>()
        .replace("server callback:8080;", &servers)
        .replace("listen 8443 ssl;", &format!("listen {listen};"))
        .replace("/tmp/nginx.pid", &path("nginx.pid"))
        .replace("/dev/stderr", &path("error.log"))
        .replace("/dev/stdout", &path("access.log"))
        .replacen("http {\n", &format!("http {{\n    client_body_temp_path {};\n", path("body")), 1)
        + "daemon off;\nmaster_process off;\n"
}

/// A running nginx; killed when dropped.
pub(super) struct Nginx {
    child: Child,
    pub(super) address: SocketAddr,
    folder: TempDir,
}

impl Nginx {
    /// In front of `upstreams`; `None` where it is not installed, unless under CI, where it must be.
    pub(super) async fn start(upstreams: &[SocketAddr]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration(&folder, address, upstreams)).unwrap();
        let program = ["/usr/sbin/nginx", "nginx"].into_iter().find_map(|program| {
            let mut command = Command::new(program);
            command.arg("-p").arg(folder.path()).arg("-e").arg(folder.path().join("error.log"));
            command.arg("-c").arg(&file).stderr(Stdio::inherit()).spawn().ok()
        });
        let Some(child) = program else {
            skip("nginx is missing: install the package nginx-light");
            return None;
        };
        let nginx = Self { child, address, folder };
        until("nginx", async || Connection::try_open(address).await.ok()).await;
        Some(nginx)
    }

    fn access_log(&self) -> String {
        fs::read_to_string(self.folder.path().join("access.log")).unwrap()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As the platform does: the same message again until it is acknowledged.
pub(super) async fn deliver_until_acked(address: SocketAddr, body: &str) {
    let started = Instant::now();
    loop {
        let answer = async { Connection::try_open(address).await?.try_ask(delivery(body)).await };
        match answer.await {
            Ok(answer) if answer.status == 200 => return answer.assert_ack(),
            refused => assert!(started.elapsed() < PATIENCE, "{refused:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_nginx_the_client_s_address_is_logged_and_connections_are_kept() {
    let home = Home::new();
    let server = home.start().await;
    let Some(nginx) = Nginx::start(&[server.callbacks]).await else { return };
    let mut connection = Connection::open(nginx.address).await;
    for number in 0..20 {
        connection.ask(delivery(&text("user", &number.to_string(), "hello"))).await.assert_ack();
    }
    // What nobody signed is refused, and the log says who sent it: not the proxy.
    let forged = post("/callback?rc-nonce=1&rc-timestamp=1&rc-signature=1", "<xml/>");
    connection.ask(forged).await.assert_error(401, 1004);
    server.terminate();
    let (status, log) = server.ended();
    assert!(status.success());
    let refusal = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let refusal = refusal.into_iter().find(|event| event["message"] == "callback refused").unwrap();
    assert_eq!(refusal["client"], "127.0.0.1");
    // The signature is in the query string, which is in nobody's log.
    assert!(!nginx.access_log().contains("rc-signature"));
    assert!(log.iter().all(|line| !line.contains("rc-signature")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_behind_nginx_loses_no_message() {
    let home = Home::new();
    let mut server = home.start().await;
    let Some(nginx) = Nginx::start(&[server.callbacks]).await else { return };
    let address = nginx.address;
    let mut sender = JoinSet::new();
    sender.spawn(async move {
        for number in 0..300 {
            let body = text(&format!("user{}", number % 5), &number.to_string(), "hello");
            deliver_until_acked(address, &body).await;
        }
    });
    for _ in 0..3 {
        let before = home.records().await.len();
        until("some load", async || (home.records().await.len() > before + 20).then_some(())).await;
        server.terminate();
        assert!(server.ended().0.success());
        server = home.start().await;
    }
    sender.join_all().await;
    server.terminate();
    assert!(server.ended().0.success());
    let inbox = home.records().await.into_iter().filter(|record| record.queue == Queue::Inbox).count();
    assert_eq!(inbox, 300);
}
