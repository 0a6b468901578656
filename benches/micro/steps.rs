//! The steps, each with the baseline that is measured beside it.

use std::{
    collections::HashMap,
    hint::black_box,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, routing::post};
use bytes::Bytes;
use futures_util::{FutureExt, future::try_join_all};
use http::{Method, Request, StatusCode, Uri};
use quick_xml::{Reader, events::Event};
use rongcloud_callback::{
    Config, Content, Context, Image, ImageText, Inbound, Location, Message, Route, Routes, Subscribe,
    Text, UnknownEvent, UnknownMessage, Unsubscribe, Voice,
    clock::{Clock, UnixMillis},
    handler::Handling,
    ids::AppKey,
    internals::Callbacks,
    journal::{self, Appended, EntryKey, NewEntry, Options, Queue, Queues},
    protocol::parse,
    signature::{Verifier, signed_query},
};
use sha1::{Digest, Sha1};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tower::Service;

/// Number of different messages that a step meets in turn.
const MESSAGES: usize = 1000;
const SECRET: &str = "Y1W2MeFwwwRxa0";
const NOW: UnixMillis = UnixMillis(1_763_754_000_000);
const TOLERANCE: Duration = Duration::from_mins(5);

/// A function that does something once, with the next message.
pub(crate) type Run = Box<dyn FnMut()>;

/// A step that is done once for each message.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// The name of the baseline that the step is compared with.
    pub(crate) baseline: &'static str,
    /// Prepares the step and its baseline.
    pub(crate) prepare: fn() -> [Run; 2],
}

pub(crate) const STEPS: [Step; 7] = [
    Step { name: "verify a query", baseline: "SHA-1 of what is signed", prepare: verify },
    Step { name: "parse a body", baseline: "quick-xml's bare reader", prepare: parse_body },
    Step { name: "build both keys", baseline: "copy both keys", prepare: keys },
    Step { name: "append a known key", baseline: "look it up in a std HashMap", prepare: known_key },
    Step { name: "callback of a duplicate", baseline: "bare axum endpoint", prepare: duplicate },
    Step { name: "callback with another body", baseline: "bare axum endpoint", prepare: forged },
    Step { name: "route past eight handlers", baseline: "match by hand", prepare: route },
];

/// Calls `run` with one of `items` after the other.
fn in_turn<T: 'static>(items: Vec<T>, mut run: impl FnMut(&T) + 'static) -> Run {
    let mut next = 0;
    Box::new(move || {
        run(black_box(&items[next]));
        next = (next + 1) % items.len();
    })
}

fn each<T>(of: impl FnMut(usize) -> T) -> Vec<T> {
    (0..MESSAGES).map(of).collect()
}

fn query(number: usize) -> String {
    signed_query(&SECRET.into(), &number.to_string(), NOW)
}

/// A text of about 400 bytes, as the platform's document prints it.
fn body(number: usize) -> String {
    format!(
        "<xml>\n <ToUserName><![CDATA[mcid1]]></ToUserName>\n \
         <FromUserName><![CDATA[user-{number:05}]]></FromUserName>\n \
         <CreateTime>134223445860</CreateTime>\n <MsgType><![CDATA[text]]></MsgType>\n \
         <Content><![CDATA[一条不长不短的消息，用来测量接收一条消息需要多少时间。]]></Content>\n \
         <MsgId>BAE6-3KQ2-{number:012}</MsgID>\n</xml>"
    )
}

fn inbound(number: usize) -> Inbound {
    parse(body(number).as_bytes()).expect("a message")
}

fn app() -> AppKey {
    "bench".into()
}

fn verify() -> [Run; 2] {
    let verifier = Verifier::new(vec![SECRET.into()], TOLERANCE);
    let verify = move |query: &String| {
        assert!(verifier.verify(query, NOW).is_ok());
    };
    let timestamp = (NOW.0 / 1000).to_string();
    let digest = move |nonce: &String| {
        let digest = Sha1::new().chain_update(SECRET).chain_update(nonce).chain_update(&timestamp);
        black_box(digest.finalize());
    };
    [in_turn(each(query), verify), in_turn(each(|number| number.to_string()), digest)]
}

fn parse_body() -> [Run; 2] {
    let parse = |body: &String| {
        black_box(parse(body.as_bytes())).expect("a message");
    };
    let bare = |body: &String| {
        let mut reader = Reader::from_str(body);
        reader.config_mut().check_end_names = false;
        while !matches!(black_box(reader.read_event().expect("XML")), Event::Eof) {}
    };
    [in_turn(each(body), parse), in_turn(each(body), bare)]
}

fn keys() -> [Run; 2] {
    let app = app();
    let both = each(|number| (inbound(number).dedup_key(&app), inbound(number).conversation_key(&app)));
    let build = move |inbound: &Inbound| {
        black_box((EntryKey::of(&inbound.dedup_key(&app)), inbound.conversation_key(&app)));
    };
    let copy = |both: &(String, String)| {
        black_box(both.clone());
    };
    [in_turn(each(inbound), build), in_turn(both, copy)]
}

/// Appends known keys. The journal answers from its recent keys, before the store is asked.
fn known_key() -> [Run; 2] {
    let (journal, folder) = new_journal();
    let entry = |number| {
        let inbound = inbound(number);
        NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&inbound.dedup_key(&app())),
            conversation: inbound.conversation_key(&app()),
            body: Bytes::from(body(number)),
            dead: None,
        }
    };
    let entries = each(entry);
    let appends = entries.iter().map(|entry| journal.append(entry.clone(), None));
    Handle::current().block_on(try_join_all(appends)).expect("durable");
    let known: HashMap<EntryKey, UnixMillis> = entries.iter().map(|entry| (entry.key, NOW)).collect();
    let known = Mutex::new(known);
    let append = move |entry: &NewEntry| {
        let _ = &folder;
        let answer = journal.append(entry.clone(), None).now_or_never().expect("an answer from memory");
        assert_eq!(answer.expect("an answer"), Appended::Duplicate);
    };
    let look_up = move |entry: &NewEntry| {
        let entry = black_box(entry.clone());
        let known = known.lock().expect("nobody panics");
        assert!(known.contains_key(&entry.key));
    };
    [in_turn(entries.clone(), append), in_turn(entries, look_up)]
}

/// A new journal, and the folder that must be kept as long as the journal.
fn new_journal() -> (Arc<dyn Queues>, TempDir) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("journal.db").display());
    let options = Options {
        keep: Duration::from_hours(24),
        keep_dead: Duration::from_hours(24),
        max_pending: 1_000_000,
        recent_keys: 100_000,
        clock: Clock::manual(NOW),
        replica: String::new(),
    };
    let journal =
        Handle::current().block_on(journal::open_server(&url, options)).expect("a new journal");
    (journal, folder)
}

/// Duplicates: verified, read, bound, parsed and answered from memory, without a socket and its HTTP.
fn duplicate() -> [Run; 2] {
    callback(StatusCode::OK, |_| {})
}

/// Forgeries: verified, read, and refused because the signature is bound to another body.
fn forged() -> [Run; 2] {
    callback(StatusCode::UNAUTHORIZED, |body| body.push(' '))
}

/// Callbacks that were accepted before, and that `change` alters when they come again.
fn callback(status: StatusCode, change: fn(&mut String)) -> [Run; 2] {
    let (journal, folder) = new_journal();
    let config = format!(
        "[[apps]]\npath = '/callback'\nkey = 'bench'\nsecrets = ['{SECRET}']\napi_url = 'http://127.0.0.1:9'\n"
    );
    let config = Config::from_toml(&config, |_| None).expect("a configuration");
    let (options, endpoints) = (config.server.options(), [config.apps[0].endpoint()]);
    let callbacks = Callbacks::new(&options, &endpoints, journal, Clock::manual(NOW));
    let mut server = callbacks.router();
    for number in 0..MESSAGES {
        let answer = server.call(request(&uri(number), body(number).into()));
        let answer = Handle::current().block_on(answer).unwrap_or_else(|never| match never {});
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let again = move |number| {
        let mut body = body(number);
        change(&mut body);
        (uri(number), Bytes::from(body))
    };
    let call = move |server: &mut Router, (uri, body): &(Uri, Bytes), status| {
        let answer = server.call(request(uri, body.clone())).now_or_never().expect("an answer at once");
        assert_eq!(answer.unwrap_or_else(|never| match never {}).status(), status);
    };
    let mut bare = Router::new().route("/callback", post(|_: Bytes| async {}));
    let ours = move |again: &(Uri, Bytes)| {
        let _ = &folder;
        call(&mut server, again, status);
    };
    [
        in_turn(each(again), ours),
        in_turn(each(again), move |again| call(&mut bare, again, StatusCode::OK)),
    ]
}

fn uri(number: usize) -> Uri {
    format!("/callback?{}", query(number)).parse().expect("a URI")
}

fn request(uri: &Uri, body: Bytes) -> Request<Body> {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    request
}

/// Finds the handler that takes a text, up to the future that would run it. The last handler takes it.
fn route() -> [Run; 2] {
    let config = "[[apps]]\nkey = 'bench'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n";
    let config = Config::from_toml(config, |_| None).expect("a configuration");
    let client = config.apps[0].client(config.client.options()).expect("a client");
    let contexts = each(|number| Context::new(app(), inbound(number), client.clone(), 1));
    let routes = Routes::new()
        .on(async |_: Subscribe, _| {})
        .on(async |_: Unsubscribe, _| {})
        .on(async |_: UnknownEvent, _| {})
        .on(async |_: Image, _| {})
        .on(async |_: Voice, _| {})
        .on(async |_: Location, _| {})
        .on(async |_: ImageText, _| {})
        .on(async |_: UnknownMessage, _| {})
        .on(async |_: Text, _| {});
    let ask = move |context: &Context| {
        drop(black_box(routes.take(context)).expect("taken"));
    };
    let matched = |context: &Context| {
        let handling: Option<Handling> = match &context.inbound().content {
            Content::Message(Message::Text(text)) => {
                let (text, context) = (text.clone(), context.clone());
                Some(Handling::new(async move {
                    drop((text, context));
                    Ok(rongcloud_callback::Reply::default())
                }))
            }
            _ => None,
        };
        drop(black_box(handling).expect("taken"));
    };
    [in_turn(contexts.clone(), ask), in_turn(contexts, matched)]
}
