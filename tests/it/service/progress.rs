//! The steps of a message and of its replies, as observers are told of them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use rongcloud_callback::{
    CallbackService, Config, Context, HandlerError, Image, Payload, Rules, Text, UnknownMessage,
    journal::{EntryId, Queue},
    sandbox::Faults,
    service::{Progress, Step},
};

use super::running::Running;
use crate::support::{
    log::Log,
    messages::{APP, subscribe, text},
    until,
};

/// An observer's notes.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Progress>>>);

impl Notes {
    fn observe(&self, service: CallbackService) -> CallbackService {
        let notes = self.clone();
        service.observe(move |progress| notes.0.lock().unwrap().push(progress.clone()))
    }

    fn all(&self) -> Vec<Progress> {
        self.0.lock().unwrap().clone()
    }

    /// The steps of one queue in words, without times.
    fn steps(&self, queue: Queue) -> Vec<String> {
        let words = |step: Step| match step {
            Step::Begun => "begun".to_owned(),
            Step::Done { by, replies, .. } => format!("done by {by:?}: {replies}"),
            Step::NotTaken => "not taken".to_owned(),
            Step::Quiet { by } => format!("quiet: {by}"),
            Step::Retry { reason, .. } => format!("retry: {reason}"),
            Step::Released { reason, .. } => format!("released: {reason}"),
            Step::Dead { reason } => format!("dead: {reason}"),
            other => format!("{other:?}"),
        };
        let notes = self.all().into_iter().filter(|progress| progress.queue == queue);
        notes.map(|progress| words(progress.step)).collect()
    }
}

/// The rules of a configuration in which nothing else matters.
fn rules(toml: &str) -> Rules {
    let app = "[[apps]]\nkey = 'a'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n";
    Rules::new(&Config::from_toml(&format!("{app}{toml}"), |_| None).unwrap().rules).unwrap()
}

#[tokio::test]
async fn an_observer_is_told_of_each_step_of_a_message_and_of_its_reply() {
    let notes = Notes::default();
    let service = Running::start(|service| {
        notes
            .observe(service)
            .on(async |_: Image, _| "a picture")
            .on(async |text: Text, _| vec![Payload::text(text.content), Payload::text("and more")])
    })
    .await;
    let body = text("ann", "1", "hello");
    service.deliver(&body).await.assert_ack();
    service.wait_until_idle().await;
    let steps = until("all steps", async || {
        let steps = notes.all();
        (steps.len() == 6).then_some(steps)
    })
    .await;
    assert_eq!(notes.steps(Queue::Inbox), ["begun", "done by Some(\"handler 2 (Text)\"): 2"]);
    assert_eq!(notes.steps(Queue::Outbox), ["begun", "done by None: 0", "begun", "done by None: 0"]);
    let message = &steps[0];
    assert_eq!((message.entry, message.answers, message.attempt), (EntryId(1), None, 1));
    assert_eq!(message.body, body.as_bytes());
    for step in &steps {
        let conversation = step.conversation.as_ref().unwrap();
        let ids = (conversation.app.as_str(), conversation.account.as_str(), conversation.user.as_str());
        assert_eq!(ids, (APP, "demo", "ann"));
        assert_eq!(step.answers, (step.queue == Queue::Outbox).then_some(EntryId(1)));
    }
    service.stop().await;
}

#[tokio::test]
async fn an_observer_is_told_why_a_message_is_tried_again_and_given_up() {
    let notes = Notes::default();
    let service = Running::start_with("attempts = 2\n", |service| {
        notes.observe(service).on(async |_: Text, context: Context| {
            Err::<(), _>(HandlerError::from(format!("the orders are away, time {}", context.attempt())))
        })
    })
    .await;
    service.deliver(&text("ann", "1", "hello")).await.assert_ack();
    service.wait_until_idle().await;
    assert_eq!(
        notes.steps(Queue::Inbox),
        ["begun", "retry: the orders are away, time 1", "begun", "dead: the orders are away, time 2"]
    );
    let retry = notes.all().into_iter().find_map(|progress| match progress.step {
        Step::Retry { after, .. } => Some(after),
        _ => None,
    });
    assert!(retry.unwrap() <= Duration::from_millis(20), "{retry:?}");
    service.stop().await;
}

#[tokio::test]
async fn a_reply_that_is_refused_names_the_call_to_an_observer() {
    let notes = Notes::default();
    let service = Running::start(|service| notes.observe(service).on(async |_: Text, _| "hello")).await;
    service.platform.faults(Faults { api_internal_error: 1.0, ..Faults::default() });
    service.deliver(&text("ann", "1", "hello")).await.assert_ack();
    service.wait_until_idle().await;
    let steps = notes.steps(Queue::Outbox);
    let call = format!("POST {}/message/operation/send.json", service.platform.url());
    assert!(
        steps[1].starts_with(&format!("retry: {call}: the platform cannot do it now (")),
        "{steps:?}"
    );
    assert!(steps.last().unwrap().starts_with(&format!("dead: {call}: ")), "{steps:?}");
    service.stop().await;
}

#[tokio::test]
async fn a_rule_that_is_quiet_on_purpose_is_told_of_as_one_and_needs_no_warning() {
    let (log, _guard) = Log::capture();
    let notes = Notes::default();
    let once = rules("[[rules]]\nname = 'hello'\non = 'text'\nevery = '1h'\nreply = { text = 'hi' }\n");
    let service = Running::start(|service| notes.observe(service).route(once)).await;
    for id in ["1", "2"] {
        service.deliver(&text("ann", id, "hello")).await.assert_ack();
        service.wait_until_idle().await;
    }
    assert_eq!(
        notes.steps(Queue::Inbox),
        ["begun", "done by Some(\"rule \\\"hello\\\"\"): 1", "begun", "quiet: rule \"hello\""]
    );
    service.stop().await;
    let lines = log.lines();
    assert!(lines.contains("rule `hello` is quiet for this user until "), "{lines}");
    assert!(!lines.contains("WARN"), "{lines}");
}

#[tokio::test]
async fn a_kind_that_nobody_takes_is_warned_of_once_in_the_words_of_whoever_configured_it() {
    const RUST: &str = "register a handler with `CallbackService::on(";
    const TOML: &str = "add a section [[rules]]";
    let images = || rules("[[rules]]\non = 'image'\nreply = []\n");
    let handler = async |_: UnknownMessage, _| ();
    for (register, words, others) in [
        (&(|service: CallbackService| service.on(handler)) as &dyn Fn(_) -> _, &[RUST][..], &[TOML][..]),
        (&|service: CallbackService| service, &[RUST], &[TOML]),
        (&|service: CallbackService| service.route(images()), &[TOML], &[RUST]),
        (&|service: CallbackService| service.route(images()).on(handler), &[TOML, RUST], &[]),
    ] {
        let (log, _guard) = Log::capture();
        let notes = Notes::default();
        let service = Running::start(|service| register(notes.observe(service))).await;
        for body in [text("ann", "1", "a"), text("bo", "2", "b"), subscribe("ann")] {
            service.deliver(&body).await.assert_ack();
        }
        service.wait_until_idle().await;
        service.stop().await;
        assert_eq!(notes.steps(Queue::Inbox).iter().filter(|step| *step == "not taken").count(), 3);
        let log = log.lines();
        let warnings: Vec<_> = log.lines().filter(|line| line.contains(" WARN ")).collect();
        assert_eq!(warnings.len(), 2, "{log}");
        for kind in ["`text`", "`subscribe`"] {
            assert!(warnings.iter().any(|line| line.contains(kind)), "{warnings:#?}");
        }
        for line in warnings {
            assert!(words.iter().all(|words| line.contains(words)), "{line}");
            assert!(!others.iter().any(|words| line.contains(words)), "{line}");
        }
    }
}

#[tokio::test]
async fn an_observer_that_panics_is_told_of_once_and_disturbs_neither_messages_nor_other_observers() {
    let (log, _guard) = Log::capture();
    let notes = Notes::default();
    let service = Running::start(|service| {
        let service = service.observe(|progress| panic!("no room for entry {}", progress.entry));
        notes.observe(service).on(async |text: Text, _| text.content)
    })
    .await;
    for id in ["1", "2"] {
        service.deliver(&text("ann", id, "hello")).await.assert_ack();
        service.wait_until_idle().await;
    }
    assert_eq!(service.platform.sent().len(), 2);
    assert_eq!(notes.steps(Queue::Inbox).len(), 4);
    service.stop().await;
    let lines = log.lines();
    assert_eq!(lines.matches("an observer has panicked").count(), 1, "{lines}");
    assert!(lines.contains("no room for entry 1"), "{lines}");
}
