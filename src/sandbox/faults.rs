//! Fault injection: the faults of a platform and of a network that a server can be tried with.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::history::{AnswerFault, DeliveryFault};

/// The longest time by which a callback or an answer can be slowed down, in milliseconds.
const MAX_SLOW_MS: u64 = 10_000;

/// The faults that the sandbox injects; none by default.
///
/// Each share is a probability, from 0 (never) to 1 (always). The shares that begin with `api_` are those of API calls,
/// the other ones those of deliveries.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::sandbox::Faults;
///
/// let faults = Faults { duplicate: 1.0, api_internal_error: 0.2, ..Faults::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The share of accepted messages that are delivered again.
    pub duplicate: f64,
    /// The share of messages that are delivered twice at the same instant.
    pub simultaneous: f64,
    /// The share of attempts whose answer is dropped, so that they count as failed; never the last attempt.
    pub drop_answer: f64,
    /// The time that a callback's body takes to arrive, and an API answer to be given, in milliseconds.
    pub slow_ms: u64,
    /// The share of deliveries before which a forged message comes, signed with another secret.
    pub wrong_signature: f64,
    /// The share of deliveries before which a forged message comes, whose signature is correct but ten minutes old.
    pub stale_signature: f64,
    /// The share of accepted messages after which the same request comes again unchanged.
    pub replayed_signature: f64,
    /// The share of accepted messages after which a forged message comes with the same signature.
    pub forged_body: f64,
    /// The share of deliveries before which a correctly signed body comes that is cut in the middle.
    pub malformed_xml: f64,
    /// The share of deliveries before which a correctly signed message of an unknown kind comes.
    pub unknown_kind: f64,
    /// The share of API calls that are answered with errcode 1000, without effect.
    pub api_internal_error: f64,
    /// The share of API calls that are answered with errcode 1008, without effect.
    pub api_rate_exceeded: f64,
    /// The share of API calls that are answered with HTTP 500 and no JSON, without effect.
    pub api_status_500: f64,
    /// The share of API calls whose connection is cut within the answer, without effect.
    pub api_cut: f64,
    /// The share of API calls that are never answered, and have no effect.
    pub api_silent: f64,
    /// Whether `MsgId` is closed with `</MsgId>`, instead of the `</MsgID>` of the documents.
    pub mended_end_tag: bool,
    /// Whether pushing pauses for a minute once ten deliveries in a row have ended without an answer in time.
    ///
    /// Messages that users write during the pause are not sent; deliveries in progress continue.
    pub pause_after_timeouts: bool,
    /// The seed of the random numbers that decide which deliveries and calls meet a fault.
    pub seed: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            duplicate: 0.0,
            simultaneous: 0.0,
            drop_answer: 0.0,
            slow_ms: 0,
            wrong_signature: 0.0,
            stale_signature: 0.0,
            replayed_signature: 0.0,
            forged_body: 0.0,
            malformed_xml: 0.0,
            unknown_kind: 0.0,
            api_internal_error: 0.0,
            api_rate_exceeded: 0.0,
            api_status_500: 0.0,
            api_cut: 0.0,
            api_silent: 0.0,
            mended_end_tag: false,
            pause_after_timeouts: false,
            seed: 1,
        }
    }
}

impl Faults {
    /// A copy in which the fields that `changes`, a JSON object, names have its values.
    pub(super) fn with_changes(&self, changes: &Value) -> Result<Self, String> {
        let changes = changes.as_object().ok_or("not a JSON object")?;
        let mut faults = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in changes {
            faults[name] = value.clone();
        }
        let faults: Self = serde_json::from_value(faults).map_err(|error| error.to_string())?;
        let is_in_bounds = faults.shares().iter().all(|share| (0.0..=1.0).contains(share));
        if !is_in_bounds || faults.slow_ms > MAX_SLOW_MS {
            return Err(format!("shares are 0 to 1, slow_ms is 0 to {MAX_SLOW_MS}"));
        }
        Ok(faults)
    }

    /// All shares, to check their bounds.
    fn shares(&self) -> [f64; 14] {
        [
            self.duplicate,
            self.simultaneous,
            self.drop_answer,
            self.wrong_signature,
            self.stale_signature,
            self.replayed_signature,
            self.forged_body,
            self.malformed_xml,
            self.unknown_kind,
            self.api_internal_error,
            self.api_rate_exceeded,
            self.api_status_500,
            self.api_cut,
            self.api_silent,
        ]
    }

    /// The share of deliveries into which `fault` is injected.
    fn share(&self, fault: DeliveryFault) -> f64 {
        match fault {
            DeliveryFault::Duplicate => self.duplicate,
            DeliveryFault::Simultaneous => self.simultaneous,
            DeliveryFault::DropAnswer => self.drop_answer,
            DeliveryFault::WrongSignature => self.wrong_signature,
            DeliveryFault::StaleSignature => self.stale_signature,
            DeliveryFault::ReplayedSignature => self.replayed_signature,
            DeliveryFault::ForgedBody => self.forged_body,
            DeliveryFault::MalformedXml => self.malformed_xml,
            DeliveryFault::UnknownKind => self.unknown_kind,
        }
    }
}

/// The faults, and the random numbers that decide which deliveries and calls meet them.
#[derive(Debug)]
pub(super) struct FaultInjector {
    faults: Faults,
    dice: StdRng,
}

impl FaultInjector {
    pub(super) fn new(faults: Faults) -> Self {
        let dice = StdRng::seed_from_u64(faults.seed);
        Self { faults, dice }
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Sets the faults; with another seed the random numbers begin again.
    pub(super) fn set(&mut self, faults: Faults) {
        if faults.seed == self.faults.seed {
            self.faults = faults;
        } else {
            *self = Self::new(faults);
        }
    }

    /// Decides whether `fault` is injected into a delivery.
    pub(super) fn roll(&mut self, fault: DeliveryFault) -> bool {
        let share = self.faults.share(fault);
        self.roll_share(share)
    }

    /// Decides which fault is injected into the answer of an API call.
    pub(super) fn roll_answer(&mut self) -> Option<AnswerFault> {
        let faults = &self.faults;
        let shares = [
            (faults.api_internal_error, AnswerFault::InternalError),
            (faults.api_rate_exceeded, AnswerFault::RateExceeded),
            (faults.api_status_500, AnswerFault::Status500),
            (faults.api_cut, AnswerFault::Cut),
            (faults.api_silent, AnswerFault::Silent),
        ];
        shares.into_iter().find_map(|(share, fault)| self.roll_share(share).then_some(fault))
    }

    fn roll_share(&mut self, share: f64) -> bool {
        self.dice.random_bool(share.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_set_one_by_one_and_nothing_else_is_taken() {
        let one = Faults::default().with_changes(&json!({ "duplicate": 0.5 })).unwrap();
        let two = one.with_changes(&json!({ "slow_ms": 10, "seed": 7 })).unwrap();
        assert_eq!((two.duplicate, two.slow_ms, two.seed), (0.5, 10, 7));
        for wrong in
            [json!([]), json!({ "duplicate": 1.1 }), json!({ "x": 1 }), json!({ "slow_ms": 10_001 })]
        {
            assert!(two.with_changes(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_meets_about_that_many_and_an_equal_seed_meets_the_same_ones() {
        let run = |seed| {
            let mut injector = FaultInjector::new(Faults { duplicate: 0.3, seed, ..Faults::default() });
            (0..1000).map(|_| injector.roll(DeliveryFault::Duplicate)).collect::<Vec<_>>()
        };
        assert_eq!(run(5), run(5));
        assert_ne!(run(5), run(6));
        let met = run(5).into_iter().filter(|met| *met).count();
        assert!((200..400).contains(&met), "{met}");
    }

    #[test]
    fn there_are_no_faults_by_default() {
        let mut injector = FaultInjector::new(Faults::default());
        assert!(
            (0..100)
                .all(|_| injector.roll_answer().is_none() && !injector.roll(DeliveryFault::ForgedBody))
        );
    }
}
