//! Fault injection: the switches for what a platform and a network can do to a server.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::records::{AnswerFault, DeliveryFault};

/// Longest that a callback or an answer can be slowed down, in milliseconds.
const MOST_SLOW_MS: u64 = 10_000;

/// The faults that the sandbox injects; none by default.
///
/// Shares are of deliveries, or of API calls for those that begin with `api_`: 0 = never, 1 = always.
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
    /// A message that was accepted is delivered again.
    pub duplicate: f64,
    /// A message is delivered twice at the same instant.
    pub simultaneous: f64,
    /// The connection is closed once the server has answered, and the attempt counts as failed; never the last.
    pub drop_answer: f64,
    /// How long a callback's body takes to arrive, and an API answer to be given, in milliseconds.
    pub slow_ms: u64,
    /// A forged message comes along, signed with another secret.
    pub wrong_signature: f64,
    /// A forged message comes along, rightly signed ten minutes ago.
    pub stale_signature: f64,
    /// The very same request comes again.
    pub replayed_signature: f64,
    /// A forged message follows under the signature of an accepted one.
    pub forged_body: f64,
    /// A rightly signed body comes along that is cut in the middle.
    pub malformed_xml: f64,
    /// A rightly signed message of a kind that nobody knows comes along.
    pub unknown_kind: f64,
    /// An API call is answered 1000, without effect.
    pub api_internal_error: f64,
    /// An API call is answered 1008, without effect.
    pub api_rate_exceeded: f64,
    /// An API call is answered HTTP 500 and no JSON, without effect.
    pub api_status_500: f64,
    /// An API call's connection is cut within the answer, without effect.
    pub api_cut: f64,
    /// An API call is never answered, and has no effect.
    pub api_silent: f64,
    /// `MsgId` is closed with `</MsgId>`, instead of the `</MsgID>` of the documents.
    pub mended_end_tag: bool,
    /// Pushing pauses for a minute once ten deliveries in a row have ended without an answer in time.
    ///
    /// What users write meanwhile is not sent; what is on its way goes on.
    pub pause_after_timeouts: bool,
    /// Where the dice begin.
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
    /// These switches with those that `changes`, a JSON object, names set as it says.
    pub(super) fn with(&self, changes: &Value) -> Result<Self, String> {
        let changes = changes.as_object().ok_or("not a JSON object")?;
        let mut switches = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in changes {
            switches[name] = value.clone();
        }
        let switches: Self = serde_json::from_value(switches).map_err(|error| error.to_string())?;
        let in_bounds = switches.shares().iter().all(|share| (0.0..=1.0).contains(share));
        if !in_bounds || switches.slow_ms > MOST_SLOW_MS {
            return Err(format!("shares are 0 to 1, slow_ms is 0 to {MOST_SLOW_MS}"));
        }
        Ok(switches)
    }

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

    /// The share of deliveries that meet `fault`.
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

/// The switches and the dice that decide whom they meet.
#[derive(Debug)]
pub(super) struct FaultInjector {
    switches: Faults,
    dice: StdRng,
}

impl FaultInjector {
    pub(super) fn new(switches: Faults) -> Self {
        let dice = StdRng::seed_from_u64(switches.seed);
        Self { switches, dice }
    }

    pub(super) fn switches(&self) -> &Faults {
        &self.switches
    }

    /// Sets the switches; the dice begin anew if their seed is another one.
    pub(super) fn set(&mut self, switches: Faults) {
        if switches.seed == self.switches.seed {
            self.switches = switches;
        } else {
            *self = Self::new(switches);
        }
    }

    /// Whether a delivery meets `fault`.
    pub(super) fn meets(&mut self, fault: DeliveryFault) -> bool {
        let share = self.switches.share(fault);
        self.falls(share)
    }

    /// What an API call meets.
    pub(super) fn answer_fault(&mut self) -> Option<AnswerFault> {
        let switches = &self.switches;
        let shares = [
            (switches.api_internal_error, AnswerFault::InternalError),
            (switches.api_rate_exceeded, AnswerFault::RateExceeded),
            (switches.api_status_500, AnswerFault::Status500),
            (switches.api_cut, AnswerFault::Cut),
            (switches.api_silent, AnswerFault::Silent),
        ];
        shares.into_iter().find_map(|(share, fault)| self.falls(share).then_some(fault))
    }

    fn falls(&mut self, share: f64) -> bool {
        self.dice.random_bool(share.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn switches_are_set_one_by_one_and_nothing_else_is_taken() {
        let one = Faults::default().with(&json!({ "duplicate": 0.5 })).unwrap();
        let two = one.with(&json!({ "slow_ms": 10, "seed": 7 })).unwrap();
        assert_eq!((two.duplicate, two.slow_ms, two.seed), (0.5, 10, 7));
        for wrong in
            [json!([]), json!({ "duplicate": 1.1 }), json!({ "x": 1 }), json!({ "slow_ms": 10_001 })]
        {
            assert!(two.with(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_meets_about_that_many_and_the_same_seed_the_same_ones() {
        let run = |seed| {
            let mut injector = FaultInjector::new(Faults { duplicate: 0.3, seed, ..Faults::default() });
            (0..1000).map(|_| injector.meets(DeliveryFault::Duplicate)).collect::<Vec<_>>()
        };
        assert_eq!(run(5), run(5));
        assert_ne!(run(5), run(6));
        let met = run(5).into_iter().filter(|met| *met).count();
        assert!((200..400).contains(&met), "{met}");
    }

    #[test]
    fn there_are_no_faults_by_default() {
        let mut injector = FaultInjector::new(Faults::default());
        assert!((0..100).all(|_| injector.answer_fault().is_none() && !injector.meets(DeliveryFault::ForgedBody)));
    }
}
