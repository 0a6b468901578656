//! A real nginx in front, with `config/nginx.conf` as it is printed.

use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rongcloud_callback::journal::Queue;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::support::{
    PATIENCE,
    http::{Connection, post},
    messages::{delivery, text},
    process::{Home, free_address},
    skip, until,
};

/// The text of `config/nginx.conf`, with the addresses and files of this test, and without TLS.
fn configuration(folder: &TempDir, listen: SocketAddr, upstreams: &[SocketAddr]) -> String {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let tls = |line: &&str| !line.trim_start().starts_with("ssl_");
    // Each upstream has the options of the upstream in the file.
    let servers = |line: &str| {
        if !line.contains("callback:8080") {
            return line.to_owned() + "\n";
        }
        let lines = upstreams.iter().map(|it| line.replace("callback:8080", &it.to_string()) + "\n");
        lines.collect()
    };
    include_str!("../../../config/nginx.conf")
        .lines()
        .filter(tls)
        .map(servers)
        .collect::<String>()
        .replace("listen 8443 ssl;", &format!("listen {listen};"))
        .replace("/tmp/nginx.pid", &path("nginx.pid"))
        .replace("/dev/stderr", &path("error.log"))
        .replace("/dev/stdout", &path("access.log"))
        .replacen("http {\n", &format!("http {{\n    client_body_temp_path {};\n", path("body")), 1)
        + "daemon off;\nmaster_process off;\n"
}

/// A running nginx. Dropping it kills it.
pub(super) struct Nginx {
    child: Child,
    pub(super) address: SocketAddr,
    folder: TempDir,
}

impl Nginx {
    /// Starts nginx in front of `upstreams`. `None` where nginx is not installed; under CI it must be.
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

/// Sends the same message until it is acknowledged, as the platform does.
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
    // An unsigned message is refused, and the log names the client, not the proxy.
    let forged = post("/callback?rc-nonce=1&rc-timestamp=1&rc-signature=1", "<xml/>");
    connection.ask(forged).await.assert_error(401, 1004);
    server.terminate();
    let (status, log) = server.ended();
    assert!(status.success());
    let refusal = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let refusal = refusal.into_iter().find(|event| event["message"] == "callback refused").unwrap();
    assert_eq!(refusal["client"], "127.0.0.1");
    // The signature is in the query string, which no log contains.
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

/// A listener in front of a server that sheds every hundredth callback, as a server under load does: 503, and the
/// connection goes on.
async fn start_shedding_proxy(server: SocketAddr) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let came = Arc::new(AtomicUsize::new(0));
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(forward(BufReader::new(stream), server, Arc::clone(&came)));
        }
    });
    (address, tasks)
}

/// Forwards requests to the server until either side hangs up.
async fn forward(mut client: BufReader<TcpStream>, server: SocketAddr, came: Arc<AtomicUsize>) {
    while let Some(request) = read_request(&mut client).await {
        let answer = if came.fetch_add(1, Ordering::Relaxed) % 100 == 50 {
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n".to_owned()
        } else {
            let answer = Connection::open(server).await.ask(request).await;
            let (status, body) = (answer.status, answer.body);
            format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        };
        if client.get_mut().write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_request(client: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let (mut request, mut length) = (Vec::new(), 0);
    loop {
        let start = request.len();
        client.read_until(b'\n', &mut request).await.ok().filter(|read| *read > 0)?;
        let line = String::from_utf8_lossy(&request[start..]).to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    client.read_exact(&mut body).await.ok()?;
    request.extend(body);
    Some(request)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_sheds_one_callback_in_a_hundred_keeps_its_share() {
    let (one, other) = (Home::new(), Home::new());
    let (first, second) = (one.start().await, other.start().await);
    let (front, _tasks) = start_shedding_proxy(first.callbacks).await;
    let Some(nginx) = Nginx::start(&[front, second.callbacks]).await else { return };
    let mut connection = Connection::open(nginx.address).await;
    let count = 600;
    for number in 0..count {
        let body = text(&format!("user{}", number % 5), &number.to_string(), "hello");
        // No callback is refused: the other replica takes the ones that this one sheds.
        connection.ask(delivery(&body)).await.assert_ack();
    }
    first.terminate();
    second.terminate();
    assert!(first.ended().0.success() && second.ended().0.success());
    let inbox = async |home: &Home| {
        home.records().await.into_iter().filter(|record| record.queue == Queue::Inbox).count()
    };
    let (first, second) = (inbox(&one).await, inbox(&other).await);
    assert_eq!(first + second, count);
    assert!(first.min(second) > count * 2 / 5, "{first} and {second} of {count}");
}
