//! What the types cannot say: bounds and relations, each with the consequence of ignoring it.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use bytesize::ByteSize;
use secrecy::ExposeSecret;
use url::Url;

use super::{
    AdminSection, AppSection, ClientSection, JournalSection, PortalSection, Problem, PumpSection,
    RateSection, Replies, RuleSection, ServerSection, ShutdownSection, bounds::Most, rules::Action,
    secret_files,
};
use crate::stray;

/// The platform drops the connection after this time (callback, 回调).
const PLATFORM_TIMEOUT: Duration = Duration::from_secs(5);
const MIN_BODY: ByteSize = ByteSize::kib(1);
const MAX_BODY: ByteSize = ByteSize::mib(16);
const MIN_TOKEN: usize = 16;
const MIN_KEEP: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// The most that is remembered of each: some hundred bytes apiece.
const REMEMBERED: Most<u64> = Most(10_000_000, "they would fill the memory");

/// Collects the problems of one section.
pub(super) struct Checker<'a> {
    pub(super) path: &'a str,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    pub(super) fn require(&mut self, holds: bool, key: &str, what: &str, hint: &str) {
        if !holds {
            self.problems.push(Problem::new(format!("{}.{key}", self.path), what, hint));
        }
    }

    fn base_addresses(&mut self, urls: &[Url], key: &str) {
        let hint = "write scheme, host and at most a path, such as \"https://api.example.com\"";
        self.require(!urls.is_empty(), key, "has no address: no call could be made", hint);
        self.require(
            urls.iter().all(is_base_address),
            key,
            "is not the base address of an HTTP API: it has another scheme, or a user name, password, \
             query or fragment",
            hint,
        );
    }

    /// Asks for a value without what comes along when it is copied.
    fn no_stray(&mut self, text: &str, key: &str) {
        let stray = stray::found_in(text);
        self.require(stray.is_none(), key, stray.unwrap_or_default(), stray::HINT);
    }
}

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
    let most = Most(PLATFORM_TIMEOUT, "the platform would have hung up");
    check.time(server.answer_timeout, "answer_timeout", "every callback would be answered 503", &most);
    let most = Most(HOUR, "connections of those who send nothing would be kept for ever");
    check.time(
        server.header_timeout,
        "header_timeout",
        "every connection would be closed at once",
        &most,
    );
    check.time(server.body_timeout, "body_timeout", "every body would be too late", &most);
    check.time(
        server.timestamp_tolerance,
        "timestamp_tolerance",
        "every callback would be refused as stale",
        &Most(DAY, "whoever has seen an address could use it for so long"),
    );
    let most = Most(1_000_000, "no machine can have so many open");
    check.number(server.max_connections as u64, "max_connections", "nobody could connect", &most);
    let most = Most(1_000_000, "they would fill the memory before any is refused");
    let none = "every callback would be answered 503";
    check.number(server.max_in_flight as u64, "max_in_flight", none, &most);
    let none = "a signature that was seen once could be used again with another body";
    check.number(server.signature_memory as u64, "signature_memory", none, &REMEMBERED);
}

pub(super) fn admin(admin: &AdminSection, check: &mut Checker<'_>) {
    check.require(
        !admin.is_remote() || !admin.tokens.is_empty(),
        "listen",
        &format!("{} can be reached from other machines, and anyone there could read the metrics", admin.listen),
        "write tokens = [\"${ADMIN_TOKEN}\"] or token_files = [\"/run/secrets/admin-token\"], or keep it on \
         this machine: \"127.0.0.1:9090\"",
    );
    for (index, token) in admin.tokens.iter().enumerate() {
        let token = token.expose_secret();
        check.no_stray(token, &format!("tokens[{index}]"));
        check.require(
            token.len() >= MIN_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic()),
            &format!("tokens[{index}]"),
            &format!(
                "is shorter than {MIN_TOKEN} characters and could be guessed, or something in it is not \
                 printable ASCII and could not be sent"
            ),
            "make one with `openssl rand -hex 16`",
        );
    }
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
    let most = Most(10 * 366 * DAY, "nobody looks for anything that is older");
    check.at_most(journal.keep, "keep", &most);
    let none = "dead letters would be gone before anyone could revive them";
    check.time(journal.keep_dead, "keep_dead", none, &most);
    let most = Most(1_000_000_000, "the store would be full before any is refused");
    check.number(journal.max_pending, "max_pending", "every callback would be answered 503", &most);
    let none = "every duplicate would be looked up on the disk";
    check.number(journal.recent_keys as u64, "recent_keys", none, &REMEMBERED);
}

pub(super) fn pump(pump: &PumpSection, check: &mut Checker<'_>) {
    let most = Most(100_000, "they would fill the memory");
    check.number(pump.concurrency as u64, "concurrency", "nothing would ever be worked on", &most);
    let most = Most(10_000, "what cannot be done would be tried for ever");
    let none = "everything would be a dead letter before it was tried";
    check.number(pump.attempts.into(), "attempts", none, &most);
    let most =
        Most(DAY, "the next messages of a conversation would wait for one that hangs for so long");
    check.time(pump.timeout, "timeout", "every attempt would fail", &most);
    let most = Most(30 * DAY, "nobody waits for an answer that comes so late");
    check.time(pump.backoff, "backoff", "all attempts would be used up at once", &most);
    check.at_most(pump.max_backoff, "max_backoff", &most);
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
    let most = Most(100_000, "this program sends fewer, so that it would bound nothing");
    check.number(rate.per_second.into(), "per_second", "no reply would ever be sent", &most);
}

pub(super) fn client(client: &ClientSection, check: &mut Checker<'_>) {
    let most = Most(HOUR, "a call that hangs would hold its message for so long");
    check.time(client.connect_timeout, "connect_timeout", "no call could begin", &most);
    check.time(client.timeout, "timeout", "every call would fail", &most);
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
    let most = Most(DAY, "a handler that hangs would keep the process from ending for so long");
    check.at_most(shutdown.grace, "grace", &most);
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
    let found = portal.token_file.as_deref().and_then(secret_files::stray_in);
    let what = found.as_deref().unwrap_or_default();
    check.require(found.is_none(), "token_file", what, stray::HINT);
}

pub(super) fn is_base_address(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

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
            // One address alone is reached, however long it takes.
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
pub(super) fn memory(server: &ServerSection, journal: &JournalSection, problems: &mut Vec<Problem>) {
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

/// Checks that forwarding ends before its attempt does.
pub(super) fn forwards(
    rules: &[Option<RuleSection>],
    dispatch: &PumpSection,
    problems: &mut Vec<Problem>,
) {
    for (index, rule) in rules.iter().enumerate() {
        if let Some(RuleSection { action: Action::Forward(forward), .. }) = rule
            && forward.longest() >= dispatch.timeout
        {
            problems.push(Problem::new(
                format!("rules[{index}].forward.timeout"),
                format!(
                    "{:?} is not shorter than half of dispatch.timeout ({:?}), which bounds the attempt with the \
                     wait for its turn: it would be cut off",
                    forward.timeout, dispatch.timeout
                ),
                "write a shorter one, or raise dispatch.timeout",
            ));
        }
    }
}
