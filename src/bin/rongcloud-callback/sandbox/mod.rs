//! `sandbox`: the stand-in for the platform with its chat page, and a callback server beside it.

mod browser;
mod demo_bot;
mod demo_order;
mod own_server;
mod reports;

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::pin,
};

use clap::{Args, builder::NonEmptyStringValueParser};
use rongcloud_callback::{
    clock::Clock,
    sandbox::{Conversation, Options, Sandbox},
    service::termination,
};
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use self::own_server::OwnServer;
use crate::{failure::Failure, terminal};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address of the page and of the platform's API; by default 127.0.0.1:8000, or any free port with --play.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The address of another server to try out, in any language; without it a callback server runs beside the page, with
    /// the rules of `--config`, or with a small bot.
    #[arg(long, value_name = "URL")]
    route_url: Option<Url>,
    /// The App Key.
    #[arg(long, value_name = "KEY", default_value = "sandbox", value_parser = app_key)]
    key: String,
    /// The App Secret; by default a random one, which is printed.
    #[arg(long, value_name = "SECRET", value_parser = NonEmptyStringValueParser::new())]
    secret: Option<String>,
    /// The access token of the portal push API; by default a random one, which is printed.
    #[arg(long, value_name = "TOKEN", value_parser = NonEmptyStringValueParser::new())]
    portal_token: Option<String>,
    /// Journal of the server beside the page, such as sqlite:PATH; by default in a temporary folder.
    #[arg(long, value_name = "URL", conflicts_with = "route_url")]
    journal: Option<String>,
    /// Lets others than this machine in: anyone who reaches it can read and write everything.
    #[arg(long)]
    allow_remote: bool,
    /// A name under which the page is answered, besides localhost, such as the one of a container; can be repeated.
    #[arg(long = "allow-host", value_name = "NAME")]
    allow_hosts: Vec<String>,
    /// Opens the page in the browser.
    #[arg(long, conflicts_with = "play")]
    open: bool,
    /// Plays a conversation file and ends: exit code 0, or 1 with the differences.
    #[arg(long, value_name = "FILE")]
    play: Option<PathBuf>,
}

impl Arguments {
    /// The address of the page and of the platform's API.
    pub(crate) fn address(&self) -> SocketAddr {
        let port = if self.play.is_some() { 0 } else { 8000 };
        self.listen.unwrap_or_else(|| ([127, 0, 0, 1], port).into())
    }

    /// The clock of the sandbox: one that can be advanced, unless another program goes by a clock of its own.
    fn clock(&self) -> Clock {
        let is_on_postgres = self.journal.as_ref().is_some_and(|url| url.starts_with("postgres"));
        if self.route_url.is_some() || is_on_postgres { Clock::system() } else { Clock::advanceable() }
    }
}

/// Runs the sandbox, and beside it a server with the rules of `config`, or with the demo bot if there is none.
pub(crate) async fn run(arguments: Arguments, config: Option<&Path>) -> Result<(), Failure> {
    let conversation = arguments.play.as_deref().map(read).transpose()?;
    // Signals are handled from before the temporary folder is made, so that it is always removed.
    let mut ended = pin!(termination().map_err(Failure::ours)?);
    let mut hang_ups = signal(SignalKind::hangup()).map_err(Failure::ours)?;
    let sandbox = start(&arguments).await?;
    let mut server = if arguments.route_url.is_some() {
        None
    } else {
        tokio::select! {
            server = OwnServer::start(&sandbox, arguments.journal.as_deref(), config) => Some(server?),
            () = &mut ended => return interrupted(&arguments),
        }
    };
    let bot = server.as_ref().map(OwnServer::describe_bot);
    let shown = async {
        match &conversation {
            Some(conversation) => play(&sandbox, conversation).await,
            None => show(&sandbox, &arguments, bot.as_deref()).await,
        }
    };
    let served = async {
        match &mut server {
            Some(server) => server.run(&mut hang_ups).await,
            // The sandbox continues when its terminal is closed: others may use it.
            None => loop {
                hang_ups.recv().await;
            },
        }
    };
    let result = tokio::select! {
        result = shown => result,
        result = served => result,
        () = ended => interrupted(&arguments),
    };
    sandbox.stop().await;
    match server {
        Some(server) => result.and(server.stop().await),
        None => result,
    }
}

/// The result of a command that a signal ends: a failure if a conversation was played, as its result is not known.
fn interrupted(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.play {
        Some(_) => Err(Failure::yours(anyhow::anyhow!("interrupted"))),
        None => Ok(()),
    }
}

/// Starts the sandbox as the arguments say.
async fn start(arguments: &Arguments) -> Result<Sandbox, Failure> {
    let listen = arguments.address();
    let options = Options {
        listen,
        allow_remote: arguments.allow_remote,
        allow_hosts: arguments.allow_hosts.clone(),
        app_key: arguments.key.as_str().into(),
        clock: arguments.clock(),
        route_url: arguments.route_url.as_ref().map(Url::to_string).unwrap_or_default(),
        ..Options::default()
    };
    let options = match &arguments.secret {
        Some(secret) => Options { secret: secret.as_str().into(), ..options },
        None => options,
    };
    let options = match &arguments.portal_token {
        Some(token) => Options { portal_token: token.as_str().into(), ..options },
        None => options,
    };
    Sandbox::start_with(options).await.map_err(|error| {
        let hint = if error.kind() == io::ErrorKind::PermissionDenied && !arguments.allow_remote {
            "the page shows everything to everyone who reaches it: --allow-remote if that is meant"
        } else {
            "is another program listening there? --listen 127.0.0.1:0 takes a free port"
        };
        Failure::yours(anyhow::Error::new(error).context(format!("cannot listen on {listen}")))
            .hint(hint)
    })
}

/// Plays a conversation, and prints the report.
async fn play(sandbox: &Sandbox, conversation: &Conversation) -> Result<(), Failure> {
    let report = sandbox.play(conversation).await;
    print!("{}", terminal::block(&report.to_string()));
    if report.has_passed() {
        return Ok(());
    }
    Err(Failure::yours(anyhow::anyhow!("the conversation went differently")))
}

/// Reads a conversation file.
fn read(path: &Path) -> Result<Conversation, Failure> {
    let failed = |error: anyhow::Error| Failure::yours(error.context(path.display().to_string()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.into()))?;
    text.parse().map_err(|error: rongcloud_callback::sandbox::ConversationError| failed(error.into()))
}

/// Checks an App Key as a configuration does.
fn app_key(text: &str) -> Result<String, &'static str> {
    if text.is_empty() || !text.chars().all(|char| char.is_ascii_graphic()) {
        return Err("an App Key is printable ASCII without spaces");
    }
    Ok(text.to_owned())
}

/// Prints the addresses and secrets, and opens the page if asked to; never returns.
async fn show(sandbox: &Sandbox, arguments: &Arguments, bot: Option<&str>) -> Result<(), Failure> {
    let page = format!("{}/", sandbox.api_url());
    let bot = bot.unwrap_or("another server");
    print!(
        "page: {page}\n\
         callbacks go to: {} ({bot})\n\
         portal_token: {}\n\n\
         For a bot of your own, to which messages go with --route-url URL:\n\
         export RC_APP_KEY={}\n\
         export RC_APP_SECRET={}\n\
         export RC_API_URL={}\n\n\
         Ctrl-C ends it.\n",
        sandbox.route_url(),
        sandbox.portal_token(),
        shell_word(sandbox.app_key().as_str()),
        shell_word(sandbox.secret()),
        shell_word(sandbox.api_url()),
    );
    if arguments.open {
        browser::open(page).await;
    }
    std::future::pending().await
}

/// A text as one word of a shell's command.
fn shell_word(text: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_./:@%+,".contains(char);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_an_export_line_is_what_the_shell_reads() {
        for (text, word) in [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://[::1]:8000", "'http://[::1]:8000'"),
            ("", "''"),
            ("it's $HOME", r"'it'\''s $HOME'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }
}
