//! The property of every query string: it gets in if it is signed, fresh and unambiguous, and never otherwise.

use std::{borrow::Cow, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rongcloud_callback::{
    clock::UnixMillis,
    signature::{Verifier, sign, signed_query},
};
use sha1::{Digest, Sha1};
use url::form_urlencoded;

const SECRET: &str = "Y1W2MeFwwwRxa0";
const NOW: UnixMillis = UnixMillis(1_763_754_000_000);
const TOLERANCE: Duration = Duration::from_mins(5);
const NAMES: [&str; 3] = ["rc-nonce", "rc-timestamp", "rc-signature"];

/// The bytes are a query string; parameters beside signed ones; and, around a line feed, a nonce and a timestamp.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    bare(&text);
    beside_signed_ones(&text);
    if let Some((nonce, timestamp)) = text.split_once('\n') {
        signed(nonce, timestamp);
    }
}

fn verify(query: &str) -> bool {
    Verifier::new(vec!["another".into(), SECRET.into()], TOLERANCE).verify(query, NOW).is_ok()
}

fn bare(query: &str) {
    if !verify(query) {
        return;
    }
    let value = |name: &str| {
        let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(other, _)| other == name);
        let value = values.next().map(|(_, value)| value).expect("it is there");
        assert_eq!(values.next(), None, "it is there once");
        value
    };
    let [nonce, timestamp, signature] = NAMES.map(value);
    assert!(may_be_signed(&nonce, &timestamp));
    let expected = Sha1::digest([SECRET, &nonce, &timestamp].concat());
    let mut digits = signature.as_bytes().chunks(2);
    assert_eq!(signature.len(), 40);
    assert!(expected.iter().all(|byte| {
        let digits = digits.next().and_then(|pair| std::str::from_utf8(pair).ok());
        digits.and_then(|pair| u8::from_str_radix(pair, 16).ok()) == Some(*byte)
    }));
}

/// Other parameters change nothing, and a second of ours is refused.
fn beside_signed_ones(others: &str) {
    let query = signed_query(&SECRET.into(), "n", NOW);
    let ours = |(name, _): (Cow<'_, str>, Cow<'_, str>)| NAMES.contains(&&*name);
    let repeated = form_urlencoded::parse(others.as_bytes()).any(ours);
    assert_eq!(verify(&format!("{query}&{others}")), !repeated);
    assert_eq!(verify(&format!("{others}&{query}")), !repeated);
}

/// Rightly signed, it still has to be of a form that leaves no room for length extension, and fresh.
fn signed(nonce: &str, timestamp: &str) {
    let signature = sign(&SECRET.into(), nonce, timestamp);
    let [nonce_sent, timestamp_sent] =
        [nonce, timestamp].map(|value| utf8_percent_encode(value, NON_ALPHANUMERIC));
    let query = format!("rc-signature={signature}&rc-nonce={nonce_sent}&rc-timestamp={timestamp_sent}");
    assert_eq!(verify(&query), may_be_signed(nonce, timestamp));
}

fn may_be_signed(nonce: &str, timestamp: &str) -> bool {
    let printable = !nonce.is_empty() && nonce.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let millis = match timestamp.len() {
        10 if digits => timestamp.parse::<i128>().ok().map(|seconds| seconds * 1000),
        _ => None,
    };
    let tolerated = i128::try_from(TOLERANCE.as_millis()).expect("five minutes");
    printable && millis.is_some_and(|millis| (millis - i128::from(NOW.0)).abs() <= tolerated)
}
