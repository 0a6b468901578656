//! The platform's signature, hex `SHA1(secret + nonce + timestamp)`: sign and verify.
//!
//! # Design
//!
//! SHA-1 over a secret put first is open to length extension: from one signed URL and a guess at the secret's
//! length, anyone can compute the signature of `nonce + padding + more`, and so of a fresh timestamp. The padding
//! always holds a byte 0x80, so a nonce of printable ASCII and a timestamp of digits, both checked on the decoded
//! bytes before anything is hashed, leave no room for it.
//!
//! Nor is there a seam between nonce and timestamp: digits can be moved from one to the other under the same signature.
//! A timestamp of a fixed number of digits is always the end of what was signed, so no moved reading is another one.
//! With two lengths accepted there would be days on which seconds behind three digits of a nonce are milliseconds of now.
//! So an app has one [unit](Timestamps).

use std::{borrow::Cow, fmt, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha1::{Digest, Sha1};
use subtle::{Choice, ConstantTimeEq};

use crate::clock::{UnixMillis, in_words};

const NONCE: &str = "rc-nonce";
const TIMESTAMP: &str = "rc-timestamp";
const SIGNATURE: &str = "rc-signature";

/// Signs `nonce` and `timestamp`: lower-case hex of `SHA1(secret + nonce + timestamp)`.
pub fn sign(secret: &SecretString, nonce: &str, timestamp: &str) -> String {
    hex::encode(digest(secret, nonce.as_bytes(), timestamp.as_bytes()))
}

/// The query string of a callback signed at `now`, without its `?`: what the platform appends to a routeUrl.
///
/// `nonce` is any printable ASCII; it is percent-encoded here.
pub fn signed_query(secret: &SecretString, nonce: &str, now: UnixMillis) -> String {
    Timestamps::Seconds.signed_query(secret, nonce, now)
}

/// The unit of an app's timestamps, and with it their only length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Timestamps {
    /// Ten digits, as the platform's document says.
    #[default]
    Seconds,
    /// Thirteen digits.
    Milliseconds,
}

impl Timestamps {
    /// Like [`signed_query`], with a timestamp in this unit.
    pub fn signed_query(self, secret: &SecretString, nonce: &str, now: UnixMillis) -> String {
        let timestamp = match self {
            Self::Seconds => format!("{:010}", now.0.div_euclid(1000)),
            Self::Milliseconds => format!("{:013}", now.0),
        };
        let signature = sign(secret, nonce, &timestamp);
        let nonce = utf8_percent_encode(nonce, NON_ALPHANUMERIC);
        format!("{NONCE}={nonce}&{TIMESTAMP}={timestamp}&{SIGNATURE}={signature}")
    }

    fn read(self, timestamp: &[u8]) -> Option<UnixMillis> {
        let (digits, unit) = match self {
            Self::Seconds => (10, 1000),
            Self::Milliseconds => (13, 1),
        };
        if timestamp.len() != digits {
            return None;
        }
        let number = timestamp.iter().try_fold(0, |number: i64, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
        });
        number.map(|number| UnixMillis(number * unit))
    }

    fn other(self) -> Self {
        match self {
            Self::Seconds => Self::Milliseconds,
            Self::Milliseconds => Self::Seconds,
        }
    }

    /// The name in the configuration.
    fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
        }
    }

    fn form(self) -> &'static str {
        match self {
            Self::Seconds => "10 digits (seconds)",
            Self::Milliseconds => "13 digits (milliseconds)",
        }
    }
}

/// Checks the query string of a callback against an app's secrets.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::{clock::UnixMillis, signature::{Verifier, signed_query}};
/// use std::time::Duration;
///
/// let now = UnixMillis(1_408_706_337_000);
/// let query = signed_query(&"secret".into(), "14314", now);
/// let verifier = Verifier::new(vec!["secret".into()], Duration::from_secs(300));
/// assert!(verifier.verify(&query, now).is_ok());
/// assert!(verifier.verify(&query, now.plus(Duration::from_secs(301))).is_err());
/// ```
#[derive(Debug)]
pub struct Verifier {
    secrets: Vec<SecretString>,
    tolerance: Duration,
    timestamps: Timestamps,
}

/// The bytes of a valid signature. The signature does not cover the body, so the body is bound to it on first use.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Verified(pub(crate) [u8; 20]);

/// The reason why a callback's query string is refused. The values themselves are never part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// A parameter that is missing or empty.
    #[error("the query parameter {0} is missing")]
    Missing(&'static str),
    /// A parameter that is missing because everything appended to the routeUrl stands behind a second `?`.
    #[error(
        "the query parameter {0} is missing, because it stands behind a second `?`: \
         the routeUrl has a query of its own, or ends in `?`; register it without"
    )]
    SecondQuery(&'static str),
    /// A parameter that is there more than once: it is not clear which one is meant.
    #[error("the query parameter {0} is repeated")]
    Repeated(&'static str),
    /// A parameter of the wrong form.
    #[error("the query parameter {parameter} is not {expected}")]
    Malformed {
        /// The parameter's name.
        parameter: &'static str,
        /// The right form, as a noun.
        expected: &'static str,
    },
    /// A valid and fresh signature over a timestamp of the other unit.
    #[error(
        "the timestamp is not {}, but rightly signed and of now in {unit}: if the platform sends {unit}, \
         write `timestamps = \"{unit}\"` in this app's section [[apps]]",
        .0.other().form(), unit = .0.as_str()
    )]
    OtherUnit(Timestamps),
    /// A timestamp too long ago: the time since then, and the moment that it names.
    #[error("signed {} ago by our clock, at {}, longer ago than is tolerated", in_words(*.0), .1.to_utc())]
    Stale(Duration, UnixMillis),
    /// A timestamp too far in the future: the time until then, and the moment that it names.
    #[error("signed {} in the future by our clock, at {}: is a clock wrong?", in_words(*.0), .1.to_utc())]
    Future(Duration, UnixMillis),
    /// A signature that none of the app's secrets makes.
    #[error("not signed with any of this app's secrets")]
    Mismatch,
}

impl Verifier {
    /// Accepts signatures made with any of `secrets` within `tolerance` of the current time, in seconds.
    pub fn new(secrets: Vec<SecretString>, tolerance: Duration) -> Self {
        Self { secrets, tolerance, timestamps: Timestamps::Seconds }
    }

    /// Accepts timestamps in another unit instead.
    #[must_use]
    pub fn with_timestamps(self, timestamps: Timestamps) -> Self {
        Self { timestamps, ..self }
    }

    /// Checks a raw query string, without its `?`, at the time `now`.
    ///
    /// Parameters of other names are ignored. As everywhere in query strings a `+` is a space, and so refused.
    ///
    /// # Errors
    ///
    /// The first parameter that is missing or malformed, a timestamp out of tolerance, or a signature by none of the secrets.
    pub fn verify(&self, query: &str, now: UnixMillis) -> Result<Verified, SignatureError> {
        let Parameters { nonce, timestamp, signature } = Parameters::read(query)?;
        let expected = "1 or more printable ASCII characters";
        if !nonce.iter().all(u8::is_ascii_graphic) {
            return Err(SignatureError::Malformed { parameter: NONCE, expected });
        }
        if let Some(signed_at) = self.timestamps.read(&timestamp) {
            self.check_time(signed_at, now)?;
            return self.check_signature(&nonce, &timestamp, &signature);
        }
        // A platform that signs in the other unit gets an error of its own: its operator has one key to change.
        let other = self.timestamps.other();
        let is_fresh = other.read(&timestamp).is_some_and(|at| self.check_time(at, now).is_ok());
        if is_fresh && self.check_signature(&nonce, &timestamp, &signature).is_ok() {
            return Err(SignatureError::OtherUnit(other));
        }
        let expected = self.timestamps.form();
        Err(SignatureError::Malformed { parameter: TIMESTAMP, expected })
    }

    fn check_signature(
        &self,
        nonce: &[u8],
        timestamp: &[u8],
        signature: &[u8],
    ) -> Result<Verified, SignatureError> {
        let mut given = [0; 20];
        let expected = "40 hexadecimal digits";
        if hex::decode_to_slice(signature, &mut given).is_err() {
            return Err(SignatureError::Malformed { parameter: SIGNATURE, expected });
        }
        // Every secret is tried, so that the time taken does not tell which one it was.
        let matches = self
            .secrets
            .iter()
            .fold(Choice::from(0), |any, secret| any | digest(secret, nonce, timestamp).ct_eq(&given));
        if bool::from(matches) { Ok(Verified(given)) } else { Err(SignatureError::Mismatch) }
    }

    fn check_time(&self, signed_at: UnixMillis, now: UnixMillis) -> Result<(), SignatureError> {
        let (age, lead) = (now.since(signed_at), signed_at.since(now));
        if age > self.tolerance {
            return Err(SignatureError::Stale(age, signed_at));
        }
        if lead > self.tolerance {
            return Err(SignatureError::Future(lead, signed_at));
        }
        Ok(())
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified(…)")
    }
}

/// The three parameters, percent-decoded.
struct Parameters<'q> {
    nonce: Cow<'q, [u8]>,
    timestamp: Cow<'q, [u8]>,
    signature: Cow<'q, [u8]>,
}

impl<'q> Parameters<'q> {
    fn read(query: &'q str) -> Result<Self, SignatureError> {
        let (mut nonce, mut timestamp, mut signature) = (None, None, None);
        // Nearly always there is nothing to decode.
        let is_coded = query.bytes().any(|byte| matches!(byte, b'%' | b'+'));
        let decode =
            |text: &'q [u8]| if is_coded { Cow::Owned(decode(text)) } else { Cow::Borrowed(text) };
        for pair in query.as_bytes().split(|byte| *byte == b'&') {
            let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
            let value = pair.get(name.len() + 1..).unwrap_or_default();
            // Names are decoded too: `rc%2Dnonce` beside `rc-nonce` is a repetition.
            let (parameter, slot) = match &*decode(name) {
                b"rc-nonce" => (NONCE, &mut nonce),
                b"rc-timestamp" => (TIMESTAMP, &mut timestamp),
                b"rc-signature" => (SIGNATURE, &mut signature),
                _ => continue,
            };
            if slot.replace(decode(value)).is_some() {
                return Err(SignatureError::Repeated(parameter));
            }
        }
        let present = |value: Option<Cow<'q, [u8]>>, name| {
            value.filter(|value| !value.is_empty()).ok_or_else(|| missing(query, name))
        };
        Ok(Self {
            nonce: present(nonce, NONCE)?,
            timestamp: present(timestamp, TIMESTAMP)?,
            signature: present(signature, SIGNATURE)?,
        })
    }
}

fn missing(query: &str, name: &'static str) -> SignatureError {
    let appended = format!("?{name}=");
    let query = decode(query.as_bytes());
    let is_appended = query.windows(appended.len()).any(|window| window == appended.as_bytes());
    if is_appended { SignatureError::SecondQuery(name) } else { SignatureError::Missing(name) }
}

fn decode(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&spaced).collect()
}

fn digest(secret: &SecretString, nonce: &[u8], timestamp: &[u8]) -> [u8; 20] {
    let secret = secret.expose_secret();
    Sha1::new().chain_update(secret).chain_update(nonce).chain_update(timestamp).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "Y1W2MeFwwwRxa0";
    const NOW: UnixMillis = UnixMillis(1_408_706_337_000);
    const TOLERANCE: Duration = Duration::from_mins(5);
    // The document prints another one beside these values; it is not their SHA-1 under any reading of the formula.
    const SAMPLE: &str =
        "rc-nonce=14314&rc-timestamp=1408706337&rc-signature=e107e3819638b81a00383951d1d871197910ffe6";

    fn verify(query: &str) -> Result<Verified, SignatureError> {
        verify_at(query, NOW)
    }

    fn verify_at(query: &str, now: UnixMillis) -> Result<Verified, SignatureError> {
        Verifier::new(vec![SECRET.into()], TOLERANCE).verify(query, now)
    }

    fn query(nonce: &str, timestamp: &str) -> String {
        let signature = sign(&SECRET.into(), nonce, timestamp);
        format!("rc-nonce={nonce}&rc-timestamp={timestamp}&rc-signature={signature}")
    }

    fn malformed(query: &str) -> Option<&'static str> {
        match verify(query) {
            Err(SignatureError::Malformed { parameter, .. }) => Some(parameter),
            _ => None,
        }
    }

    #[test]
    fn the_sample_values_are_signed_as_sha1_says_and_not_as_the_document_prints() {
        assert_eq!(
            sign(&SECRET.into(), "14314", "1408706337"),
            "e107e3819638b81a00383951d1d871197910ffe6"
        );
        assert!(verify(SAMPLE).is_ok());
        let printed = SAMPLE.replace(
            "e107e3819638b81a00383951d1d871197910ffe6",
            "890b422b75c1c5cb706e4f7921df1d94e69c17f4",
        );
        assert_eq!(verify(&printed), Err(SignatureError::Mismatch));
    }

    #[test]
    fn what_signed_query_makes_is_accepted_whatever_printable_nonce() {
        for nonce in ["14314", "a+b/c==", "%41&rc-nonce=x", "~!@#$%^*()"] {
            assert!(verify(&signed_query(&SECRET.into(), nonce, NOW)).is_ok(), "{nonce}");
        }
    }

    #[test]
    fn every_configured_secret_is_accepted_and_no_other() {
        let verifier = Verifier::new(vec!["new".into(), SECRET.into()], TOLERANCE);
        assert!(verifier.verify(SAMPLE, NOW).is_ok());
        assert!(verifier.verify(&signed_query(&"new".into(), "n", NOW), NOW).is_ok());
        let other = signed_query(&"other".into(), "n", NOW);
        assert_eq!(verifier.verify(&other, NOW), Err(SignatureError::Mismatch));
        assert_eq!(Verifier::new(vec![], TOLERANCE).verify(SAMPLE, NOW), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_missing_or_empty_parameter_is_named() {
        for name in [NONCE, TIMESTAMP, SIGNATURE] {
            let others: Vec<_> = SAMPLE.split('&').filter(|pair| !pair.starts_with(name)).collect();
            let without = others.join("&");
            for query in [without.clone(), format!("{without}&{name}="), format!("{name}&{without}")] {
                assert_eq!(verify(&query), Err(SignatureError::Missing(name)), "{query}");
            }
        }
        assert_eq!(verify(""), Err(SignatureError::Missing(NONCE)));
    }

    #[test]
    fn a_repeated_parameter_is_refused_also_when_its_name_is_encoded() {
        for (name, pair) in
            [(NONCE, "rc-nonce=14314"), (TIMESTAMP, "rc%2Dtimestamp=1"), (SIGNATURE, "rc-signature")]
        {
            assert_eq!(verify(&format!("{SAMPLE}&{pair}")), Err(SignatureError::Repeated(name)));
        }
    }

    #[test]
    fn reencoded_parameters_in_any_order_beside_unknown_ones_mean_the_same() {
        let reencoded =
            SAMPLE.replace("14314", "%31%34314").replace("e107", "%65107").replace("=1408", "=%31408");
        assert_eq!(verify(&reencoded), verify(SAMPLE));
        let mut pairs: Vec<_> = SAMPLE.split('&').chain(["x=1", "x=2", "&", "rc-nonce2=y"]).collect();
        pairs.reverse();
        assert_eq!(verify(&pairs.join("&")), verify(SAMPLE));
        assert_eq!(verify(&SAMPLE.replace("e107e3819638b81a", "E107E3819638B81A")), verify(SAMPLE));
    }

    #[test]
    fn timestamps_are_tolerated_up_to_the_edge_on_both_sides() {
        let millisecond = Duration::from_millis(1);
        assert!(verify_at(SAMPLE, NOW.plus(TOLERANCE)).is_ok());
        assert!(verify_at(SAMPLE, NOW.minus(TOLERANCE)).is_ok());
        let over = TOLERANCE + millisecond;
        assert_eq!(verify_at(SAMPLE, NOW.plus(over)), Err(SignatureError::Stale(over, NOW)));
        assert_eq!(verify_at(SAMPLE, NOW.minus(over)), Err(SignatureError::Future(over, NOW)));
    }

    #[test]
    fn other_timestamps_are_refused_although_rightly_signed() {
        for timestamp in
            ["140870633", "14087063370", "140870633712", "+408706337", "140870633x", "14087063.7", "1"]
        {
            assert_eq!(malformed(&query("14314", timestamp)), Some(TIMESTAMP), "{timestamp}");
        }
    }

    #[test]
    fn a_nonce_that_is_not_printable_ascii_is_refused_although_rightly_signed() {
        for (nonce, encoded) in
            [(" ", "%20"), (" ", "+"), ("\n", "%0A"), ("\0", "%00"), ("\u{7f}", "%7f"), ("é", "é")]
        {
            let query = query(nonce, "1408706337").replacen(nonce, encoded, 1);
            assert_eq!(malformed(&query), Some(NONCE), "{encoded}");
        }
    }

    #[test]
    fn a_signature_is_forty_hexadecimal_digits() {
        for signature in [
            "e1",
            "x107e3819638b81a00383951d1d871197910ffe6",
            "e107e3819638b81a00383951d1d871197910ffe6aa",
        ] {
            let query = format!("rc-nonce=14314&rc-timestamp=1408706337&rc-signature={signature}");
            assert_eq!(malformed(&query), Some(SIGNATURE), "{signature}");
        }
    }

    #[test]
    fn a_length_extension_matches_the_bare_formula_and_is_refused() {
        let seen = hex::decode("e107e3819638b81a00383951d1d871197910ffe6").unwrap();
        let signed_length = SECRET.len() + "143141408706337".len(); // all that the attacker has to guess
        let fresh = "1408706400";

        // SHA-1 pads to whole blocks and then goes on from its own output.
        let mut padding = vec![0x80];
        padding.resize(64 - signed_length - 8, 0);
        padding.extend_from_slice(&(signed_length as u64 * 8).to_be_bytes());
        let mut state = [0_u32; 5];
        for (word, bytes) in state.iter_mut().zip(seen.chunks(4)) {
            *word = u32::from_be_bytes(bytes.try_into().unwrap());
        }
        let mut block = [0; 64];
        block[..10].copy_from_slice(fresh.as_bytes());
        block[10] = 0x80;
        block[56..].copy_from_slice(&((64 + 10) * 8_u64).to_be_bytes());
        sha1::block_api::compress(&mut state, &[block]);
        let forged: Vec<u8> = state.iter().flat_map(|word| word.to_be_bytes()).collect();

        let nonce = [b"143141408706337".as_slice(), &padding].concat();
        assert_eq!(
            digest(&SECRET.into(), &nonce, fresh.as_bytes()).to_vec(),
            forged,
            "the formula alone is fooled"
        );
        let nonce = percent_encoding::percent_encode(&nonce, NON_ALPHANUMERIC);
        let query =
            format!("rc-nonce={nonce}&rc-timestamp={fresh}&rc-signature={}", hex::encode(forged));
        assert_eq!(malformed(&query), Some(NONCE));
    }

    #[test]
    fn neither_errors_nor_debug_show_secrets_or_signatures() {
        let verifier = Verifier::new(vec![SECRET.into()], TOLERANCE);
        let verified = verifier.verify(SAMPLE, NOW).unwrap();
        let error = verifier.verify(&SAMPLE.replace("e107", "e108"), NOW).unwrap_err();
        let shown = format!("{verifier:?} {verified:?} {error:?} {error}");
        assert!(!shown.contains(SECRET) && !shown.contains("3819638b81a"), "{shown}");
    }
}
