//! Our own service in front of every nastiness: each message is answered once.

use rongcloud_callback::{
    Text,
    sandbox::{Attempt, DeliveryState, Nastiness, Options, Sandbox},
};

use super::{Bot, sent};

/// Three users write twice each, under `nastiness`; each text must come back once, and nothing else.
async fn survives(nastiness: Nastiness) {
    let options = Options { pause: std::time::Duration::from_millis(5), ..Options::default() };
    let sandbox = Sandbox::start_with(options).await.unwrap();
    let bot =
        Bot::start(&sandbox, "[client]\nconnect_timeout = \"500ms\"\ntimeout = \"500ms\"", |service| {
            service.on(|text: Text, _context| async move { text.content })
        })
        .await;
    sandbox.nastiness(nastiness.clone());
    for round in ["first", "second"] {
        for user in ["a", "b", "c"] {
            let delivery = sandbox.user(user).says(format!("{round} of {user}")).await;
            assert_eq!(delivery.state, DeliveryState::Accepted, "{nastiness:?}: {delivery:#?}");
            let sound = |attempt: &Attempt| attempt.status == Some(attempt.expected);
            assert!(delivery.attempts.iter().all(sound), "{nastiness:?}: {delivery:#?}");
        }
    }
    for round in ["first", "second"] {
        for user in ["a", "b", "c"] {
            let received = sandbox.user(user).received().await;
            assert_eq!(received.text(), format!("{round} of {user}"), "{nastiness:?}");
        }
    }
    bot.idle().await;
    assert_eq!(sent(&sandbox).len(), 6, "{nastiness:?}");
    bot.stop().await;
}

#[tokio::test]
async fn each_message_is_answered_once_however_nastily_it_is_delivered() {
    let nasty = Nastiness::default;
    for nastiness in [
        nasty(),
        Nastiness { duplicate: 1.0, ..nasty() },
        Nastiness { simultaneous: 1.0, ..nasty() },
        Nastiness { drop_answer: 1.0, ..nasty() },
        Nastiness { slow_ms: 50, ..nasty() },
        Nastiness { wrong_signature: 1.0, ..nasty() },
        Nastiness { stale_signature: 1.0, ..nasty() },
        Nastiness { replayed_signature: 1.0, ..nasty() },
        Nastiness { forged_body: 1.0, ..nasty() },
        Nastiness { malformed_xml: 1.0, ..nasty() },
        Nastiness { unknown_kind: 1.0, ..nasty() },
        Nastiness { mended_end_tag: true, ..nasty() },
    ] {
        survives(nastiness).await;
    }
}

#[tokio::test]
async fn each_message_is_answered_once_however_badly_the_api_answers() {
    let nasty = Nastiness::default;
    for nastiness in [
        Nastiness { api_internal_error: 0.5, ..nasty() },
        Nastiness { api_rate_exceeded: 0.3, ..nasty() },
        Nastiness { api_status_500: 0.5, ..nasty() },
        Nastiness { api_cut: 0.5, ..nasty() },
        Nastiness { api_silent: 0.3, ..nasty() },
    ] {
        survives(nastiness).await;
    }
}

#[tokio::test]
async fn each_message_is_answered_once_under_everything_at_the_same_time() {
    survives(Nastiness {
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
        ..Nastiness::default()
    })
    .await;
}
