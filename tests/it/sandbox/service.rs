//! The callback service under every fault: each message is answered once.

use rongcloud_callback::{
    Text,
    sandbox::{Attempt, DeliveryState, Faults, Options, Sandbox},
};

use super::{Bot, sent};

/// Lets three users write twice each under `faults`; each text must come back once, and no other message.
async fn survives(faults: Faults) {
    let options = Options { pause: std::time::Duration::from_millis(5), ..Options::default() };
    let sandbox = Sandbox::start_with(options).await.unwrap();
    let bot =
        Bot::start(&sandbox, "[client]\nconnect_timeout = \"500ms\"\ntimeout = \"500ms\"", |service| {
            service.on(|text: Text, _context| async move { text.content })
        })
        .await;
    sandbox.faults(faults.clone());
    for round in ["first", "second"] {
        for user in ["a", "b", "c"] {
            let delivery = sandbox.user(user).says(format!("{round} of {user}")).await;
            assert_eq!(delivery.state, DeliveryState::Accepted, "{faults:?}: {delivery:#?}");
            let sound = |attempt: &Attempt| attempt.status == Some(attempt.expected);
            assert!(delivery.attempts.iter().all(sound), "{faults:?}: {delivery:#?}");
        }
    }
    for round in ["first", "second"] {
        for user in ["a", "b", "c"] {
            let received = sandbox.user(user).received().await;
            assert_eq!(received.text(), format!("{round} of {user}"), "{faults:?}");
        }
    }
    bot.idle().await;
    assert_eq!(sent(&sandbox).len(), 6, "{faults:?}");
    bot.stop().await;
}

#[tokio::test]
async fn each_message_is_answered_once_whatever_fault_its_delivery_meets() {
    let none = Faults::default;
    for faults in [
        none(),
        Faults { duplicate: 1.0, ..none() },
        Faults { simultaneous: 1.0, ..none() },
        Faults { drop_answer: 1.0, ..none() },
        Faults { slow_ms: 50, ..none() },
        Faults { wrong_signature: 1.0, ..none() },
        Faults { stale_signature: 1.0, ..none() },
        Faults { replayed_signature: 1.0, ..none() },
        Faults { forged_body: 1.0, ..none() },
        Faults { malformed_xml: 1.0, ..none() },
        Faults { unknown_kind: 1.0, ..none() },
        Faults { mended_end_tag: true, ..none() },
    ] {
        survives(faults).await;
    }
}

#[tokio::test]
async fn each_message_is_answered_once_however_badly_the_api_answers() {
    let none = Faults::default;
    for faults in [
        Faults { api_internal_error: 0.5, ..none() },
        Faults { api_rate_exceeded: 0.3, ..none() },
        Faults { api_status_500: 0.5, ..none() },
        Faults { api_cut: 0.5, ..none() },
        Faults { api_silent: 0.3, ..none() },
    ] {
        survives(faults).await;
    }
}

#[tokio::test]
async fn each_message_is_answered_once_under_everything_at_the_same_time() {
    survives(Faults {
        duplicate: 0.4,
        simultaneous: 0.4,
        drop_answer: 0.4,
        slow_ms: 10,
        wrong_signature: 0.4,
        stale_signature: 0.4,
        replayed_signature: 0.4,
        forged_body: 0.4,
        malformed_xml: 0.4,
        unknown_kind: 0.4,
        api_internal_error: 0.1,
        api_status_500: 0.1,
        api_cut: 0.1,
        ..Faults::default()
    })
    .await;
}
