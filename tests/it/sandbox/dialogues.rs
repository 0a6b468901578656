//! The states of conversations as the server under test reports them, and the person at its desk.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use rongcloud_callback::sandbox::{
    Conversation, DeliveryState, DeskAction, DeskRequest, DialogueState, HandlingEvent, HandlingState,
    HandlingStep, Report, Sandbox,
};
use serde_json::{Value, json};

use super::{ask, json, told::Told};
use crate::support::until;

impl Told {
    /// Reports a step of the message with this body, or of an entry that no delivery has brought.
    fn note(&self, body: &str, answers: Option<i64>, event: HandlingEvent) {
        self.observer.note(&HandlingStep {
            entry: 1,
            answers,
            body: body.to_owned().into(),
            attempt: 1,
            event,
        });
    }

    async fn play(&self, text: &str) -> Report {
        self.sandbox.play(&text.parse::<Conversation>().unwrap()).await
    }

    async fn state(&self) -> Value {
        json(&ask(self.sandbox.local_addr(), "GET /sandbox/state", &[], "").await)
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let line = format!("POST /sandbox/{path}");
        let answer = ask(self.sandbox.local_addr(), &line, &[], body.to_string()).await;
        (answer.status, json(&answer))
    }
}

/// Ann's conversation is in the dialogue `order` with this body, or in none.
fn state(body: Option<Value>) -> HandlingEvent {
    let order = |body| DialogueState { name: "order".to_owned(), version: 1, body };
    HandlingEvent::State { account: "demo".into(), user: "ann".into(), dialogue: body.map(order) }
}

fn done() -> HandlingEvent {
    HandlingEvent::Done { by: None, replies: 0 }
}

#[tokio::test]
async fn a_state_is_kept_with_the_message_that_made_it_and_one_that_time_made_without() {
    let told = Told::start().await;
    let first = told.sandbox.user("ann").says("shoes").await;
    told.note(&first.xml, None, done());
    told.note(&first.xml, None, state(Some(json!({ "Size": { "item": "鞋" } }))));
    told.note("", Some(1), state(None));
    let records = told.sandbox.states();
    let seen: Vec<_> =
        records.iter().map(|it| (it.id, it.message, it.by_person, it.dialogue.is_some())).collect();
    assert_eq!(seen, [(1, Some(first.message), false, true), (2, None, false, false)]);
    let handling = told.sandbox.deliveries()[0].handling.clone();
    assert_eq!(
        handling.map(|it| it.state),
        Some(HandlingState::Done),
        "a state is no step of the message"
    );
    let state = told.state().await;
    assert_eq!(
        state["states"][0]["dialogue"],
        json!({ "name": "order", "version": 1, "body": { "Size": { "item": "鞋" } } })
    );
    assert_eq!(state["states"][1]["dialogue"], Value::Null);
    assert_eq!(state["has_desk"], false);
}

#[tokio::test]
async fn a_message_that_is_kept_for_a_person_says_who_has_the_conversation() {
    let told = Told::start().await;
    let delivery = told.sandbox.user("ann").says("anybody?").await;
    told.note(&delivery.xml, None, HandlingEvent::Kept);
    let handling = told.sandbox.deliveries()[0].handling.clone().unwrap();
    assert!(handling.state == HandlingState::Kept && handling.is_settled());
    let states = told.sandbox.states();
    assert_eq!(states[0].dialogue.as_ref().map(|dialogue| dialogue.name.as_str()), Some("person"));
}

#[tokio::test]
async fn a_step_with_the_state_that_the_server_has_stored_passes_and_another_one_is_shown_beside_it() {
    let told = Told::start().await;
    let step = |text: &str, state: &str| {
        format!(
            "[[step]]\nuser = \"ann\"\nsays = \"{text}\"\nreplies = []\nwithin = \"300ms\"\nstate = {state}\n"
        )
    };
    let size = "{ dialogue = \"order\", body = { Size = { item = \"鞋\" } } }";
    let address = "{ dialogue = \"order\", body = { Address = { size = 42 } } }";
    let play = async |text: &str, expected: &str, event: HandlingEvent| {
        let steps = step(text, expected);
        let tells = async {
            let delivery = until("its delivery", async || {
                told.sandbox.deliveries().into_iter().find(|it| it.xml.contains(text))
            });
            let xml = delivery.await.xml;
            told.note(&xml, None, done());
            told.note(&xml, None, event);
        };
        tokio::join!(told.play(&steps), tells).0
    };
    let stored = || state(Some(json!({ "Size": { "item": "鞋", "note": null } })));
    let report = play("one", size, stored()).await;
    assert!(report.has_passed(), "{report}");
    let report = play("two", address, stored()).await;
    let difference = "    expected state: order {\"Address\":{\"size\":42}}\n    \
                      its state: order {\"Size\":{\"item\":\"鞋\",\"note\":null}}\n";
    assert!(report.to_string().contains(difference), "{report}");
    let chinese = "    预期状态：order {\"Address\":{\"size\":42}}\n    \
                   实际状态：order {\"Size\":{\"item\":\"鞋\",\"note\":null}}\n";
    assert!(report.in_chinese().to_string().contains(chinese));
    let report = play("three", "\"none\"", stored()).await.to_string();
    assert!(report.contains("    expected state: none\n    its state: order {"), "{report}");
    let report = play("four", size, state(None)).await;
    assert!(report.to_string().contains("    its state: none\n"), "{report}");
}

#[tokio::test]
async fn a_state_that_is_reported_a_moment_after_the_end_of_the_handling_is_the_one_that_counts() {
    let told = Told::start().await;
    told.sandbox.user("ann").says("before").await;
    // Once a server has reported, the player waits for the end of the handling.
    told.note(&told.sandbox.deliveries()[0].xml, None, done());
    told.note("", Some(1), state(Some(json!("Size"))));
    let step = "[[step]]\nuser = \"ann\"\nsays = \"after\"\nwithin = \"300ms\"\nstate = \"order\"";
    let tells = async {
        let delivered = until("its delivery", async || {
            let last = told.sandbox.deliveries().pop()?;
            (last.xml.contains("after") && last.state == DeliveryState::Accepted).then_some(last.xml)
        });
        let xml = delivered.await;
        told.note(&xml, None, done());
        tokio::time::sleep(Duration::from_millis(20)).await;
        told.note(&xml, None, state(None));
    };
    let (report, ()) = tokio::join!(told.play(step), tells);
    assert!(report.to_string().contains("    expected state: order\n    its state: none\n"), "{report}");
}

#[tokio::test]
async fn a_state_is_looked_at_only_where_the_server_reports_it() {
    let sandbox = Sandbox::start().await;
    let steps = "[[step]]\nuser = \"ann\"\nsays = \"x\"\nstate = \"none\"";
    let report = sandbox.play(&steps.parse::<Conversation>().unwrap()).await;
    assert!(!report.has_passed() && sandbox.messages().is_empty());
    assert!(
        report
            .to_string()
            .starts_with("✗ step 1 has `state`, but the server does not report the states")
    );
    assert!(report.in_chinese().to_string().starts_with("✗ 第 1 步有 `state`，但服务器不报告会话状态"));
    let steps = "[[step]]\nuser = \"ann\"\nsays = \"x\"\n[[step]]\nhands_back = true";
    let report = sandbox.play(&steps.parse::<Conversation>().unwrap()).await;
    assert!(!report.has_passed() && sandbox.messages().is_empty());
    assert!(
        report.to_string().starts_with("✗ a person acts in step 2, but the sandbox reaches no desk")
    );
    assert!(
        report.in_chinese().to_string().starts_with("✗ 第 2 步由人工操作，但沙箱无法访问服务器的人工台")
    );
}

#[tokio::test]
async fn a_person_takes_over_answers_and_hands_back_where_the_server_has_a_desk() {
    let told = Told::start().await;
    let ann = json!({ "account": "demo", "user": "ann" });
    let (status, answer) = told.post("desk/take-over", &ann).await;
    assert_eq!((status, told.sandbox.states().len()), (501, 0), "{answer}");

    let asked: Arc<Mutex<Vec<DeskAction>>> = Arc::default();
    let seen = Arc::clone(&asked);
    told.sandbox.set_desk(move |DeskRequest { account, user, action }| {
        assert_eq!((account.as_str(), user.as_str()), ("demo", "ann"));
        let is_first = seen.lock().unwrap().is_empty();
        seen.lock().unwrap().push(action);
        async move { if is_first { Err("it is closed".to_owned()) } else { Ok(()) } }
    });
    assert_eq!(told.state().await["has_desk"], true);
    let refused = told.post("desk/take-over", &ann).await;
    assert_eq!((refused, told.sandbox.states().len()), ((409, json!({ "error": "it is closed" })), 0));

    assert_eq!(told.post("desk/take-over", &ann).await.0, 200);
    let answer = json!({ "account": "demo", "user": "ann", "text": "I am Bo" });
    assert_eq!(told.post("desk/answer", &answer).await.0, 200);
    assert_eq!(told.post("desk/hand-back", &ann).await.0, 200);
    let taken = [
        DeskAction::TakeOver,
        DeskAction::TakeOver,
        DeskAction::Answer("I am Bo".to_owned()),
        DeskAction::HandBack,
    ];
    assert_eq!(*asked.lock().unwrap(), taken);
    let states = told.sandbox.states();
    let seen: Vec<_> = states.iter().map(|it| (it.by_person, it.dialogue.is_some())).collect();
    assert_eq!(seen, [(true, true), (true, false)]);
    assert_eq!(told.post("desk/answer", &ann).await.0, 400);
}
