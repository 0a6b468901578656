//! The requests of the console's views: the first page of every list, group and search.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rongcloud_callback::{clock::UnixMillis, journal::Queue};
use url::form_urlencoded::Serializer;

use crate::{
    content::{ABSENT, COMMON, RARE},
    history::History,
    reasons::{WORD, group},
    users::{APPS, BUSIEST, conversation, scattered},
};

/// Writes the path of a request, which is another one for each number where there are several of a kind.
type Path = fn(&History, u64) -> String;

/// Each kind of request, by what it lists.
pub(crate) const ROUTES: [(&str, Path); 29] = [
    ("entries", |_, _| entries(&[])),
    ("entries, pending", |_, _| entries(&[("state", "pending")])),
    ("entries, done", |_, _| entries(&[("state", "done")])),
    ("entries, dead", |_, _| entries(&[("state", "dead")])),
    ("entries of the Inbox", |_, _| entries(&[("queue", "inbox")])),
    ("entries of the Outbox", |_, _| entries(&[("queue", "outbox")])),
    ("entries of an app", |_, _| entries(&[("app", APPS[1])])),
    ("entries of an account", |_, number| {
        let of = conversation(number % 5);
        entries(&[("app", of.app.as_str()), ("account", of.account.as_str())])
    }),
    ("entries of a user", |history, number| {
        let of = conversation(history.some_user(number));
        entries(&[
            ("app", of.app.as_str()),
            ("account", of.account.as_str()),
            ("user", of.user.as_str()),
        ])
    }),
    ("entries of a user, whose account is not named", |history, number| {
        entries(&[("user", conversation(history.some_user(number)).user.as_str())])
    }),
    ("entries of a kind", |_, _| entries(&[("kind", "location")])),
    ("entries of an hour in the middle", |history, number| {
        let until = history.accepted_at(history.entries / 4 + scattered(number) % (history.entries / 2));
        let since = UnixMillis(until.0 - 3_600_000);
        entries(&[("since", &since.0.to_string()), ("until", &until.0.to_string())])
    }),
    ("text in many entries", |_, _| entries(&[("text", COMMON)])),
    ("text in few entries", |_, _| entries(&[("text", RARE)])),
    ("text in no entry", |_, _| entries(&[("text", ABSENT)])),
    ("dead letters with a word in their reason", |_, _| entries(&[("state", "dead"), ("reason", WORD)])),
    ("dead letters of a group", |_, number| {
        entries(&[("group", &group(Queue::Outbox, number).0.to_string())])
    }),
    ("an entry with its story", |history, number| {
        format!("entries/{}", 1 + scattered(number) % history.entries)
    }),
    ("conversations", |_, _| "conversations".to_owned()),
    ("conversations of an account", |_, number| {
        let of = conversation(number % 5);
        let query = [("app", of.app.as_str()), ("account", of.account.as_str())];
        path("conversations", &query)
    }),
    ("a conversation", |history, number| one_conversation(history.some_user(number))),
    ("the conversation with 20,000 entries", |_, _| one_conversation(BUSIEST)),
    ("conversations that persons have", |_, _| path("conversations", &[("dialogue", "person")])),
    ("the desk", |_, _| "desk".to_owned()),
    ("dead letters by reason", |_, _| "dead-letters".to_owned()),
    ("jobs", |_, _| "jobs".to_owned()),
    ("numbers", |_, _| "stats".to_owned()),
    ("numbers of a day", |_, _| path("stats/history", &[("span", "24h")])),
    ("the audit list", |_, _| "audit".to_owned()),
];

fn entries(query: &[(&str, &str)]) -> String {
    path("entries", query)
}

fn path(route: &str, query: &[(&str, &str)]) -> String {
    let query = Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{route}?{query}")
}

fn one_conversation(user: u64) -> String {
    let key = conversation(user).encode();
    format!("conversations/{}", BASE64_URL_SAFE_NO_PAD.encode(key))
}
