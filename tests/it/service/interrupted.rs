//! A message that ends the process while many others are in work: the message is found, and the others are handled.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use rongcloud_callback::journal::{self, Queue};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinSet,
};

use crate::support::{messages::text, process::Home, until};

const NEIGHBOURS: usize = 30;

/// A service that messages are forwarded to. The service answers all messages but one user's, and notes that this one came.
struct ForwardTarget {
    address: SocketAddr,
    shared: Arc<Shared>,
    _task: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    killer_came: Notify,
    others_came: AtomicUsize,
    /// Whether the other messages are answered.
    answers: watch::Sender<bool>,
}

impl ForwardTarget {
    async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let router = Router::new().route("/", post(handle)).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = JoinSet::from_iter([async { axum::serve(listener, router).await.unwrap() }]);
        Self { address, shared, _task: task }
    }
}

async fn handle(State(shared): State<Arc<Shared>>, body: Bytes) {
    let message: serde_json::Value = serde_json::from_slice(&body).unwrap();
    if message["user"] == "killer" {
        shared.killer_came.notify_one();
        return std::future::pending().await;
    }
    shared.others_came.fetch_add(1, Ordering::SeqCst);
    shared.answers.subscribe().wait_for(|answers| *answers).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_that_kills_becomes_a_dead_letter_and_all_others_are_handled() {
    let service = ForwardTarget::start().await;
    let home = Home::new().with(&format!(
        "[dispatch]\nattempts = 3\nconcurrency = 64\n\
         [[rules]]\non = 'text'\nforward = {{ url = 'http://{}/', concurrency = 64, secret = 'whsec_{}' }}\n",
        service.address,
        "QUFB".repeat(10)
    ));
    let mut server = home.start().await;
    for number in 0..NEIGHBOURS {
        server.deliver(&text(&format!("user{number}"), &number.to_string(), "hello")).await.assert_ack();
        if number == NEIGHBOURS / 2 {
            server.deliver(&text("killer", "killer", "hello")).await.assert_ack();
        }
    }
    until("all of them in work", async || {
        (service.shared.others_came.load(Ordering::SeqCst) == NEIGHBOURS).then_some(())
    })
    .await;
    service.shared.killer_came.notified().await;

    service.shared.answers.send_replace(true);
    let mut crashes = 0;
    loop {
        server.kill();
        crashes += 1;
        server = home.start().await;
        let idle = until("an idle journal", async || {
            let records = home.records().await;
            records.iter().all(|record| record.state != journal::State::Pending).then_some(records)
        });
        let records = tokio::select! {
            () = service.shared.killer_came.notified() => continue,
            records = idle => records,
        };
        assert_eq!(records.iter().filter(|record| record.queue == Queue::Inbox).count(), NEIGHBOURS + 1);
        for record in records {
            let outcome = (record.state, record.attempts);
            if record.conversation.ends_with("killer") {
                assert_eq!(outcome, (journal::State::Dead, 4));
                let reason = record.reason.unwrap();
                let expected =
                    "the process ended during the last of its 3 attempts, and perhaps because of it";
                assert!(reason.starts_with(expected), "{reason}");
            } else {
                assert_eq!(outcome.0, journal::State::Done, "{record:?}");
                assert!(outcome.1 <= 3, "{record:?}");
            }
        }
        break;
    }
    assert_eq!(
        crashes, 4,
        "as often as it was tried: the first time, as it had just come, does not count"
    );
}
