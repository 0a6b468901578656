//! The checks of each section by itself: bounds that types cannot express, each with the consequence of ignoring it.

use std::time::Duration;

use bytesize::ByteSize;
use secrecy::ExposeSecret;

use super::{
    admin_section::AdminSection,
    bounds::Max,
    checker::Checker,
    secret_files,
    sections::{
        AppSection, ClientSection, JournalSection, PortalSection, PumpSection, RateSection, Replies,
        ServerSection, ShutdownSection,
    },
};
use crate::stray;

/// The time after which the platform drops the connection (callback, 回调).
const PLATFORM_TIMEOUT: Duration = Duration::from_secs(5);
const MIN_BODY: ByteSize = ByteSize::kib(1);
const MAX_BODY: ByteSize = ByteSize::mib(16);
const MIN_KEEP: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// Most signatures or keys that are kept in memory, some hundred bytes each.
const MAX_REMEMBERED: Max<u64> = Max(10_000_000, "they would fill the memory");

pub(super) fn server(server: &ServerSection, check: &mut Checker<'_>) {
    check.require(
        (MIN_BODY..=MAX_BODY).contains(&server.max_body),
        "max_body",
        &format!(
            "{} is not between {MIN_BODY} and {MAX_BODY}: below, ordinary messages would be refused; \
             above, few senders could fill the memory",
            server.max_body
        ),
        "messages are a few hundred bytes: \"64KiB\" is plenty",
    );
    check.require(
        server.answer_timeout < PLATFORM_TIMEOUT,
        "answer_timeout",
        &format!(
            "{:?} is not shorter than the 5s after which the platform hangs up: it would miss the 503",
            server.answer_timeout
        ),
        "write \"4s\" or less",
    );
    let max = Max(PLATFORM_TIMEOUT, "the platform would have hung up");
    check.time(server.answer_timeout, "answer_timeout", "every callback would be answered 503", &max);
    let max = Max(HOUR, "connections of those who send nothing would be kept for ever");
    check.time(
        server.header_timeout,
        "header_timeout",
        "every connection would be closed at once",
        &max,
    );
    check.time(server.body_timeout, "body_timeout", "every body would be too late", &max);
    check.time(
        server.timestamp_tolerance,
        "timestamp_tolerance",
        "every callback would be refused as stale",
        &Max(DAY, "whoever has seen an address could use it for so long"),
    );
    let max = Max(1_000_000, "no machine can have so many open");
    check.number(server.max_connections as u64, "max_connections", "nobody could connect", &max);
    let max = Max(1_000_000, "they would fill the memory before any is refused");
    let zero = "every callback would be answered 503";
    check.number(server.max_in_flight as u64, "max_in_flight", zero, &max);
    let zero = "a signature that was seen once could be used again with another body";
    check.number(server.signature_memory as u64, "signature_memory", zero, &MAX_REMEMBERED);
}

pub(super) fn admin(admin: &AdminSection, check: &mut Checker<'_>) {
    check.require(
        !admin.is_remote() || !admin.tokens.is_empty(),
        "listen",
        &format!(
            "{} can be reached from other machines, and anyone there could read the metrics and everything that users write",
            admin.listen
        ),
        "write tokens = [\"${ADMIN_TOKEN}\"] or token_files = [\"/run/secrets/admin-token\"], or keep it on \
         this machine: \"127.0.0.1:9090\"",
    );
}

pub(super) fn journal(journal: &JournalSection, check: &mut Checker<'_>) {
    let url = journal.url.expose();
    let after = |scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty());
    let known = url == "memory:" || ["sqlite:", "postgres://", "postgresql://"].into_iter().any(after);
    check.no_stray(url, "url");
    // The value is not shown: other schemes carry passwords.
    check.require(
        known,
        "url",
        "names no journal that this program knows",
        "write \"sqlite:PATH\", \"postgres://…\", or \"memory:\" where losing messages does not matter",
    );
    check.require(
        journal.keep >= MIN_KEEP,
        "keep",
        &format!(
            "{:?} is shorter than 1m: a retry of the platform could come after its message was \
             forgotten, and be handled again",
            journal.keep
        ),
        "write \"24h\", or at least \"1m\"",
    );
    let max = Max(10 * 366 * DAY, "nobody looks for anything that is older");
    check.at_most(journal.keep, "keep", &max);
    let zero = "dead letters would be gone before anyone could revive them";
    check.time(journal.keep_dead, "keep_dead", zero, &max);
    let max = Max(1_000_000_000, "the store would be full before any is refused");
    check.number(journal.max_pending, "max_pending", "every callback would be answered 503", &max);
    let zero = "every duplicate would be looked up on the disk";
    check.number(journal.recent_keys as u64, "recent_keys", zero, &MAX_REMEMBERED);
}

pub(super) fn pump(pump: &PumpSection, check: &mut Checker<'_>) {
    let max = Max(100_000, "they would fill the memory");
    check.number(pump.concurrency as u64, "concurrency", "nothing would ever be worked on", &max);
    let max = Max(10_000, "what cannot be done would be tried for ever");
    let zero = "everything would be a dead letter before it was tried";
    check.number(pump.attempts.into(), "attempts", zero, &max);
    let max = Max(DAY, "the next messages of a conversation would wait for one that hangs for so long");
    check.time(pump.timeout, "timeout", "every attempt would fail", &max);
    let max = Max(30 * DAY, "nobody waits for an answer that comes so late");
    check.time(pump.backoff, "backoff", "all attempts would be used up at once", &max);
    check.at_most(pump.max_backoff, "max_backoff", &max);
    check.require(
        pump.backoff <= pump.max_backoff,
        "backoff",
        &format!(
            "{:?} is longer than max_backoff ({:?}), so it would never be waited for",
            pump.backoff, pump.max_backoff
        ),
        "write a backoff of at most max_backoff, or raise max_backoff",
    );
}

pub(super) fn rate(rate: &RateSection, check: &mut Checker<'_>) {
    let max = Max(100_000, "this program sends fewer, so that it would bound nothing");
    check.number(rate.per_second.into(), "per_second", "no reply would ever be sent", &max);
}

pub(super) fn client(client: &ClientSection, check: &mut Checker<'_>) {
    let max = Max(HOUR, "a call that hangs would hold its message for so long");
    check.time(client.connect_timeout, "connect_timeout", "no call could begin", &max);
    check.time(client.timeout, "timeout", "every call would fail", &max);
    check.require(
        client.connect_timeout <= client.timeout,
        "connect_timeout",
        &format!(
            "{:?} is longer than timeout ({:?}), which bounds the whole call",
            client.connect_timeout, client.timeout
        ),
        "write a connect_timeout of at most timeout, or raise timeout",
    );
}

pub(super) fn shutdown(shutdown: &ShutdownSection, check: &mut Checker<'_>) {
    let max = Max(DAY, "a handler that hangs would keep the process from ending for so long");
    check.at_most(shutdown.grace, "grace", &max);
}

pub(super) fn app(app: &AppSection, check: &mut Checker<'_>) {
    check.require(
        app.path.starts_with('/')
            && app.path.chars().all(|char| char.is_ascii_graphic() && !"?#{}*".contains(char)),
        "path",
        "is not the path of a URL",
        "begin it with '/' and use printable ASCII without ? # { } *: path = \"/callback\"",
    );
    check.require(
        !app.key.as_str().is_empty() && app.key.as_str().chars().all(|char| char.is_ascii_graphic()),
        "key",
        "is not an App Key: it is empty, or something in it is not printable ASCII (a space, perhaps)",
        "copy it from the platform's console",
    );
    check.no_stray(app.key.as_str(), "key");
    check.require(
        !app.secrets.is_empty(),
        "secrets",
        "no secret, in `secrets` or `secret_files`: no callback could be verified, no call signed",
        "write secrets = [\"${RC_APP_SECRET}\"], or secret_files = [\"/run/secrets/rongcloud\"]",
    );
    for (index, secret) in app.secrets.iter().enumerate() {
        let key = format!("secrets[{index}]");
        check.no_stray(secret.expose_secret(), &key);
        check.require(
            !secret.expose_secret().is_empty(),
            &key,
            "is empty: anyone could sign with it",
            "write the app's secret, or take the entry off the list",
        );
    }
    check.base_addresses(&app.api_urls, "api_url");
    check.require(
        app.replies == Replies::Platform || app.portal.is_some(),
        "portal",
        "is missing, and replies = \"portal\": no reply could be sent",
        "write a section [apps.portal] with url, ecode and token or token_file, or replies = \"platform\"",
    );
}

pub(super) fn portal(portal: &PortalSection, check: &mut Checker<'_>) {
    check.base_addresses(&portal.urls, "url");
    check.require(
        !portal.ecode.is_empty(),
        "ecode",
        "is empty: the portal's addresses need it",
        "write the company's code, such as ecode = \"acme\"",
    );
    check.require(
        portal.token.is_some() != portal.token_file.is_some(),
        "token",
        "it is not clear which: there must be one of `token` and `token_file`, and not both",
        "write token = \"${PORTAL_TOKEN}\", or token_file = \"/run/secrets/portal-token\" for one that is renewed",
    );
    check.require(
        portal.token.as_ref().is_none_or(|token| !token.expose_secret().trim().is_empty()),
        "token",
        "is empty: the portal would refuse every call",
        "write the portal's access token, or token_file = \"/run/secrets/portal-token\"",
    );
    check.no_stray(&portal.ecode, "ecode");
    // White space around the token is taken off before each call.
    check.no_stray(portal.token.as_ref().map_or("", |token| token.expose_secret().trim()), "token");
    let stray = portal.token_file.as_deref().and_then(secret_files::find_stray);
    let what = stray.as_deref().unwrap_or_default();
    check.require(stray.is_none(), "token_file", what, stray::HINT);
}
