//! A platform that refuses calls beyond its rate: the pace of sending, and the fate of the messages.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rongcloud_callback::{
    clock::Clock,
    journal::{Queue, State},
    signature::signed_query,
};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use super::support::{OK, json};
use crate::support::{
    http::{Connection, post},
    messages::{APP, SECRET, delivery, text},
    process::{Home, Process},
    until,
};

const ECHO: &str = "[[rules]]\non = \"text\"\nreply = { text = \"{{ content }}\" }\n";
const OTHER: &str = "other-app";
const SECOND: Duration = Duration::from_secs(1);

/// A call that was carried out: its time, app, user and text.
type Sent = (Instant, String, String, String);

/// A platform that carries out so many calls of an app in any one second; the other app has no limit.
#[derive(Clone)]
struct RateLimited(Arc<Inner>);

struct Inner {
    per_second: usize,
    /// The answer to each call above the limit.
    refusal: ResponseTemplate,
    recent: Mutex<VecDeque<Instant>>,
    sent: Mutex<Vec<Sent>>,
    refused: Mutex<Vec<Instant>>,
}

impl RateLimited {
    async fn start(per_second: usize, refusal: ResponseTemplate) -> (Self, MockServer) {
        let limited = Self(Arc::new(Inner {
            per_second,
            refusal,
            recent: Mutex::default(),
            sent: Mutex::default(),
            refused: Mutex::default(),
        }));
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(limited.clone()).mount(&server).await;
        (limited, server)
    }

    fn sent(&self, app: &str) -> Vec<Sent> {
        self.0.sent.lock().unwrap().iter().filter(|sent| sent.1 == app).cloned().collect()
    }

    fn refused(&self) -> usize {
        self.0.refused.lock().unwrap().len()
    }

    /// Waits until `count` calls of an app were carried out.
    async fn wait_for_sent(&self, app: &str, count: usize) {
        until("replies", async || (self.sent(app).len() >= count).then_some(())).await;
    }

    /// Counts a call of the app that has a limit, and tells whether it may be carried out now.
    fn admit(&self) -> bool {
        let (mut recent, now) = (self.0.recent.lock().unwrap(), Instant::now());
        while recent.front().is_some_and(|at| now.duration_since(*at) > SECOND) {
            recent.pop_front();
        }
        let is_admitted = recent.len() < self.0.per_second;
        if is_admitted {
            recent.push_back(now);
        }
        is_admitted
    }
}

impl Respond for RateLimited {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let app = request.headers["rc-app-key"].to_str().unwrap().to_owned();
        if app == APP && !self.admit() {
            self.0.refused.lock().unwrap().push(Instant::now());
            return self.0.refusal.clone();
        }
        let body = json(&request.body);
        let user = body["touser"].as_str().unwrap().split('@').next().unwrap().to_owned();
        let content = body["text"]["content"].as_str().unwrap().to_owned();
        self.0.sent.lock().unwrap().push((Instant::now(), app, user, content));
        ResponseTemplate::new(200).set_body_string(OK)
    }
}

fn rate_exceeded() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_string(r#"{"errcode":1008,"errmsg":"rate"}"#)
}

/// A server that echoes every text, for both apps.
fn home(platform: &MockServer, settings: &str) -> Home {
    let other = format!(
        "[[apps]]\npath = \"/other\"\nkey = \"{OTHER}\"\nsecrets = [\"{SECRET}\"]\napi_url = \"{}\"\n",
        platform.uri()
    );
    Home::new().with_server("").with_api(&platform.uri()).with(&format!("{settings}{ECHO}{other}"))
}

/// Delivers `each` messages of every user of the first app.
async fn deliver(server: &Process, users: usize, each: usize) {
    let mut connection = Connection::open(server.callbacks).await;
    for number in 0..each {
        for user in 0..users {
            let body = text(&format!("user{user}"), &format!("{user}-{number}"), &number.to_string());
            connection.ask(delivery(&body)).await.assert_ack();
        }
    }
}

async fn deliver_to_other(server: &Process, messages: usize) {
    let mut connection = Connection::open(server.callbacks).await;
    for number in 0..messages {
        let nonce = format!("other-{}-{number}", std::process::id());
        let query = signed_query(&SECRET.into(), &nonce, Clock::system().now());
        let body = text(&format!("user{number}"), &number.to_string(), "hello");
        connection.ask(post(&format!("/other?{query}"), body)).await.assert_ack();
    }
}

/// Asserts that each user got each of their replies once, in order.
fn assert_in_order(sent: &[Sent], users: usize, each: usize) {
    let mut got: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (_, _, user, content) in sent {
        got.entry(user).or_default().push(content);
    }
    let expected: Vec<String> = (0..each).map(|number| number.to_string()).collect();
    assert_eq!(got.len(), users);
    assert!(got.values().all(|contents| *contents == expected), "{got:#?}");
}

/// Waits until no reply is pending, and gives the attempts that each reply took.
async fn attempts(home: &Home) -> Vec<u32> {
    let outbox = async || {
        let records = home.records().await;
        records.into_iter().filter(|record| record.queue == Queue::Outbox).collect::<Vec<_>>()
    };
    let settled = async || {
        let records = outbox().await;
        (!records.iter().any(|record| record.state == State::Pending)).then_some(records)
    };
    let records = until("an empty outbox", settled).await;
    assert!(records.iter().all(|record| record.state == State::Done), "{records:#?}");
    records.iter().map(|record| record.attempts).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_slows_the_app_and_neither_a_message_nor_another_app() {
    let (platform, server) = RateLimited::start(10, rate_exceeded()).await;
    let home = home(&server, "[deliver.rate]\nper_second = 100\n");
    let process = home.start().await;
    deliver(&process, 100, 2).await;
    platform.wait_for_sent(APP, 11).await;
    assert!(platform.refused() > 0);
    deliver_to_other(&process, 50).await;
    platform.wait_for_sent(OTHER, 50).await;
    let meanwhile = platform.sent(APP).len();
    assert!(meanwhile < 150, "{meanwhile} of the slowed app's replies went before the other's");

    platform.wait_for_sent(APP, 200).await;
    assert_in_order(&platform.sent(APP), 100, 2);
    assert_eq!(attempts(&home).await, [1; 250]);
    let refused = platform.refused();
    assert!(refused < 60, "{refused} calls were refused");
    let metrics = process.metrics().await;
    for (metric, is_so) in [
        (format!("rongcloud_callback_rate_refusals_total{{app=\"{APP}\"}} {refused}"), true),
        (format!("rongcloud_callback_send_rate_per_second{{app=\"{APP}\"}} 100\n"), false),
        (format!("rongcloud_callback_send_rate_per_second{{app=\"{OTHER}\"}} 100\n"), true),
    ] {
        assert_eq!(metrics.contains(&metric), is_so, "{metric}\n{metrics}");
    }
    let told =
        process.killed().iter().filter(|line| line.contains("the platform refuses calls")).count();
    assert_eq!(told, 1, "slowing is told once when it begins");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_refuses_calls_as_too_many_makes_no_dead_letters_either() {
    let (platform, server) = RateLimited::start(5, ResponseTemplate::new(429)).await;
    let settings = "[deliver]\nattempts = 1\n[deliver.rate]\nper_second = 20\n";
    let home = home(&server, settings);
    let process = home.start().await;
    deliver(&process, 40, 1).await;
    platform.wait_for_sent(APP, 40).await;
    assert_in_order(&platform.sent(APP), 40, 1);
    assert_eq!(attempts(&home).await, [1; 40]);
    process.told("replies of this app are sent at their full rate again").await;
    assert!(platform.refused() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_sent_in_a_second_than_the_configuration_says() {
    let (platform, server) = RateLimited::start(usize::MAX, rate_exceeded()).await;
    let home = home(&server, "[deliver.rate]\nper_second = 20\n");
    let process = home.start().await;
    deliver(&process, 60, 1).await;
    platform.wait_for_sent(APP, 60).await;
    let sent = platform.sent(APP);
    let most = sent.iter().map(|(from, ..)| {
        sent.iter().filter(|(at, ..)| at >= from && at.duration_since(*from) < SECOND).count()
    });
    let most = most.max().unwrap();
    // Some calls are under way for longer than others.
    assert!(most <= 25, "{most} in one second");
    assert_eq!(attempts(&home).await, [1; 60]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_the_time_that_the_platform_asked_for() {
    let wait = Duration::from_secs(3);
    for refusal in [rate_exceeded(), ResponseTemplate::new(429), ResponseTemplate::new(503)] {
        let (platform, server) = RateLimited::start(0, refusal.insert_header("Retry-After", "3")).await;
        let home = home(&server, "[deliver]\nbackoff = \"10ms\"\nmax_backoff = \"1h\"\n");
        let process = home.start().await;
        deliver(&process, 1, 1).await;
        until("two refusals", async || (platform.refused() >= 2).then_some(())).await;
        let refused = platform.0.refused.lock().unwrap().clone();
        let waited = refused[1].duration_since(refused[0]);
        assert!(waited >= wait, "{waited:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_attempt_after_a_cut_connection_comes_within_a_second() {
    let home = Home::new().with_api("http://127.0.0.1:9").with(ECHO);
    let process = home.start().await;
    deliver(&process, 20, 1).await;
    let failed = |line: &serde_json::Value| {
        let first = line["span"]["queue"] == "outbox" && line["span"]["attempt"] == 1;
        (first && line["message"] == "attempt failed")
            .then(|| line["retry_in_ms"].as_str().unwrap().parse::<u64>().unwrap())
    };
    until("failed attempts", async || {
        let records = home.records().await;
        let tried = records.iter().filter(|it| it.queue == Queue::Outbox && it.attempts > 0).count();
        (tried == 20).then_some(())
    })
    .await;
    let log = process.killed();
    let delays: Vec<u64> =
        log.iter().filter_map(|line| failed(&serde_json::from_str(line).unwrap())).collect();
    assert!(delays.len() >= 19 && delays.iter().all(|delay| *delay <= 1000), "{delays:?}");
}
