//! `sandbox`: the platform's stand-in with its chat page, and our own server beside it.

use std::{
    io,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    pin::pin,
};

use clap::Args;
use rongcloud_callback::{
    CallbackService, Config, Rules,
    sandbox::{Conversation, Options, Sandbox},
    service::{ServiceError, termination},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{demonstration, failure::Failure, log};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address of the page and of the platform's API; by default 127.0.0.1:8000, or any free port with --play.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Another server to try out, in any language; without it our own runs beside the page, with the rules of `--config`, or
    /// with a small bot.
    #[arg(long, value_name = "URL")]
    route_url: Option<Url>,
    /// The App Key.
    #[arg(long, value_name = "KEY", default_value = "sandbox")]
    key: String,
    /// The App Secret; by default a random one, which is printed.
    #[arg(long, value_name = "SECRET")]
    secret: Option<String>,
    /// Journal of our own server, such as sqlite:PATH; by default in a temporary folder.
    #[arg(long, value_name = "URL", conflicts_with = "route_url")]
    journal: Option<String>,
    /// Lets others than this machine in: anyone who reaches it can read and write everything.
    #[arg(long)]
    allow_remote: bool,
    /// Plays a conversation file and ends: exit code 0, or 1 with the differences.
    #[arg(long, value_name = "FILE")]
    play: Option<PathBuf>,
}

impl Arguments {
    /// Where the page and the platform's API are.
    pub(crate) fn address(&self) -> SocketAddr {
        let port = if self.play.is_some() { 0 } else { 8000 };
        self.listen.unwrap_or_else(|| ([127, 0, 0, 1], port).into())
    }
}

/// Our own server, running beside the sandbox.
struct Beside {
    server: JoinSet<Result<(), ServiceError>>,
    stop: CancellationToken,
    /// Where its journal is, unless it was told.
    _folder: Option<Folder>,
}

/// A temporary folder that nobody else can read, gone when dropped.
struct Folder(PathBuf);

/// Plays the platform; with a configuration file it is that one's rules that answer, in the demonstration's place.
pub(crate) async fn run(arguments: Arguments, config: Option<&Path>) -> Result<(), Failure> {
    let conversation = arguments.play.as_deref().map(read).transpose()?;
    let mut ended = pin!(termination().map_err(Failure::ours)?);
    let sandbox = start(&arguments).await?;
    let beside = match &arguments.route_url {
        Some(_) => None,
        None => Some(Beside::start(&sandbox, arguments.journal.as_deref(), config).await?),
    };
    let result = if let Some(conversation) = conversation {
        tokio::select! {
            result = play(&sandbox, &conversation) => result,
            () = ended => Err(Failure::yours(anyhow::anyhow!("interrupted"))),
        }
    } else {
        announce(&sandbox, &arguments);
        ended.as_mut().await;
        Ok(())
    };
    sandbox.stop().await;
    match beside {
        Some(beside) => result.and(beside.stop().await),
        None => result,
    }
}

async fn start(arguments: &Arguments) -> Result<Sandbox, Failure> {
    let listen = arguments.address();
    let options = Options {
        listen,
        allow_remote: arguments.allow_remote,
        app_key: arguments.key.as_str().into(),
        route_url: arguments.route_url.as_ref().map(Url::to_string).unwrap_or_default(),
        ..Options::default()
    };
    let options = match &arguments.secret {
        Some(secret) => Options { secret: secret.as_str().into(), ..options },
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

impl Beside {
    async fn start(
        sandbox: &Sandbox,
        journal: Option<&str>,
        rules: Option<&Path>,
    ) -> Result<Self, Failure> {
        let folder = match journal {
            Some(_) => None,
            None => Some(Folder::new().map_err(Failure::ours)?),
        };
        let in_folder = |folder: &Folder| format!("sqlite:{}", folder.0.join("journal.db").display());
        let journal = folder.as_ref().map_or_else(|| journal.unwrap_or_default().to_owned(), in_folder);
        let mut config = Config::from_toml(&configuration(sandbox, &journal), |_| None)?;
        log::start(&config.log)?;
        let bot = if let Some(path) = rules {
            config.rules = Config::load(Some(path))?.rules;
            let rules = Rules::new(&config).map_err(Failure::yours)?;
            CallbackService::new(config).route(rules)
        } else {
            demonstration::bot(CallbackService::new(config), sandbox.api_url())
        };
        let server = bot.bind().await?;
        sandbox.route_to(format!("http://{}/callback", server.callback_addr()));
        let stop = CancellationToken::new();
        let server = JoinSet::from_iter([server.run(stop.clone().cancelled_owned())]);
        Ok(Self { server, stop, _folder: folder })
    }

    async fn stop(mut self) -> Result<(), Failure> {
        self.stop.cancel();
        while let Some(ended) = self.server.join_next().await {
            ended.map_err(Failure::ours)??;
        }
        Ok(())
    }
}

impl Folder {
    fn new() -> io::Result<Self> {
        let name = format!("rongcloud-callback-sandbox-{:016x}", rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            log::print(&format!("{} is left behind: {error}\n", self.0.display()));
        }
    }
}

/// As `serve` would run, but on free ports, and with failed attempts repeated while one still looks at the page.
fn configuration(sandbox: &Sandbox, journal: &str) -> String {
    let (key, secret) = (toml(sandbox.app_key().as_str()), toml(sandbox.secret()));
    let (journal, api_url) = (toml(journal), toml(sandbox.api_url()));
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n\
         [journal]\nurl = {journal}\n\
         [dispatch]\nattempts = 20\nbackoff = \"500ms\"\nmax_backoff = \"5s\"\n\
         [deliver]\nattempts = 20\nbackoff = \"500ms\"\nmax_backoff = \"5s\"\n\
         [shutdown]\ngrace = \"2s\"\n\
         [log]\nlevel = \"warn\"\n\
         [[apps]]\npath = \"/callback\"\nkey = {key}\nsecrets = [{secret}]\napi_url = {api_url}\n"
    )
}

/// A string of the configuration, in which `${` would begin a variable of the environment.
fn toml(text: &str) -> String {
    toml::Value::from(text.replace("${", "$${")).to_string()
}

async fn play(sandbox: &Sandbox, conversation: &Conversation) -> Result<(), Failure> {
    let report = sandbox.play(conversation).await;
    print!("{report}");
    if report.passed() {
        return Ok(());
    }
    Err(Failure::yours(anyhow::anyhow!("the conversation went differently")))
}

fn read(path: &Path) -> Result<Conversation, Failure> {
    let failed = |error: anyhow::Error| Failure::yours(error.context(path.display().to_string()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.into()))?;
    text.parse().map_err(|error: rongcloud_callback::sandbox::ConversationError| failed(error.into()))
}

fn announce(sandbox: &Sandbox, arguments: &Arguments) {
    println!("page: {}/", sandbox.api_url());
    println!("api_url: {}", sandbox.api_url());
    println!("app_key: {}", sandbox.app_key());
    if arguments.secret.is_none() {
        println!("app_secret: {}", sandbox.secret());
    }
    if let Some(url) = &arguments.route_url {
        println!("callbacks go to: {url}");
    }
    println!("Ctrl-C ends it.");
}
