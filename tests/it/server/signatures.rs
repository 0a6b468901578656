//! Signatures: parameters, secrets, times, and the body that a signature is bound to.

use std::{fmt::Write, sync::Arc};

use rongcloud_callback::{clock::UnixMillis, journal::State, signature::sign};
use sha1::{Digest, Sha1};

use crate::support::http::{Answer, post};

use super::{
    faulty::{Behaviour, Faulty},
    setup::{
        NOW, SECRET, SPARE_SECRET, Setup, TIMESTAMP, TestServer, endpoint, fresh_query, query, text,
    },
};

/// The answer to a message under `query`, on a server of its own.
async fn answer_to(query: &str) -> Answer {
    let server = TestServer::start().await;
    let answer = server.ask(post(&format!("/callback?{query}"), text("user", "1", "hello"))).await;
    let accepted = server.inbox(State::Pending).await.len();
    assert_eq!(accepted, usize::from(answer.status == 200), "{query}");
    answer
}

/// Encodes every byte as `%XX`.
fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02x}").unwrap();
        encoded
    })
}

#[tokio::test]
async fn every_secret_of_the_app_is_valid() {
    answer_to(&query(SECRET, "14314", TIMESTAMP)).await.assert_ack();
    answer_to(&query(SPARE_SECRET, "14314", TIMESTAMP)).await.assert_ack();
}

#[tokio::test]
async fn another_secret_is_refused() {
    for secret in ["", "y1W2MeFwwwRxa0", "Y1W2MeFwwwRxa", "appkey"] {
        answer_to(&query(secret, "14314", TIMESTAMP)).await.assert_error(401, 1004);
    }
}

#[tokio::test]
async fn each_parameter_is_needed_and_named_when_it_is_missing() {
    let whole = query(SECRET, "14314", TIMESTAMP);
    for missing in ["rc-nonce", "rc-timestamp", "rc-signature"] {
        let rest: Vec<&str> = whole.split('&').filter(|pair| !pair.starts_with(missing)).collect();
        let message = answer_to(&rest.join("&")).await.assert_error(401, 1004);
        assert!(message.contains(missing), "{message}");
    }
    answer_to("").await.assert_error(401, 1004);
}

#[tokio::test]
async fn a_query_behind_the_route_url_s_own_is_refused_with_the_cause() {
    let whole = query(SECRET, "14314", TIMESTAMP);
    answer_to(&format!("tenant=7&{whole}")).await.assert_ack();
    for query in [format!("tenant=7?{whole}"), format!("?{whole}"), format!("tenant=7%3f{whole}")] {
        let message = answer_to(&query).await.assert_error(401, 1004);
        assert!(message.contains("second `?`") && message.contains("routeUrl"), "{message}");
    }
}

#[tokio::test]
async fn no_query_at_all_is_refused() {
    let server = TestServer::start().await;
    server.ask(post("/callback", text("user", "1", "hello"))).await.assert_error(401, 1004);
}

#[tokio::test]
async fn a_repeated_parameter_is_refused_even_with_the_same_value() {
    let whole = query(SECRET, "14314", TIMESTAMP);
    for pair in whole.split('&') {
        answer_to(&format!("{whole}&{pair}")).await.assert_error(401, 1004);
        answer_to(&format!("{pair}&{whole}")).await.assert_error(401, 1004);
    }
}

#[tokio::test]
async fn a_changed_parameter_is_refused() {
    let whole = query(SECRET, "14314", TIMESTAMP);
    for (from, to) in [
        ("rc-nonce=14314", "rc-nonce=14315"),
        ("rc-nonce=14314", "rc-nonce=143%001"),
        ("rc-nonce=14314", "rc-nonce=14314%20"),
        ("rc-nonce=14314", "rc-nonce=14314+"),
        ("rc-timestamp=1763754000", "rc-timestamp=1763754001"),
        ("rc-timestamp=1763754000", "rc-timestamp=01763754000"),
        ("rc-timestamp=1763754000", "rc-timestamp=-763754000"),
        ("rc-timestamp=1763754000", "rc-timestamp=1763754000.0"),
        ("rc-signature=", "rc-signature=0"),
        ("rc-signature=", "rc-signature=00"),
        ("rc-signature=", "rc-signature=zz"),
    ] {
        assert!(whole.contains(from));
        answer_to(&whole.replace(from, to)).await.assert_error(401, 1004);
    }
}

#[tokio::test]
async fn percent_encoding_changes_nothing_and_is_undone_once_only() {
    let signature = sign(&SECRET.into(), "14314", TIMESTAMP);
    let pairs =
        |nonce: &str| format!("rc-nonce={nonce}&rc-timestamp={TIMESTAMP}&rc-signature={signature}");
    answer_to(&pairs(&percent_encoded(b"14314"))).await.assert_ack();
    answer_to(&pairs("%2531%34314")).await.assert_error(401, 1004);

    let signature = sign(&SECRET.into(), "a&b=c%2B", TIMESTAMP);
    let encoded = percent_encoded(b"a&b=c%2B");
    let whole = format!("rc-nonce={encoded}&rc-timestamp={TIMESTAMP}&rc-signature={signature}");
    answer_to(&whole).await.assert_ack();
}

#[tokio::test]
async fn order_and_strange_parameters_do_not_matter() {
    let whole = query(SECRET, "14314", TIMESTAMP);
    let [nonce, timestamp, signature] = whole.split('&').collect::<Vec<_>>().try_into().unwrap();
    answer_to(&format!("x=1&{signature}&{timestamp}&y&{nonce}&=")).await.assert_ack();
}

#[tokio::test]
async fn a_signature_gets_too_old_for_its_own_retry() {
    let setup = Setup::new().await;
    let clock = setup.clock.clone();
    let server = setup.start().await;
    let retried = post(&format!("/callback?{}", fresh_query()), text("user", "1", "hello"));
    server.ask(&retried).await.assert_ack();
    clock.set(UnixMillis(NOW.0 + 301_000));
    server.ask(&retried).await.assert_error(401, 1004);
}

#[tokio::test]
async fn a_signature_in_other_clothes_is_bound_to_the_same_body() {
    let server = TestServer::start().await;
    let plain = query(SECRET, "14314", TIMESTAMP);
    server.ask(post(&format!("/callback?{plain}"), text("user", "1", "hello"))).await.assert_ack();
    let signature = sign(&SECRET.into(), "14314", TIMESTAMP);
    for other in [
        plain.replace("14314", "%31%34%33%31%34"),
        plain.replace(&signature, &percent_encoded(signature.as_bytes())),
        plain.replace(&signature, &signature.to_uppercase()),
        format!("{plain}&x=1"),
    ] {
        let answer = server.ask(post(&format!("/callback?{other}"), text("user", "2", "forged"))).await;
        answer.assert_error(401, 1004);
    }
    assert_eq!(server.inbox(State::Pending).await.len(), 1);
}

#[tokio::test]
async fn what_was_refused_for_want_of_a_journal_leaves_its_signature_to_its_body() {
    let mut setup = Setup::new().await;
    let journal = Faulty::new(Arc::clone(&setup.journal), Behaviour::Failing);
    setup.journal = Arc::new(journal.clone());
    let server = setup.start().await;
    let target = format!("/callback?{}", fresh_query());
    server.ask(post(&target, text("user", "1", "hello"))).await.assert_error(503, 1000);
    // The other body cannot be kept now either, but the platform may send it again.
    server.ask(post(&target, text("user", "2", "forged"))).await.assert_error(503, 1000);
    journal.set(Behaviour::Working);
    server.ask(post(&target, text("user", "2", "forged"))).await.assert_error(401, 1004);
    server.ask(post(&target, text("user", "1", "hello"))).await.assert_ack();
}

#[tokio::test]
async fn a_signature_forged_by_length_extension_fits_the_formula_and_is_refused() {
    let seen = query(SECRET, "14314", "1763750000");
    let seen = hex::decode(seen.rsplit('=').next().unwrap()).unwrap();

    // SHA-1 pads the text that the platform hashed to one block; the attacker only guesses the secret's length.
    let hashed = SECRET.len() + "14314".len() + "1763750000".len();
    let mut padding = vec![0x80];
    padding.resize(64 - 8 - hashed, 0);
    padding.extend((hashed as u64 * 8).to_be_bytes());
    // The attacker goes on from the seen state with one more block: the fresh timestamp and the padding of everything.
    let mut block = [0; 64];
    block[..10].copy_from_slice(TIMESTAMP.as_bytes());
    block[10] = 0x80;
    block[56..].copy_from_slice(&((64 + 10) * 8_u64).to_be_bytes());
    let mut state = [0; 5];
    for (word, bytes) in state.iter_mut().zip(seen.chunks(4)) {
        *word = u32::from_be_bytes(bytes.try_into().unwrap());
    }
    sha1::block_api::compress(&mut state, &[block]);
    let forged: Vec<u8> = state.iter().flat_map(|word| word.to_be_bytes()).collect();

    let nonce = [b"14314".as_slice(), b"1763750000", &padding].concat();
    let formula = Sha1::digest([SECRET.as_bytes(), &nonce, TIMESTAMP.as_bytes()].concat());
    assert_eq!(formula.as_slice(), forged, "the forgery is a good one");

    let (nonce, forged) = (percent_encoded(&nonce), hex::encode(forged));
    let query = format!("rc-nonce={nonce}&rc-timestamp={TIMESTAMP}&rc-signature={forged}");
    answer_to(&query).await.assert_error(401, 1004);
}

#[tokio::test]
async fn a_signature_of_one_app_does_not_open_the_path_of_another() {
    let mut setup = Setup::new().await;
    setup.endpoints.push(endpoint("/other", "other", &["its own secret"]));
    let server = setup.start().await;
    let body = text("user", "1", "hello");
    server.ask(post(&format!("/other?{}", fresh_query()), &body)).await.assert_error(401, 1004);
    let own = query("its own secret", "14314", TIMESTAMP);
    server.ask(post(&format!("/other?{own}"), &body)).await.assert_ack();
    server.ask(post(&format!("/callback?{own}"), &body)).await.assert_error(401, 1004);
}
