//! Connections: their age, broken ones, silent servers, redirects, and several base addresses.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hyper::{Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rongcloud_callback::{
    client::{Client, ClientError, Options},
    clock::Clock,
    protocol::{Payload, media::MediaKind},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use super::support::{APP, Api, NOW, OK, SECRET, answering, client, options};

async fn send_text(client: &Client) -> Result<(), ClientError> {
    client.messages().text(&"a".into(), &"u".into(), "Hello").await
}

/// A server that keeps its connections open and counts them.
struct KeepAliveServer {
    base: String,
    connections: Arc<AtomicUsize>,
    _accepting: JoinSet<()>,
}

impl KeepAliveServer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let answer =
                    service_fn(|_| async { Ok::<_, hyper::Error>(Response::new(OK.to_owned())) });
                open.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
            }
        });
        Self { base, connections, _accepting: accepting }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Starts a server that reads the beginning of a request and then hands the connection to `then`.
async fn misbehaving_server(
    then: fn(tokio::net::TcpStream, &mut Vec<tokio::net::TcpStream>),
) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 16]).await;
            then(stream, &mut held);
        }
    });
    (base, task)
}

#[tokio::test]
async fn connections_are_reused_but_not_for_longer_than_sixty_seconds() {
    let server = KeepAliveServer::start().await;
    let clock = Clock::manual(NOW);
    let client = client(APP, [server.base.clone()]).with_clock(clock.clone());
    send_text(&client).await.unwrap();
    clock.advance(Duration::from_millis(59_999));
    send_text(&client.clone()).await.unwrap();
    assert_eq!(server.connections(), 1);

    clock.advance(Duration::from_millis(1));
    send_text(&client).await.unwrap();
    send_text(&client).await.unwrap();
    assert_eq!(server.connections(), 2);

    clock.set(NOW);
    send_text(&client).await.unwrap();
    assert_eq!(server.connections(), 3, "a clock that was set back must not keep them");
}

#[tokio::test]
async fn a_cut_connection_and_a_closed_port_are_retryable() {
    let (closing, _task) = misbehaving_server(|stream, _| drop(stream)).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for base in [closing, format!("http://{closed}")] {
        let error = send_text(&client(APP, [base])).await.unwrap_err();
        assert!(matches!(error, ClientError::Transport(_)) && error.is_retryable(), "{error:?}");
        assert_eq!((error.errcode(), error.errmsg()), (None, None));
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let (silent, _task) = misbehaving_server(|stream, held| held.push(stream)).await;
    let options = Options { timeout: Duration::from_millis(50), ..options() };
    let client = Client::new(APP.into(), SECRET.into(), [silent.parse().unwrap()], options).unwrap();
    let error = send_text(&client).await.unwrap_err();
    assert_eq!(error.to_string(), format!("no answer from {silent}: timed out"));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = answering(200, OK).await;
    let server = MockServer::start().await;
    let redirect = ResponseTemplate::new(307).insert_header("Location", other.uri());
    Mock::given(path("/message/operation/send.json")).respond_with(redirect).mount(&server).await;
    let error = send_text(&client(APP, [server.uri()])).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreadable(_)), "{error:?}");
    assert_eq!(error.answer().unwrap().status, 307);
    assert_eq!(other.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_call_goes_on_to_the_next_base_and_the_next_call_begins_there() {
    let (closing, _task) = misbehaving_server(|stream, _| drop(stream)).await;
    let broken = answering(502, "<html>").await;
    let working = answering(200, OK).await;
    let client = client(APP, [closing, broken.uri(), working.uri()]);
    send_text(&client).await.unwrap();
    send_text(&client).await.unwrap();
    assert_eq!(broken.received_requests().await.unwrap().len(), 1);
    let requests = working.received_requests().await.unwrap();
    assert_eq!(requests.len(), 2);
    let nonces: Vec<_> = requests.iter().map(|request| request.headers["RC-Nonce"].clone()).collect();
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn a_call_that_was_cut_off_at_a_silent_base_is_followed_by_one_that_begins_with_the_next() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let working = answering(200, OK).await;
    let client = client(APP, [base, working.uri()]);
    tokio::select! {
        sent = send_text(&client) => panic!("{sent:?}"),
        accepted = silent.accept() => drop(accepted.unwrap()),
    }
    tokio::select! {
        sent = send_text(&client) => sent.unwrap(),
        _ = silent.accept() => panic!("the silent one was asked again"),
    }
}

#[tokio::test]
async fn a_call_after_one_that_failed_at_every_base_begins_where_that_one_began() {
    let (first, second) = (answering(502, "").await, answering(502, "").await);
    let client = client(APP, [first.uri(), second.uri()]);
    for calls in 1..=3 {
        send_text(&client).await.unwrap_err();
        for server in [&first, &second] {
            assert_eq!(server.received_requests().await.unwrap().len(), calls);
        }
    }
}

#[tokio::test]
async fn an_answer_that_came_whole_counts_although_the_connection_broke_after_it() {
    let (closing, _task) = misbehaving_server(|stream, _| {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{OK}");
        let mut stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        std::io::Read::read(&mut stream, &mut [0; 4096]).unwrap();
        std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
    })
    .await;
    send_text(&client(APP, [closing])).await.unwrap();

    let (closing, _task) = misbehaving_server(|stream, _| {
        let mut stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        std::io::Read::read(&mut stream, &mut [0; 4096]).unwrap();
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"errcode\":";
        std::io::Write::write_all(&mut stream, half).unwrap();
    })
    .await;
    let error = send_text(&client(APP, [closing])).await.unwrap_err();
    assert!(matches!(error, ClientError::Transport(_)), "{error:?}");
}

#[tokio::test]
async fn a_kept_connection_that_the_server_has_closed_is_not_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{OK}", OK.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let client = client(APP, [base]);
    for _ in 0..50 {
        send_text(&client).await.unwrap();
        // Lets the client see that the server has closed the connection; a request that is sent before that may be lost.
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_base_is_tried_at_most_once_a_call_and_the_last_error_is_told() {
    let (first, second) = (answering(500, "").await, answering(503, "").await);
    let client = client(APP, [first.uri(), second.uri()]);
    let error = send_text(&client).await.unwrap_err();
    assert_eq!(error.answer().unwrap().status, 503);
    for server in [first, second] {
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_the_platform_has_answered_is_not_asked_of_the_next_base() {
    for body in [r#"{"errcode":1000,"errmsg":""}"#, r#"{"errcode":1002,"errmsg":""}"#, "<html>"] {
        let (first, second) = (answering(200, body).await, answering(200, OK).await);
        assert!(send_text(&client(APP, [first.uri(), second.uri()])).await.is_err());
        assert_eq!(second.received_requests().await.unwrap().len(), 0, "{body}");
    }
}

#[tokio::test]
async fn a_base_may_have_a_path_of_its_own() {
    let server = answering(200, OK).await;
    for base in [format!("{}/rc/v1", server.uri()), format!("{}/rc/v1/", server.uri())] {
        send_text(&client(APP, [base])).await.unwrap();
    }
    for request in server.received_requests().await.unwrap() {
        assert_eq!(request.url.path(), "/rc/v1/message/operation/send.json");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let api = Api::answering(200, &"x".repeat((1 << 20) + 1)).await;
    let error = send_text(&api.client).await.unwrap_err();
    assert_eq!(error.to_string(), "not an answer of this API (HTTP 200: larger than 1048576 bytes)");
}

#[test]
fn a_client_needs_usable_base_addresses() {
    let setup = |bases: &[&str]| {
        let bases: Vec<_> = bases.iter().map(|base| base.parse().unwrap()).collect();
        Client::new(APP.into(), SECRET.into(), bases, options()).map(|_| ())
    };
    assert!(setup(&["http://a.example", "http://b.example/x"]).is_ok());
    for bases in [&[][..], &["ftp://a.example"], &["mailto:a@example"], &["http://a.example/?k=v"]] {
        assert!(matches!(setup(bases), Err(ClientError::Setup(_))), "{bases:?}");
    }
}

#[test]
fn a_call_can_be_made_from_any_thread() {
    fn assert_send(_: impl Send) {}
    let client = client(APP, ["http://a.example".to_owned()]);
    let (account, users) = ("a".into(), ["u".into()]);
    assert_send(client.followers().add(&account, &users));
    assert_send(client.messages().to_users(&account, &users, &Payload::text("t")));
    assert_send(client.menus().delete(&account, &"m".into()));
    assert_send(client.media().upload(MediaKind::Image, Bytes::new()));
    assert_send(send_text(&client));
}
