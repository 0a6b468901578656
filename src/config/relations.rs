//! The checks of sections against each other: relations, each with the consequence of ignoring it.

use std::{collections::HashMap, net::SocketAddr};

use super::{
    admin_section::AdminSection,
    sections::{AppSection, ClientSection, JournalSection, PumpSection, ServerSection},
};
use crate::toml_values::Problem;

/// Checks the apps against each other.
pub(super) fn apps(apps: &[Option<AppSection>], problems: &mut Vec<Problem>) {
    if apps.is_empty() {
        let hint =
            "write an [[apps]] section with key, secrets and api_url, or leave it to the default one";
        problems.push(Problem::new("apps", "has no app: every callback would be answered 404", hint));
    }
    let (mut keys, mut paths) = (HashMap::new(), HashMap::new());
    for (index, app) in apps.iter().enumerate() {
        let Some(app) = app else { continue };
        if let Some(first) = keys.insert(app.key.as_str(), index) {
            problems.push(Problem::new(
                format!("apps[{index}].key"),
                format!("is the same as that of apps[{first}]: their messages could not be told apart"),
                "write one section for each App Key; several secrets go into one list",
            ));
        }
        if let Some(first) = paths.insert(app.path.as_str(), index) {
            problems.push(Problem::new(
                format!("apps[{index}].path"),
                format!(
                    "is {}, the same as that of apps[{first}]: a callback's app could not be told",
                    app.path
                ),
                format!("write a path of its own, such as path = \"/callback/{}\"", index + 1),
            ));
        }
    }
}

/// Checks that an attempt lasts long enough for every address of a list, each of which may keep it waiting.
pub(super) fn addresses(
    apps: &[Option<AppSection>],
    client: &ClientSection,
    deliver: &PumpSection,
    dispatch: &PumpSection,
    problems: &mut Vec<Problem>,
) {
    for (index, app) in apps.iter().enumerate() {
        let Some(app) = app else { continue };
        let portals = app.portal.as_ref().map_or(0, |portal| portal.urls.len());
        for (key, count, limit_key, limit) in [
            ("api_url", app.api_urls.len(), "deliver.timeout", deliver.timeout),
            ("api_url", app.api_urls.len(), "dispatch.timeout", dispatch.timeout),
            ("portal.url", portals, "deliver.timeout", deliver.timeout),
        ] {
            let needed = client.timeout.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
            // A single address is reached, however long it takes.
            if count > 1 && needed >= limit {
                problems.push(Problem::new(
                    "client.timeout",
                    format!(
                        "{:?} for each of the {count} addresses in apps[{index}].{key} is {needed:?} in all, and an \
                         attempt ends after {limit_key} ({limit:?}): if the others are silent, the last of them \
                         would never be reached",
                        client.timeout
                    ),
                    format!("write a shorter client.timeout, raise {limit_key} above {needed:?}, or list fewer addresses"),
                ));
            }
        }
    }
}

/// Checks that both listeners can be opened at once.
pub(super) fn listeners(server: &ServerSection, admin: &AdminSection, problems: &mut Vec<Problem>) {
    if overlap(server.listen, admin.listen) {
        problems.push(Problem::new(
            "admin.listen",
            format!(
                "{} is taken by server.listen ({}): the second of them could not be opened",
                admin.listen, server.listen
            ),
            "write another port, such as \"127.0.0.1:9090\"",
        ));
    }
}

fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let same_ip = a.ip().to_canonical() == b.ip().to_canonical()
        || a.ip().is_unspecified()
        || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && same_ip
}

/// Checks that a message is remembered for longer than its signature is accepted.
pub(super) fn keep(server: &ServerSection, journal: &JournalSection, problems: &mut Vec<Problem>) {
    let needed = server.timestamp_tolerance.saturating_mul(2);
    if journal.keep < needed {
        problems.push(Problem::new(
            "journal.keep",
            format!(
                "{:?} is shorter than twice server.timestamp_tolerance ({:?}): a callback replayed \
                 within the tolerance would be accepted a second time",
                journal.keep, server.timestamp_tolerance
            ),
            format!("write at least \"{}s\"", needed.as_secs()),
        ));
    }
}
