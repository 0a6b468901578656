//! The reasons of dead letters: twelve groups in the Inbox and eight in the Outbox.

use rongcloud_callback::journal::{Queue, ReasonGroup};

/// The first seven are for two fifteenths each of the dead messages, the others share the rest.
const OF_MESSAGES: [&str; 12] = [
    "saving the order {n}: the database is locked",
    "no answer from http://orders.internal:8080: timed out after {n} ms",
    "http://stock.internal answered 502 after {n} ms",
    "panicked: index out of bounds: the length is 3 but the index is {n}",
    "the attempt took longer than {n} ms",
    "the template of the rule `shipping` has no value order.{n}.date",
    "the payment {n} is unknown",
    "the user {n} has no address",
    "reading the answer of the search: expected value at line 1 column {n}",
    "the app has no handler for version {n}",
    "the voice message {n} cannot be read",
    "no room in the list {n}",
];
const OF_REPLIES: [&str; 8] = [
    "the platform refused the call (code 1004 after {n} ms)",
    "too many calls (code 1008 after {n} ms)",
    "the platform cannot do it now (code 1000 after {n} ms)",
    "not an answer of this API (HTTP status 504 after {n} ms)",
    "no answer from https://api.rong-api.com: connection reset after {n} ms",
    "no answer from https://api.rong-api.com: no address within {n} ms",
    "not sent: the picture is larger than {n} bytes",
    "the user {n} follows the account no longer",
];

/// A word in the reasons of some messages.
pub(crate) const WORD: &str = "stock.internal";

/// Why dead letter `number` of a queue was buried.
pub(crate) fn reason(queue: Queue, number: u64) -> String {
    let pattern = match queue {
        Queue::Inbox => {
            let share = number % 15;
            let group = if share < 14 { share / 2 } else { 7 + number / 15 % 5 };
            OF_MESSAGES[index(group)]
        }
        Queue::Outbox => OF_REPLIES[index(number % 8)],
    };
    pattern.replace("{n}", &number.to_string())
}

/// The group that dead letter `number` of a queue belongs to.
pub(crate) fn group(queue: Queue, number: u64) -> ReasonGroup {
    ReasonGroup::new(queue, &reason(queue, number))
}

fn index(group: u64) -> usize {
    usize::try_from(group).expect("a few groups")
}
