//! The latest deliveries, with the handling of their messages as the server under test reports it.

use super::{
    change_feed::ChangeFeed,
    handling::{Handling, HandlingStep},
    history::{Delivery, DeliveryState},
    ring_buffer::{RingBuffer, json_bytes},
};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, UserId},
};

/// The largest number of deliveries that are kept.
const MAX_DELIVERIES: usize = 500;
/// The largest size of all kept deliveries together, as JSON.
const MAX_BYTES: usize = 3 << 20;

/// The list of the latest deliveries; each change of one is published to the page.
#[derive(Debug)]
pub(super) struct DeliveryLog {
    latest: RingBuffer<Delivery>,
    /// Whether a server reports its work on the messages.
    pub(super) is_observed: bool,
    /// The routeUrl of the server whose report came last: messages that it accepts from now on wait to be handled.
    observed_url: Option<String>,
}

impl DeliveryLog {
    pub(super) fn new() -> Self {
        let latest = RingBuffer::new(MAX_DELIVERIES, MAX_BYTES, json_bytes);
        Self { latest, is_observed: false, observed_url: None }
    }

    /// The id that the next delivery gets.
    pub(super) fn next_id(&self) -> u64 {
        self.latest.next_id()
    }

    pub(super) fn get(&self, id: u64) -> Option<&Delivery> {
        self.latest.get(id)
    }

    /// All deliveries, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Delivery> {
        self.latest.iter()
    }

    /// Whether the server behind `url` may still report its work on messages.
    pub(super) fn may_be_reported(&self, url: &str) -> bool {
        self.is_observed && self.observed_url.as_ref().is_none_or(|observed| observed == url)
    }

    /// The id of the latest delivery of a message from `user` to `account`.
    pub(super) fn latest_of(&self, account: &AccountId, user: &UserId) -> Option<u64> {
        let belongs = |delivery: &&Delivery| delivery.account == *account && delivery.user == *user;
        self.latest.iter().rev().find(belongs).map(|delivery| delivery.id)
    }

    pub(super) fn push(&mut self, delivery: Delivery, feed: &mut ChangeFeed) {
        feed.publish("delivery", &delivery);
        self.latest.push(delivery);
    }

    /// Puts a delivery in the place of its earlier state, except for its `handling`, which only this list knows.
    pub(super) fn update(&mut self, delivery: &Delivery, feed: &mut ChangeFeed) {
        let delivery = Delivery { handling: self.handling_of(delivery), ..delivery.clone() };
        if let Some(place) = self.latest.get_mut(delivery.id) {
            feed.publish("delivery", &delivery);
            *place = delivery;
        }
    }

    /// Forgets all deliveries; one that is in progress ends unseen.
    pub(super) fn clear(&mut self) {
        self.latest.clear();
    }

    /// The delivery of the message that a step is about.
    pub(super) fn of_step(&self, step: &HandlingStep) -> Option<&Delivery> {
        // The latest delivery that fits: the journal of an earlier server may have used the same number.
        self.latest.iter().rev().find(|delivery| match (step.answers, &delivery.handling) {
            (Some(message), Some(handling)) => handling.entry == Some(message),
            (Some(_), None) => false,
            (None, _) => delivery.xml.as_bytes() == step.body,
        })
    }

    /// Notes a step that the server under test reports.
    pub(super) fn note(&mut self, step: &HandlingStep, now: UnixMillis, feed: &mut ChangeFeed) {
        let Some(id) = self.of_step(step).map(|delivery| delivery.id) else { return };
        let Some(delivery) = self.latest.get_mut(id) else { return };
        let handling = delivery.handling.get_or_insert_with(|| Handling::waiting(None));
        if step.answers.is_none() {
            handling.apply(step, now);
            self.observed_url = Some(delivery.url.clone());
        } else if let Some(reply) = handling.reply(step.entry) {
            reply.apply(step, now);
        }
        let is_settled = handling.is_settled();
        feed.publish("delivery", &*delivery);
        if is_settled {
            self.release_followers(id, feed);
        }
    }

    /// The handling of a delivery's message: as it was reported, or waiting once an observed server has accepted it.
    fn handling_of(&self, delivery: &Delivery) -> Option<Handling> {
        let known = self.latest.get(delivery.id);
        if let Some(handling) = known.and_then(|known| known.handling.clone()) {
            return Some(handling);
        }
        let is_observed = self.observed_url.as_ref() == Some(&delivery.url);
        let is_accepted = delivery.state == DeliveryState::Accepted;
        (is_observed && is_accepted).then(|| Handling::waiting(self.last_unsettled(delivery)))
    }

    /// The last unsettled delivery of the same conversation, behind which no other one waits yet.
    fn last_unsettled(&self, delivery: &Delivery) -> Option<u64> {
        let unsettled = || {
            self.latest.iter().filter(|other| {
                other.account == delivery.account
                    && other.user == delivery.user
                    && other.handling.as_ref().is_some_and(|handling| !handling.is_settled())
            })
        };
        let has_follower =
            |id| unsettled().any(|other| other.handling.as_ref().and_then(|it| it.behind) == Some(id));
        unsettled().map(|other| other.id).rfind(|id| !has_follower(*id))
    }

    /// Notes that no delivery waits behind `settled` any more.
    fn release_followers(&mut self, settled: u64, feed: &mut ChangeFeed) {
        let is_behind = |delivery: &&Delivery| {
            delivery.handling.as_ref().and_then(|handling| handling.behind) == Some(settled)
        };
        let followers: Vec<u64> =
            self.latest.iter().filter(is_behind).map(|delivery| delivery.id).collect();
        for id in followers {
            if let Some(delivery) = self.latest.get_mut(id)
                && let Some(handling) = &mut delivery.handling
            {
                handling.behind = None;
                feed.publish("delivery", &*delivery);
            }
        }
    }
}
