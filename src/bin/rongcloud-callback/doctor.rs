//! `doctor`: looks for whatever keeps messages from arriving and replies from going out.

use std::path::Path;

use clap::Args;
use rongcloud_callback::{
    Client, Config,
    client::{Account, ClientError, ProbeError, server_time},
    clock::Clock,
    config::{AppSection, ConfigError},
    ids::AppKey,
    journal::{self, JournalError},
    protocol::ErrCode,
    telemetry::LogFilter,
};
use rustix::fs::statvfs;
use serde::Serialize;
use url::Url;

use crate::{
    address::Reach,
    calls::{name_an_app, print_json},
    check,
    failure::Failure,
    terminal,
};

/// How far this machine's clock may be from the platform's before it is a problem, in milliseconds.
const MOST_SKEW: i64 = 30_000;
/// The journal needs so much room to go on for a while.
const LEAST_ROOM: u64 = 512 << 20;
/// An account that nobody has, to ask the API about where no other is named.
const NOBODY: &str = "rongcloud-callback-doctor";

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rongcloud-callback --config callback.toml doctor --account news")]
pub(crate) struct Arguments {
    /// Only the app with this App Key; without it, all of the configuration
    #[arg(long, value_name = "KEY")]
    app: Option<AppKey>,
    /// A public account (mcid) of the app, whose routeUrl is compared with the configuration
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The server's address as the platform sees it, to probe it from outside; without it the account's routeUrl
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// Prints JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// A thing that was looked at, and how it was found.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<String>,
    /// None where it could not be looked at.
    ok: Option<bool>,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Finding {
    fn new(check: &'static str, ok: Option<bool>, what: impl Into<String>) -> Self {
        Self { check, app: None, ok, what: what.into(), hint: None }
    }

    fn fine(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Some(true), what)
    }

    fn wrong(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..Self::new(check, Some(false), what) }
    }

    fn open(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..Self::new(check, None, what) }
    }
}

/// The findings so far; on a terminal each is printed as soon as it is there.
struct Report {
    json: bool,
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, finding: Finding) {
        if !self.json {
            let mark = finding.ok.map_or('–', |ok| if ok { '✓' } else { '✗' });
            let app = finding.app.as_ref().map_or_else(String::new, |app| format!("app {app}: "));
            println!("{mark} {:13}  {app}{}", finding.check, terminal::block(&finding.what));
            if let Some(hint) = &finding.hint {
                println!("    hint: {}", terminal::block(hint));
            }
        }
        self.findings.push(finding);
    }

    fn of_app(&mut self, app: &AppSection, finding: Finding) {
        self.add(Finding { app: Some(app.key.to_string()), ..finding });
    }

    fn end(self) -> Result<(), Failure> {
        if self.json {
            print_json(&self.findings)?;
        }
        let wrong = self.findings.iter().filter(|finding| finding.ok == Some(false)).count();
        match wrong {
            0 => Ok(()),
            wrong => Err(Failure::yours(anyhow::anyhow!("{wrong} of the checks failed"))
                .hint("mend what is marked ✗, from top to bottom, and run it again")),
        }
    }
}

pub(crate) async fn run(
    config: Result<Config, ConfigError>,
    arguments: Arguments,
    level: Option<&LogFilter>,
) -> Result<(), Failure> {
    let mut report = Report { json: arguments.json, findings: Vec::new() };
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            let hint =
                "all else depends on it: mend it, `rongcloud-callback init` writes one that is right";
            report.add(Finding::wrong("configuration", error.to_string(), hint));
            return report.end();
        }
    };
    report.add(configuration(&config, level));
    report.add(journal(&config).await);
    let chosen = |app: &&AppSection| arguments.app.as_ref().is_none_or(|key| app.key == *key);
    let apps: Vec<_> = config.apps.iter().filter(chosen).collect();
    if apps.is_empty() {
        return Err(name_an_app(anyhow::anyhow!("the configuration has no such app"), &config));
    }
    for app in apps {
        examine(&config, app, &arguments, &mut report).await;
    }
    report.end()
}

async fn examine(config: &Config, app: &AppSection, arguments: &Arguments, report: &mut Report) {
    report.of_app(app, clock(config, app).await);
    let account = arguments.account.as_deref();
    let (finding, account) = api(config, app, account).await;
    report.of_app(app, finding);
    report.of_app(app, route(app, arguments.account.as_deref(), account.as_ref()));
    report.of_app(app, server(config, app).await);
    let outside = arguments.url.clone().or_else(|| account?.route_url?.parse().ok());
    report.of_app(app, from_outside(config, app, outside.as_ref()).await);
}

fn configuration(config: &Config, level: Option<&LogFilter>) -> Finding {
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

async fn journal(config: &Config) -> Finding {
    const CHECK: &str = "journal";
    let url = config.journal.url.to_string();
    let file =
        url.strip_prefix("sqlite:").map(|path| Path::new(path.strip_prefix("//").unwrap_or(path)));
    if let Some(left) = file.and_then(room).filter(|left| *left < LEAST_ROOM) {
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

/// Bytes that are left where the file is, or will be.
fn room(path: &Path) -> Option<u64> {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let stat = statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

async fn clock(config: &Config, app: &AppSection) -> Finding {
    const CHECK: &str = "clock";
    let Some(url) = app.api_urls.first() else {
        return Finding::open(CHECK, "there is no api_url", "write one");
    };
    let clock = Clock::system();
    match server_time(url, &config.client, &clock).await {
        Ok(Some(theirs)) => {
            let ahead = clock.now().0 - theirs.0;
            let (seconds, way) = (ahead.abs() / 1000, if ahead > 0 { "ahead of" } else { "behind" });
            if ahead.abs() <= MOST_SKEW {
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
async fn api(config: &Config, app: &AppSection, account: Option<&str>) -> (Finding, Option<Account>) {
    const CHECK: &str = "API";
    let urls = app.api_urls.iter().map(Url::as_str).collect::<Vec<_>>().join(", ");
    let client = match Client::of_app(app, &config.client) {
        Ok(client) => client,
        Err(error) => return (Finding::wrong(CHECK, error.to_string(), "look at api_url"), None),
    };
    let error = match client.accounts().show(&account.unwrap_or(NOBODY).into()).await {
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

/// Compares the routeUrl that the platform has with where the server answers.
fn route(app: &AppSection, asked: Option<&str>, account: Option<&Account>) -> Finding {
    const CHECK: &str = "routeUrl";
    let Some(account) = account else {
        let what = match asked {
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

/// Whether the server that the configuration describes runs on this machine.
async fn server(config: &Config, app: &AppSection) -> Finding {
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
        Err(ProbeError::NoAnswer { .. }) => Finding::open(
            CHECK,
            format!("none answers at {url}"),
            "`rongcloud-callback serve` starts it, here or elsewhere",
        ),
        Err(error) => Finding::wrong(CHECK, error.to_string(), check::hint(&error)),
    }
}

/// Whether the server can be reached as the platform reaches it.
async fn from_outside(config: &Config, app: &AppSection, url: Option<&Url>) -> Finding {
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
