//! The checks of `doctor`: the configuration, the journal, the clock, the API, the routeUrl and the server.

use std::path::Path;

use rongcloud_callback::{
    Config,
    client::{Account, ClientError, server_time},
    clock::Clock,
    config::AppSection,
    journal::{self, JournalError},
    protocol::ErrCode,
    telemetry::LogFilter,
};
use rustix::fs::statvfs;
use url::Url;

use super::report::Finding;
use crate::{address::Reach, check};

/// The largest difference between this machine's clock and the platform's that is no problem, in milliseconds.
const MAX_SKEW: i64 = 30_000;
/// The free space on the journal's disk below which the check fails.
const MIN_SPACE: u64 = 512 << 20;
/// An account that does not exist, to call the API with where no account is named.
const NO_ACCOUNT: &str = "rongcloud-callback-doctor";

/// Checks that `serve` could start with the configuration.
pub(super) fn check_configuration(config: &Config, level: Option<&LogFilter>) -> Finding {
    const CHECK: &str = "configuration";
    if let Err(error) = check::buildable(config, level) {
        return Finding::wrong(
            CHECK,
            error.to_string().trim_end(),
            "`rongcloud-callback check` says the same",
        );
    }
    let (apps, rules) = (config.apps.len(), config.rules.len());
    Finding::fine(CHECK, format!("{apps} app(s), {rules} rule(s)"))
}

/// Checks that the journal can be opened and its disk has space.
pub(super) async fn check_journal(config: &Config) -> Finding {
    const CHECK: &str = "journal";
    let url = config.journal.url.to_string();
    let file =
        url.strip_prefix("sqlite:").map(|path| Path::new(path.strip_prefix("//").unwrap_or(path)));
    if let Some(left) = file.and_then(free_space).filter(|left| *left < MIN_SPACE) {
        let what = format!("{url}: only {} MiB are left on its disk", left >> 20);
        return Finding::wrong(
            CHECK,
            what,
            "make room: a full disk means that every callback is answered 503",
        );
    }
    if url.starts_with("memory:") {
        let hint = "write url = \"sqlite:data/journal.db\" in [journal]";
        return Finding::open(
            CHECK,
            "memory: keeps nothing: what was accepted is gone with the process",
            hint,
        );
    }
    if let Some(file) = file.filter(|file| !file.exists()) {
        return Finding::open(
            CHECK,
            format!("there is none at {} yet", file.display()),
            "`serve` makes it at its first start; if it did, its folder is another one: paths go from where it was started",
        );
    }
    let opened = async {
        let options = config.journal.options(Clock::system());
        let journal = journal::open_operator(config.journal.url.expose(), options).await?;
        let stats = journal.stats().await?;
        Ok::<_, JournalError>((
            stats.inbox.pending + stats.outbox.pending,
            stats.inbox.dead + stats.outbox.dead,
        ))
    };
    match opened.await {
        Ok((pending, 0)) => Finding::fine(CHECK, format!("{url}: {pending} waiting, no dead letter")),
        Ok((pending, dead)) => Finding::open(
            CHECK,
            format!("{url}: {pending} waiting, {dead} dead letter(s)"),
            "`rongcloud-callback journal list --state dead` shows them with their reasons",
        ),
        Err(error) => Finding::wrong(
            CHECK,
            format!("{url}: {error}"),
            "look at [journal] url, and who may read it",
        ),
    }
}

/// The free bytes on the disk on which the file is, or will be.
fn free_space(path: &Path) -> Option<u64> {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let stat = statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Compares this machine's clock with the platform's.
pub(super) async fn check_clock(config: &Config, app: &AppSection) -> Finding {
    const CHECK: &str = "clock";
    let Some(url) = app.api_urls.first() else {
        return Finding::open(CHECK, "there is no api_url", "write one");
    };
    let clock = Clock::system();
    match server_time(url, config.client.options(), &clock).await {
        Ok(Some(theirs)) => {
            let ahead = clock.now().0 - theirs.0;
            let (seconds, way) = (ahead.abs() / 1000, if ahead > 0 { "ahead of" } else { "behind" });
            if ahead.abs() <= MAX_SKEW {
                return Finding::fine(CHECK, format!("within {} s of {url}", seconds.max(1)));
            }
            let what = format!("this machine's clock is {seconds} s {way} the one of {url}");
            let hint = "set it by NTP (timedatectl set-ntp true): signatures of both sides are refused by a clock that is wrong";
            Finding::wrong(CHECK, what, hint)
        }
        Ok(None) => Finding::open(
            CHECK,
            format!("{url} does not say what time it is"),
            "compare this machine's clock yourself",
        ),
        Err(error) => Finding::open(CHECK, format!("not compared: {error}"), "see the API below"),
    }
}

/// Asks the API about an account, which changes nothing.
pub(super) async fn check_api(
    config: &Config,
    app: &AppSection,
    account: Option<&str>,
) -> (Finding, Option<Account>) {
    const CHECK: &str = "API";
    let urls = app.api_urls.iter().map(Url::as_str).collect::<Vec<_>>().join(", ");
    let client = match app.client(config.client.options()) {
        Ok(client) => client,
        Err(error) => return (Finding::wrong(CHECK, error.to_string(), "look at api_url"), None),
    };
    let error = match client.accounts().show(&account.unwrap_or(NO_ACCOUNT).into()).await {
        Ok(found) => {
            let what = format!("{urls} takes our signature; the account {} is there", found.id);
            return (Finding::fine(CHECK, what), Some(found));
        }
        Err(error) => error,
    };
    let finding = match (&error, error.errcode()) {
        (ClientError::Unauthorized(_), _) => Finding::wrong(
            CHECK,
            error.to_string(),
            "copy App Key and App Secret once more from the console, and look at the clock above",
        ),
        (_, Some(ErrCode::NOT_ALLOWED)) => Finding::wrong(
            CHECK,
            format!("{urls} takes our signature, but not this call: {error}"),
            "is the public-account service (公众号) switched on for the app in the console?",
        ),
        (ClientError::Refused(_), Some(_)) if account.is_none() => {
            Finding::fine(CHECK, format!("{urls} takes our signature"))
        }
        (ClientError::Refused(_), Some(_)) => Finding::wrong(
            CHECK,
            format!("{urls} takes our signature, but does not know the account: {error}"),
            "compare --account with the console: it is the account's id (mcid), not its name",
        ),
        (ClientError::Transport(_), _) => Finding::wrong(
            CHECK,
            error.to_string(),
            "does api_url lead to the platform from here? look at DNS, proxy and firewall",
        ),
        _ => Finding::wrong(
            CHECK,
            error.to_string(),
            "compare api_url with the console: something else may answer there",
        ),
    };
    (finding, None)
}

/// Compares the routeUrl that the platform has with the path of the app.
pub(super) fn check_route(app: &AppSection, named: Option<&str>, account: Option<&Account>) -> Finding {
    const CHECK: &str = "routeUrl";
    let Some(account) = account else {
        let what = match named {
            Some(_) => "not compared: the API did not give the account",
            None => "not compared: no account was named",
        };
        return Finding::open(CHECK, what, "--account ID (mcid) compares it with what the platform has");
    };
    let set =
        format!("rongcloud-callback account set-route {} https://YOUR-HOST{}", account.id, app.path);
    let Some(written) = account.route_url.as_deref().filter(|url| !url.is_empty()) else {
        return Finding::wrong(
            CHECK,
            format!("the account {} has none: nothing is posted", account.id),
            set,
        );
    };
    let what = format!("{written} of the account {}", account.id);
    let Ok(url) = written.parse::<Url>() else {
        return Finding::wrong(CHECK, format!("{what} is no URL"), set);
    };
    if !account.route_open {
        let hint = format!("rongcloud-callback account route on {}", account.id);
        return Finding::wrong(CHECK, format!("{what} is switched off: nothing is posted"), hint);
    }
    if !url.path().ends_with(&app.path) {
        let what = format!("{what} does not end with {}, the path of the app", app.path);
        return Finding::wrong(CHECK, what, format!("unless the proxy changes the path: {set}"));
    }
    if Reach::of(&url) < Reach::World {
        let hint =
            format!("the platform must reach it from the internet, unless it runs beside you: {set}");
        return Finding::open(CHECK, format!("{what} is an address of this network only"), hint);
    }
    Finding::fine(CHECK, format!("{what} is on"))
}

/// Probes the server that the configuration describes on this machine.
pub(super) async fn check_server(config: &Config, app: &AppSection) -> Finding {
    const CHECK: &str = "server";
    let url = match check::local(config, app) {
        Ok(url) => url,
        Err(failure) => {
            return Finding::wrong(CHECK, failure.to_string().trim_end(), "look at server.listen");
        }
    };
    match check::probe_as(app, &url, config).await {
        Ok(version) => Finding::fine(
            CHECK,
            format!("rongcloud-callback {version} answers at {url}, its journal is ready"),
        ),
        Err(error) if error.is_unanswered() => Finding::open(
            CHECK,
            format!("none answers at {url}"),
            "`rongcloud-callback serve` starts it, here or elsewhere",
        ),
        Err(error) => Finding::wrong(CHECK, error.to_string(), check::hint(&error)),
    }
}

/// Probes the server at the address at which the platform reaches it.
pub(super) async fn check_from_outside(config: &Config, app: &AppSection, url: Option<&Url>) -> Finding {
    const CHECK: &str = "from outside";
    let Some(url) = url else {
        let hint = format!("--url https://YOUR-HOST{} sends a signed probe there", app.path);
        return Finding::open(CHECK, "not probed: no address is known", hint);
    };
    match check::probe_as(app, url, config).await {
        Ok(version) => Finding::fine(CHECK, format!("rongcloud-callback {version} answers at {url}")),
        Err(error) => Finding::wrong(CHECK, error.to_string(), check::hint(&error)),
    }
}
