//! The callback server that runs beside the sandbox, with the rules of a configuration or with the demo bot.

use std::{
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rongcloud_callback::{
    CallbackService, Config, Rules, sandbox::Sandbox, service::ServiceError, telemetry,
};
use tokio::{
    signal::unix::Signal,
    task::{JoinSet, spawn_blocking},
};
use tokio_util::sync::CancellationToken;

use super::{demo_bot, reports};
use crate::{failure::Failure, log};

/// The number of attempts at removing the temporary folder, in which a thread of the journal may still write.
const REMOVALS: u32 = 5;
/// The pause between two such attempts.
const PAUSE: Duration = Duration::from_millis(20);
/// The variable of the configuration that stands for the journal's URL.
const JOURNAL_VARIABLE: &str = "JOURNAL";

/// The running server.
pub(super) struct OwnServer {
    /// The task of the server; it ends after `stop`, or by itself with an error.
    running: JoinSet<Result<(), ServiceError>>,
    /// The signal at which the server drains and ends.
    stop: CancellationToken,
    /// The rules that answer; none if the demo bot does.
    rules: Option<FileRules>,
    /// The folder of the journal, if the command names none. It is dropped last, as the server uses it.
    _folder: Option<TemporaryFolder>,
}

/// The rules of a configuration file, which can be loaded again.
struct FileRules {
    rules: Rules,
    path: PathBuf,
}

/// A temporary folder that only this user can read; it is removed when it is dropped.
struct TemporaryFolder(PathBuf);

impl OwnServer {
    /// Starts the server, and routes the sandbox's messages to it.
    pub(super) async fn start(
        sandbox: &Sandbox,
        journal: Option<&str>,
        rules: Option<&Path>,
    ) -> Result<Self, Failure> {
        let folder = match journal {
            Some(_) => None,
            None => Some(TemporaryFolder::new().map_err(Failure::ours)?),
        };
        let in_folder =
            |folder: &TemporaryFolder| format!("sqlite:{}", folder.0.join("journal.db").display());
        let journal = folder.as_ref().map_or_else(|| journal.unwrap_or_default().to_owned(), in_folder);
        let mut config = Config::from_toml(&configuration(sandbox), |name| {
            (name == JOURNAL_VARIABLE).then(|| journal.clone())
        })?;
        telemetry::start(&config.log.options(), None)?;
        let rules = match rules {
            None => None,
            Some(path) => {
                let file = Config::load(Some(path))?;
                (config.dialogue, config.desk) = (file.dialogue, file.desk);
                let rules = Rules::with_clock(&file.rules, sandbox.clock()).map_err(Failure::yours)?;
                Some(FileRules { rules, path: path.to_owned() })
            }
        };
        let service = CallbackService::new(config).with_clock(sandbox.clock());
        #[cfg(feature = "console")]
        let service =
            service.with_sandbox(format!("{}/", sandbox.api_url()).parse().map_err(Failure::ours)?);
        let service = match &rules {
            Some(file) => service.route(file.rules.clone()),
            None => demo_bot::add_handlers(service, sandbox.api_url()),
        };
        let observer = sandbox.observer();
        let service = service.observe(move |progress| {
            if let Some(step) = reports::to_handling_step(progress) {
                observer.note(&step);
            }
        });
        let server = service.bind().await?;
        let (desk, app) = (server.desk(), sandbox.app_key().clone());
        sandbox.set_desk(move |request| reports::act_at_desk(desk.clone(), app.clone(), request));
        #[cfg(feature = "console")]
        sandbox.set_console(format!("http://{}/", server.admin_addr()));
        sandbox.route_to(format!("http://{}/callback", server.callback_addr()));
        let stop = CancellationToken::new();
        let running = JoinSet::from_iter([server.run(stop.clone().cancelled_owned())]);
        Ok(Self { running, stop, rules, _folder: folder })
    }

    /// The bot that answers, in words.
    pub(super) fn describe_bot(&self) -> String {
        match &self.rules {
            Some(FileRules { path, .. }) => format!("the rules of {}", path.display()),
            None => "a small bot".to_owned(),
        }
    }

    /// Waits until the server ends by itself, and loads the rules again at each SIGHUP.
    pub(super) async fn run(&mut self, hang_ups: &mut Signal) -> Result<(), Failure> {
        loop {
            tokio::select! {
                Some(ended) = self.running.join_next() => return ended.map_err(Failure::ours)?.map_err(Failure::from),
                Some(()) = hang_ups.recv() => if let Some(file) = &mut self.rules { file.reload().await },
            }
        }
    }

    /// Stops the server, and waits for its end.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.map_err(Failure::ours)??;
        }
        Ok(())
    }
}

impl FileRules {
    /// Loads the file's rules again, and uses them if they are correct; prints the result.
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

impl TemporaryFolder {
    fn new() -> io::Result<Self> {
        let name = format!("rongcloud-callback-sandbox-{:016x}", rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let mut last = Ok(());
        for _ in 0..REMOVALS {
            last = std::fs::remove_dir_all(&self.0);
            if last.is_ok() {
                return;
            }
            // After a panic the journal's thread may add a file while other files are removed.
            thread::park_timeout(PAUSE);
        }
        if let Err(error) = last {
            log::print(&format!("{} is left behind: {error}\n", self.0.display()));
        }
    }
}

/// The configuration of a server as `serve` would run it, but on free ports, and with short pauses between attempts, so
/// that a user of the page sees them.
fn configuration(sandbox: &Sandbox) -> String {
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n\
         [journal]\nurl = \"${{{JOURNAL_VARIABLE}}}\"\n\
         [dispatch]\nattempts = 20\nbackoff = \"500ms\"\nmax_backoff = \"5s\"\n\
         [deliver]\nattempts = 20\nbackoff = \"500ms\"\nmax_backoff = \"5s\"\n\
         [shutdown]\ngrace = \"2s\"\n\
         [log]\nlevel = \"warn\"\n\
         {}",
        sandbox.app_toml()
    )
}
