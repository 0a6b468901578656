//! Our own server beside the sandbox: with the rules of a configuration, or with the demonstration bot.

use std::{
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rongcloud_callback::{
    CallbackService, Config, Rules,
    journal::Queue,
    sandbox::{HandlingEvent, HandlingStep, Sandbox},
    service::{Progress, ServiceError, Step},
};
use tokio::{
    signal::unix::Signal,
    task::{JoinSet, spawn_blocking},
};
use tokio_util::sync::CancellationToken;

use crate::{demonstration, failure::Failure, log};

/// How often, and after which pauses, it is tried to remove a folder in which a thread of the journal may still be at work.
const REMOVALS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// The server, running.
pub(crate) struct OwnServer {
    running: JoinSet<Result<(), ServiceError>>,
    stop: CancellationToken,
    /// The rules that answer, in the demonstration's place.
    rules: Option<FileRules>,
    /// Where its journal is, unless that was told. Dropped last: the others use it.
    _folder: Option<Folder>,
}

/// The rules of a file, which can be read again.
struct FileRules {
    rules: Rules,
    path: PathBuf,
}

/// A temporary folder that nobody else can read, gone when dropped.
struct Folder(PathBuf);

impl OwnServer {
    /// Starts it and leads the sandbox's messages to it.
    pub(crate) async fn start(
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
        let config = Config::from_toml(&configuration(sandbox, &journal), |_| None)?;
        log::start(&config.log)?;
        let rules = match rules {
            None => None,
            Some(path) => {
                let rules = Rules::new(&Config::load(Some(path))?.rules).map_err(Failure::yours)?;
                Some(FileRules { rules, path: path.to_owned() })
            }
        };
        let service = CallbackService::new(config);
        let service = match &rules {
            Some(file) => service.route(file.rules.clone()),
            None => demonstration::bot(service, sandbox.api_url()),
        };
        let observer = sandbox.observer();
        let service = service.observe(move |progress| {
            if let Some(step) = step(progress) {
                observer.note(&step);
            }
        });
        let server = service.bind().await?;
        sandbox.route_to(format!("http://{}/callback", server.callback_addr()));
        let stop = CancellationToken::new();
        let running = JoinSet::from_iter([server.run(stop.clone().cancelled_owned())]);
        Ok(Self { running, stop, rules, _folder: folder })
    }

    /// What answers, in words.
    pub(crate) fn bot(&self) -> String {
        match &self.rules {
            Some(FileRules { path, .. }) => format!("the rules of {}", path.display()),
            None => "a small bot".to_owned(),
        }
    }

    /// Runs until the server ends by itself, and reads the rules again at each SIGHUP.
    pub(crate) async fn run(&mut self, hang_ups: &mut Signal) -> Result<(), Failure> {
        loop {
            tokio::select! {
                Some(ended) = self.running.join_next() => return ended.map_err(Failure::ours)?.map_err(Failure::from),
                Some(()) = hang_ups.recv() => if let Some(file) = &mut self.rules { file.reload().await },
            }
        }
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.map_err(Failure::ours)??;
        }
        Ok(())
    }
}

impl FileRules {
    /// Puts the file's rules in force as they are now, if they are right; says which it is.
    async fn reload(&mut self) {
        let path = self.path.clone();
        let loaded = spawn_blocking(move || Config::load(Some(&path))).await;
        let replaced = loaded
            .map_err(Failure::ours)
            .and_then(|loaded| self.rules.replace(&loaded?.rules).map_err(Failure::yours));
        let path = self.path.display();
        match replaced {
            Ok(()) => log::print(&format!("{path} has been read again, rules: {}\n", self.rules.len())),
            Err(failure) => log::print(&format!("{failure}{path}: the rules stay as they were\n")),
        }
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
        let mut last = Ok(());
        for _ in 0..REMOVALS {
            last = std::fs::remove_dir_all(&self.0);
            if last.is_ok() {
                return;
            }
            // After a panic the journal's thread may add a file while the others are removed.
            thread::park_timeout(PAUSE);
        }
        if let Err(error) = last {
            log::print(&format!("{} is left behind: {error}\n", self.0.display()));
        }
    }
}

/// A step of the server in the sandbox's words.
fn step(progress: &Progress) -> Option<HandlingStep> {
    let event = match progress.step.clone() {
        Step::Begun => HandlingEvent::Begun,
        Step::Done { by, replies, .. } => HandlingEvent::Done { by, replies },
        Step::NotTaken => HandlingEvent::NotTaken,
        Step::Quiet { by } => HandlingEvent::Quiet { by },
        Step::Retry { reason, after } => HandlingEvent::Retry { reason, after },
        Step::Released { reason, after } => HandlingEvent::Released { reason, after },
        Step::Dead { reason } => HandlingEvent::Dead { reason },
        _ => return None,
    };
    let (entry, answers) = (progress.entry.0, progress.answers.map(|message| message.0));
    // A reply that no message's number leads to, such as one of an earlier version, would be taken for a message.
    let is_known = progress.queue == Queue::Inbox || answers.is_some();
    is_known.then(|| HandlingStep {
        entry,
        answers,
        body: progress.body.clone(),
        attempt: progress.attempt,
        event,
    })
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
