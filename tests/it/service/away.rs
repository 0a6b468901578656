//! The journal is away while replies are sent and messages forwarded: each is done once.

use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, extract::State, routing::post};
use rongcloud_callback::journal;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::support::{messages::text, process::Home, until};

const USERS: usize = 8;

/// The platform's API, and a service that messages are forwarded to. All requests wait until the test answers them.
struct SlowServices {
    address: SocketAddr,
    shared: Arc<Shared>,
    _task: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    came: AtomicUsize,
    answers: watch::Sender<bool>,
}

impl SlowServices {
    async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let routes = Router::new()
            .route("/service", post(async |State(shared): State<Arc<Shared>>| shared.answer("").await))
            .fallback(async |State(shared): State<Arc<Shared>>| {
                shared.answer(r#"{"errcode":0,"errmsg":"ok"}"#).await
            })
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = JoinSet::from_iter([async { axum::serve(listener, routes).await.unwrap() }]);
        Self { address, shared, _task: task }
    }

    fn came(&self) -> usize {
        self.shared.came.load(Ordering::SeqCst)
    }
}

impl Shared {
    async fn answer(&self, body: &'static str) -> &'static str {
        self.came.fetch_add(1, Ordering::SeqCst);
        self.answers.subscribe().wait_for(|answers| *answers).await.unwrap();
        body
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reply_is_sent_once_and_each_message_handed_on_once_though_the_file_was_away_when_they_were()
 {
    let slow = SlowServices::start().await;
    let home = Home::new().with_server("").with_api(&format!("http://{}", slow.address)).with(&format!(
        "[[rules]]\non = 'text'\nkeyword = {{ contains = ['hand on'] }}\n\
         forward = {{ url = 'http://{}/service', concurrency = 64, secret = 'whsec_{}' }}\n\
         [[rules]]\non = 'text'\nreply = {{ text = 'you: {{{{ content }}}}' }}\n",
        slow.address,
        "QUFB".repeat(10)
    ));
    let server = home.start().await;
    for number in 0..USERS {
        let content = if number % 2 == 0 { "hand on" } else { "hello" };
        server.deliver(&text(&format!("user{number}"), &number.to_string(), content)).await.assert_ack();
    }
    until("all of them under way", async || (slow.came() == USERS).then_some(())).await;
    let away = home.path().join("away.db");
    fs::rename(home.database(), &away).unwrap();
    until("no readiness", async || (server.readiness().await.0 == 503).then_some(())).await;
    slow.shared.answers.send_replace(true);
    for words in ["cannot settle", "cannot lease"] {
        server.told(words).await;
    }
    fs::rename(away, home.database()).unwrap();
    server.told("can lease again").await;
    let records = until("all done", async || {
        let records = home.records().await;
        records.iter().all(|record| record.state == journal::State::Done).then_some(records)
    })
    .await;
    assert_eq!(records.len(), USERS + USERS / 2);
    assert!(records.iter().all(|record| record.attempts == 1), "{records:#?}");
    assert_eq!(slow.came(), USERS, "each once");
    server.terminate();
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0));
    let told = |words: &str| log.iter().filter(|line| line.contains(words)).count();
    // Each queue has one line when the outage begins, and one when it ends.
    assert_eq!((told("cannot lease"), told("can lease again")), (2, 2));
    assert_eq!((told("cannot settle"), told("can settle again")), (2, 2));
    assert_eq!(told("lease lost"), 0);
}
