//! `check`: looks through a configuration, or probes a running server.

use std::{
    ffi::OsString,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use clap::Args;
#[cfg(feature = "console")]
use rongcloud_callback::config::AdminToken;
use rongcloud_callback::{
    CallbackService, Config, Rules,
    client::{ProbeError, probe, proxy},
    clock::Clock,
    config::{AppSection, Replies, Right},
    ids::AppKey,
    rules::DeskForward,
    telemetry::{self, LogFilter},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use url::Url;

use crate::{
    api_options::name_an_app,
    failure::Failure,
    running::{self, ReadCommand, RunningSandbox},
};

/// Time limit on the answer of a sandbox's page.
const PAGE_TIMEOUT: Duration = Duration::from_secs(4);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Sends a signed probe to a running server, which answers it without handing it to a handler. Without a
    /// value: to every app's path at the configured address. Without --config as well, the configuration is that of the
    /// server that runs in the same container, or alone on this machine.
    #[arg(long, value_name = "URL", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "clap's form of an option whose value may be left out")]
    url: Option<Option<Url>>,
    /// The App Key whose secret signs the probe; not needed where there is one app, or the path tells.
    #[arg(long, value_name = "KEY", requires = "url")]
    app: Option<AppKey>,
    /// The process whose configuration this is.
    #[arg(long, value_name = "ID", requires = "url", hide = true)]
    as_started: Option<u32>,
}

impl Arguments {
    /// Continues with the configuration of the running server, where only that can be meant; returns the sandbox where a
    /// container runs one instead.
    pub(crate) fn look_beside(
        &self,
        config: Option<&Path>,
        read: ReadCommand,
    ) -> Result<Option<RunningSandbox>, Failure> {
        let (Some(None), None, None) = (&self.url, config, self.as_started) else { return Ok(None) };
        let mut arguments = vec![OsString::from("check"), "--url".into()];
        if let Some(app) = &self.app {
            arguments.extend(["--app".into(), app.as_str().into()]);
        }
        running::restart_like_server(&arguments, read)?;
        Ok(running::find_container_sandbox(read))
    }
}

pub(crate) async fn run(
    config: &Config,
    arguments: Arguments,
    level: Option<&LogFilter>,
) -> Result<(), Failure> {
    let Some(url) = arguments.url else {
        buildable(config, level)?;
        summary(config);
        return Ok(());
    };
    if let Some(id) = arguments.as_started {
        println!("the server with the process id {id}, as it was started:");
    }
    let Some(url) = url else {
        for app in
            config.apps.iter().filter(|app| arguments.app.as_ref().is_none_or(|key| app.key == *key))
        {
            try_out(config, app, &local(config, app)?).await?;
        }
        return Ok(());
    };
    try_out(config, app(config, &url, arguments.app.as_ref())?, &url).await
}

/// Builds the parts that `serve` would build, without opening or listening to anything.
pub(crate) fn buildable(config: &Config, level: Option<&LogFilter>) -> Result<(), Failure> {
    telemetry::check(&config.log.options(), level)?;
    let rules = Rules::new(&config.rules).map_err(Failure::yours)?;
    CallbackService::new(config.clone()).route(rules).check()?;
    Ok(())
}

fn summary(config: &Config) {
    println!("the configuration is fine");
    println!(
        "callbacks: {}   operators: {}   journal: {}",
        config.server.listen, config.admin.listen, config.journal.url
    );
    #[cfg(feature = "console")]
    println!("{}", console(config));
    if !config.admin.tokens.is_empty() && !may_any(config, Right::Metrics) {
        println!("metrics: nobody may read them, as no token of admin.tokens has the right \"metrics\"");
    }
    for app in &config.apps {
        let urls = app.api_urls.iter().map(way).collect::<Vec<_>>().join(", ");
        let portal = app.portal.iter().flat_map(|portal| &portal.urls).map(way).collect::<Vec<_>>();
        let portal =
            if portal.is_empty() { String::new() } else { format!(", portal {}", portal.join(", ")) };
        let replies = match app.replies {
            Replies::Portal => "; replies go through the portal",
            Replies::Platform => "",
        };
        println!(
            "app {}: routeUrl path {}, {} secret(s), API {urls}{portal}{replies}",
            app.key,
            app.path,
            app.secrets.len()
        );
    }
    if !config.rules.is_empty() {
        println!("rules: {}", config.rules.len());
    }
    let desk = config.desk.forward.as_ref().map(DeskForward::url);
    for url in config.rules.forward_urls().chain(desk) {
        if proxy(url).is_some() {
            println!("forwarding: {}", way(url));
        }
    }
}

/// Says where the console will be, and for whom.
#[cfg(feature = "console")]
fn console(config: &Config) -> String {
    let address = reachable(config.admin.listen);
    let url = match address.port() {
        0 => "at a port that the log will name,".to_owned(),
        _ => format!("http://{address}/"),
    };
    if config.admin.tokens.is_empty() {
        return format!("console: {url} for everybody on this machine, who may do everything there");
    }
    if !may_any(config, Right::Read) {
        return format!(
            "console: {url} is closed, as no token may read: [[admin.tokens]] with name, token and may opens it"
        );
    }
    let reader = |token: &AdminToken| {
        let rights: Vec<_> = token.rights.iter().map(Right::as_str).collect();
        let name = token.name.as_deref().filter(|_| token.rights.has(Right::Read))?;
        Some(format!("{name} ({})", rights.join(", ")))
    };
    let readers: Vec<_> = config.admin.tokens.iter().filter_map(reader).collect();
    format!("console: {url} for {}", readers.join(", "))
}

/// Whether a token has a right.
fn may_any(config: &Config, right: Right) -> bool {
    config.admin.tokens.iter().any(|token| token.rights.has(right))
}

/// Describes an address and the proxy on the way to it. The address is shown without its query, which may contain a key.
fn way(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(url.query().map(|_| "…"));
    let shown = shown.as_str().replace("%E2%80%A6", "…");
    match proxy(url) {
        Some(proxy) => format!("{shown} through the proxy {proxy}"),
        None => shown,
    }
}

/// The address at which the server of this configuration answers on this machine.
pub(crate) fn local(config: &Config, app: &AppSection) -> Result<Url, Failure> {
    let address = reachable(config.server.listen);
    format!("http://{address}{}", app.path).parse().map_err(Failure::yours)
}

/// Turns the address of a listener into one at which this machine reaches it.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// Asks the sandbox for its page. A sandbox that plays a conversation has a port that only it knows.
pub(crate) async fn try_out_sandbox(
    RunningSandbox { id, address }: &RunningSandbox,
) -> Result<(), Failure> {
    let Some(address) = address.map(reachable) else {
        println!("the sandbox with the process id {id} plays a conversation: there is nothing to probe");
        return Ok(());
    };
    let answered = timeout(PAGE_TIMEOUT, ask(address)).await.unwrap_or_else(|late| Err(late.into()));
    if let Err(error) = answered {
        let error = anyhow::Error::new(error);
        return Err(Failure::yours(error.context(format!(
            "the sandbox with the process id {id} does not answer at http://{address}/"
        )))
        .hint("look at what it has printed, and start it again"));
    }
    println!("the sandbox with the process id {id} answers at http://{address}/");
    Ok(())
}

/// Asks for the page, and reads the status of the answer.
async fn ask(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).await?;
    if begin == *b"HTTP/1.1 200" { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// Finds the app whose secret signs a probe to `url`.
fn app<'a>(config: &'a Config, url: &Url, key: Option<&AppKey>) -> Result<&'a AppSection, Failure> {
    let mut apps = config.apps.iter();
    let found = match (key, &config.apps[..]) {
        (Some(key), _) => apps.find(|app| app.key == *key),
        (None, [only]) => Some(only),
        (None, _) => apps.find(|app| url.path().ends_with(&app.path)),
    };
    found.ok_or_else(|| {
        name_an_app(anyhow::anyhow!("no app of the configuration belongs to {url}"), config)
    })
}

/// Sends a probe that the app's first secret signs; returns the version of the server that answered.
pub(crate) async fn probe_as(
    app: &AppSection,
    url: &Url,
    config: &Config,
) -> Result<String, ProbeError> {
    let secret = app.secrets.first().cloned().unwrap_or_default();
    probe(url, &secret, app.timestamps, config.client.options(), &Clock::system()).await
}

async fn try_out(config: &Config, app: &AppSection, url: &Url) -> Result<(), Failure> {
    match probe_as(app, url, config).await {
        Ok(version) => {
            println!(
                "app {}: rongcloud-callback {version} answers at {url} and its journal is ready",
                app.key
            );
            Ok(())
        }
        Err(error) => {
            let hint = hint(&error);
            let failed =
                anyhow::Error::new(error).context(format!("app {}: the probe of {url} failed", app.key));
            Err(Failure::yours(failed).hint(hint))
        }
    }
}

pub(crate) fn hint(error: &ProbeError) -> &'static str {
    match error.status() {
        None => {
            "is the server running, and does the address lead to it? look at the proxy, DNS and firewall"
        }
        Some(401) => {
            "the secrets differ, or the clocks do: compare `secrets` with the server's, and both clocks"
        }
        Some(404 | 405) => {
            "the path is not the server's: compare it with `path` of the app, and with the proxy's rules"
        }
        Some(502 | 504) => {
            "the proxy does not reach the server: compare its upstream with `server.listen`"
        }
        Some(500..) => "the server runs but cannot accept now: look at its log, its disk and /readyz",
        Some(200..300) => "something else answers there: compare the address with the proxy's rules",
        Some(_) => "something between here and the server answers: look at the proxy",
    }
}
