//! A server with a console, a bot of rules, and the platform's stand-in; and the persons who may look at it.

use std::{
    cell::RefCell,
    net::{SocketAddr, TcpListener},
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::{Value, json};

use super::super::browser::Browser;
use crate::support::{
    http::Connection,
    messages,
    platform::Platform,
    postgres::Cluster,
    process::{Home, Process, free_address},
    until,
};

/// The persons and their rights. A person's token ends with the name.
const PERSONS: &[(&str, &[&str])] = &[
    ("alice", &["metrics", "read", "bodies", "answer", "send", "operate"]),
    ("bob", &["answer"]),
    ("rita", &["read"]),
    ("mona", &["metrics"]),
];

/// Few and quick attempts, so that a failure is soon a dead letter.
const QUICK: &str = "[dispatch]\ntimeout = '10m'\nattempts = 2\nbackoff = '10ms'\n";
/// A second attempt that nobody waits for, and one message at a time.
const SLOW: &str =
    "[dispatch]\ntimeout = '10m'\nattempts = 8\nbackoff = '12h'\nmax_backoff = '24h'\nconcurrency = 1\n";
const DESK: &str = "[desk]\nphrases = ['您好，请问有什么可以帮您？', 'Your order is on its way.', '请稍等，我正在为您查询。']\n";

/// The secret of the services that messages are forwarded to.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The place of the journal.
pub(super) enum Journal {
    File,
    Postgres(String),
}

impl Journal {
    /// A journal of each driver; without PostgreSQL only a file.
    pub(super) async fn all() -> Vec<Self> {
        let mut all = vec![Self::File];
        if let Some(cluster) = Cluster::shared().await {
            all.push(Self::Postgres(cluster.database().await));
        }
        all
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::File => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// A running server with a console.
pub(super) struct Console {
    pub(super) platform: Platform,
    pub(super) process: Process,
    home: RefCell<Home>,
    address: SocketAddr,
    /// A service that accepts connections and never answers.
    silent: TcpListener,
}

/// The token of a person.
pub(super) fn token(who: &str) -> String {
    format!("0123456789abcdef-{who}")
}

impl Console {
    pub(super) async fn start(journal: Journal) -> Self {
        Self::start_with(journal, QUICK).await
    }

    /// Starts a server that works on one message at a time, and tries none again within the time of a test.
    pub(super) async fn start_slow(journal: Journal) -> Self {
        Self::start_with(journal, SLOW).await
    }

    async fn start_with(journal: Journal, dispatch: &str) -> Self {
        let (platform, address) = (Platform::start().await, free_address());
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let tokens = PERSONS.iter().map(|(name, may)| {
            format!("{{ name = '{name}', token = '{}', may = {may:?} }}", token(name))
        });
        let admin =
            format!("listen = '{address}'\ntokens = [{}]", tokens.collect::<Vec<_>>().join(", "));
        let home = Home::new().with_api(&platform.url()).with_admin(&admin);
        let mut home = match journal {
            Journal::File => home,
            Journal::Postgres(url) => home.with_journal(url),
        };
        home.rewrite(&format!("{dispatch}{DESK}{}", rules(&platform.url(), &silent, true)));
        let process = home.start().await;
        until("a console", async || Connection::try_open(address).await.ok().map(drop)).await;
        Self { platform, process, home: RefCell::new(home), address, silent }
    }

    /// Takes the rule that fails out of the rules, so that what it has failed at is answered by the others.
    pub(super) async fn mend(&self) {
        let rules = rules(&self.platform.url(), &self.silent, false);
        self.home.borrow_mut().rewrite(&format!("{QUICK}{DESK}{rules}"));
        self.process.hang_up();
        self.process.told("read again").await;
    }

    /// The address of the page, with a route if there is one.
    pub(super) fn url(&self, route: &str) -> String {
        format!("http://{}/{route}", self.address)
    }

    /// The address of a picture that can be loaded.
    pub(super) fn picture(&self) -> String {
        format!("{}/sandbox/samples/picture.jpg", self.platform.url())
    }

    /// Logs a person in without the form, and opens a view.
    pub(super) async fn enter(&self, page: &Browser, who: &str, route: &str) {
        let body = json!({ "token": token(who) }).to_string();
        let head = format!(
            "POST /api/v1/session HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let answer = Connection::open(self.address).await.ask(format!("{head}{body}")).await;
        let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("{answer:?}"));
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        let cookie = json!({ "name": name, "value": value, "url": self.url(""), "httpOnly": true, "sameSite": "Strict" });
        page.command("Network.setCookie", cookie).await;
        // An address that differs behind the `#` only does not load the page again.
        page.go_to("about:blank").await;
        page.open(&self.url(&format!("#/{route}"))).await;
        page.see("#who", who).await;
    }

    /// Shows another view, as a link does.
    pub(super) async fn visit(&self, page: &Browser, route: &str) {
        page.run_script("location.hash = `#/${arguments[0]}`", vec![json!(route)]).await;
        let name = route.split('?').next().unwrap();
        page.see(&format!(".view-{name}"), "").await;
    }

    /// Delivers a text of `user`, and returns once it is accepted.
    pub(super) async fn say(&self, user: &str, text: &str) {
        self.process.deliver(&messages::text(user, &fresh(), text)).await.assert_ack();
    }

    /// Delivers a message of any kind, whose elements are given.
    pub(super) async fn deliver(&self, user: &str, kind: &str, elements: &str) {
        let id = fresh();
        let body = format!(
            "<xml><ToUserName>demo</ToUserName><FromUserName><![CDATA[{user}]]></FromUserName>\
             <CreateTime>1700000000000</CreateTime><MsgType>{kind}</MsgType>{elements}<MsgId>{id}</MsgId></xml>"
        );
        self.process.deliver(&body).await.assert_ack();
    }

    /// A request to the API by a person beside the page.
    pub(super) async fn ask_as(&self, who: &str, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let head = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nidempotency-key: {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            token(who),
            fresh(),
            body.len()
        );
        let answer = Connection::open(self.address).await.ask(format!("{head}{body}")).await;
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Waits until the API finds so many entries.
    pub(super) async fn counts(&self, query: &str, count: usize) {
        until(&format!("{count} entries of {query}"), async || {
            let found =
                self.ask_as("alice", "GET", &format!("entries?limit=200&{query}"), &Value::Null).await;
            (found["entries"].as_array().unwrap().len() == count).then_some(())
        })
        .await;
    }

    /// Waits until the platform has got a text for `user`.
    pub(super) async fn sent(&self, user: &str, text: &str) {
        until(&format!("{text:?} for {user}"), async || {
            self.platform.sent().iter().any(|sent| sent.0 == user && sent.1 == text).then_some(())
        })
        .await;
    }
}

/// The rules of the bot. The first one fails, if it is there.
fn rules(platform: &str, silent: &TcpListener, is_broken: bool) -> String {
    let broken = format!(
        "[[rules]]\nname = 'orders'\non = 'text'\nkeyword = {{ contains = ['broken'] }}\n\
         forward = {{ url = 'http://{}/orders', secret = '{SECRET}' }}\n",
        free_address()
    );
    let silent = silent.local_addr().unwrap();
    format!(
        "{}[[rules]]\nname = 'slow'\non = 'text'\nkeyword = {{ is = ['slow'] }}\nforward = {{ url = 'http://{silent}/', secret = '{SECRET}', timeout = '4m' }}\n\
         [[rules]]\nname = 'person'\non = 'text'\nkeyword = {{ is = ['person', '人工'] }}\nhand_over = true\n\
         [[rules]]\nname = 'picture'\non = 'text'\nkeyword = {{ is = ['picture'] }}\nreply = {{ image = {{ url = '{platform}/sandbox/samples/picture.jpg' }} }}\n\
         [[rules]]\nname = 'news'\non = 'text'\nkeyword = {{ is = ['news'] }}\nreply = {{ news = [\
         {{ title = '秋季新品', description = '轻便跑鞋', url = 'https://shop.invalid/1', picurl = '{platform}/sandbox/samples/picture.jpg' }}, \
         {{ title = 'Second', url = 'https://shop.invalid/2', picurl = '{platform}/sandbox/samples/picture.jpg' }}] }}\n\
         [[rules]]\nname = 'welcome'\non = 'subscribe'\nreply = {{ text = '欢迎关注！' }}\n\
         [[rules]]\nname = 'echo'\non = 'text'\nreply = {{ text = 'You wrote: {{{{ content }}}}' }}\n",
        if is_broken { broken.as_str() } else { "" }
    )
}

fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("M-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
