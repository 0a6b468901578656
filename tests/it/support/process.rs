//! The real executable, and programs of `examples/`, as child processes.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use rongcloud_callback::journal::{self, Administration, Filter, Options, Record};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    http::{Answer, Connection, get},
    messages::{APP, PATH, SECRET, delivery},
    secrecy, until,
};

/// A folder with a configuration and, unless it is elsewhere, an SQLite journal, and the server that runs on them, now or later.
pub(crate) struct Home {
    folder: TempDir,
    program: PathBuf,
    server: String,
    /// The section, if a test is about it.
    admin: Option<String>,
    extra: String,
    /// Its URL, if it is not in the folder.
    journal: Option<String>,
    secret: String,
    api_url: String,
    listen: SocketAddr,
    operators: SocketAddr,
    environment: Vec<(&'static str, OsString)>,
}

/// A running server process; killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) callbacks: SocketAddr,
    admin: SocketAddr,
    /// The lines that the process has logged so far.
    log: Arc<Mutex<Vec<String>>>,
    /// The thread that reads the log; it ends with the process.
    reader: Option<thread::JoinHandle<()>>,
}

impl Home {
    /// The executable itself, without handlers.
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            program: env!("CARGO_BIN_EXE_rongcloud-callback").into(),
            server: String::new(),
            admin: None,
            extra: String::new(),
            journal: None,
            secret: SECRET.to_owned(),
            api_url: "http://127.0.0.1:9".to_owned(),
            listen: free_address(),
            operators: ([127, 0, 0, 1], 0).into(),
            environment: Vec::new(),
        }
    }

    /// A program of `examples/` instead, which replies through `api_url`.
    pub(crate) fn of_example(name: &str, api_url: &str) -> Self {
        // Test executables are in `deps`, beside which cargo puts `examples`.
        let deps = std::env::current_exe().unwrap();
        let program = deps.parent().unwrap().with_file_name("examples").join(name);
        Self { program, api_url: api_url.to_owned(), ..Self::new() }
    }

    /// Calls the platform's API there.
    pub(crate) fn with_api(self, url: &str) -> Self {
        Self { api_url: url.to_owned(), ..self }
    }

    /// Keeps its journal there instead of in the folder.
    pub(crate) fn with_journal(self, url: String) -> Self {
        Self { journal: Some(url), ..self }
    }

    /// Has these sections instead of those that were added.
    pub(crate) fn rewrite(&mut self, toml: &str) {
        toml.clone_into(&mut self.extra);
        self.configuration();
    }

    /// Adds sections to the configuration.
    pub(crate) fn with(mut self, toml: &str) -> Self {
        self.extra.push_str(toml);
        self
    }

    /// Adds keys to `[server]`, and asks about readiness.
    pub(crate) fn with_server(mut self, toml: &str) -> Self {
        toml.clone_into(&mut self.server);
        self.operators = free_address();
        self
    }

    /// Adds to the environment in which the server is started.
    pub(crate) fn within(
        mut self,
        environment: impl IntoIterator<Item = (&'static str, OsString)>,
    ) -> Self {
        let mut all = std::mem::take(&mut self.environment);
        all.extend(environment);
        self.environment(all);
        self
    }

    /// Starts the server in this environment instead.
    pub(crate) fn environment(
        &mut self,
        environment: impl IntoIterator<Item = (&'static str, OsString)>,
    ) {
        self.environment = environment.into_iter().collect();
    }

    /// Where the server answers callbacks.
    pub(crate) fn callbacks(&self) -> SocketAddr {
        self.listen
    }

    /// The app's secret is another one.
    pub(crate) fn with_secret(self, secret: &str) -> Self {
        Self { secret: secret.to_owned(), ..self }
    }

    /// The whole `[admin]` section.
    pub(crate) fn with_admin(self, toml: &str) -> Self {
        Self { admin: Some(toml.to_owned()), ..self }
    }

    /// Listens on `address` from the next start on.
    pub(crate) fn listen_on(&mut self, address: SocketAddr) {
        self.listen = address;
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("data/journal.db")
    }

    /// Writes the configuration; returns its path.
    pub(crate) fn configuration(&self) -> PathBuf {
        let Self { server, extra, secret, api_url, listen, .. } = self;
        let journal = self.journal.as_ref().map(|url| format!("[journal]\nurl = \"{url}\"\n"));
        let journal = journal.unwrap_or_default();
        // Most tests are not about how fast replies are sent, and send many.
        let rate =
            if extra.contains("[deliver.rate]") { "" } else { "[deliver.rate]\nper_second = 100000\n" };
        let admin = self.admin.clone().unwrap_or_else(|| format!("listen = \"{}\"", self.operators));
        let text = format!(
            "[server]\nlisten = \"{listen}\"\n{server}\n[admin]\n{admin}\n[log]\nformat = \"json\"\nlevel = \"trace\"\n{rate}\
             [[apps]]\npath = \"{PATH}\"\nkey = \"{APP}\"\nsecrets = [\"{secret}\"]\napi_url = \"{api_url}\"\n{journal}{extra}"
        );
        let file = self.path().join("callback.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    /// A command of the executable on this configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
        command.current_dir(self.path()).arg("--config").arg(self.configuration()).args(arguments);
        command
    }

    /// Starts the server and waits until it is ready.
    pub(crate) async fn start(&self) -> Process {
        self.listening(self.spawn()).await
    }

    async fn listening(&self, mut process: Process) -> Process {
        until("a server that listens", async || {
            assert_eq!(process.status(), None, "it ended instead of listening");
            Connection::try_open(self.callbacks()).await.ok().map(drop)
        })
        .await;
        process
    }

    /// Starts the server and waits until it is ready; it may open so many files.
    pub(crate) async fn start_limited(&self, files: u32) -> Process {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {files}; exec \"$@\"");
        command.args(["-c", &script, "sh"]).arg(&self.program);
        self.listening(self.spawn_as(command)).await
    }

    /// Starts the server.
    pub(crate) fn spawn(&self) -> Process {
        self.spawn_as(Command::new(&self.program))
    }

    /// The command that starts the server.
    pub(crate) fn server_command(&self) -> Command {
        self.prepared(Command::new(&self.program))
    }

    fn prepared(&self, mut command: Command) -> Command {
        if self.program.ends_with("rongcloud-callback") {
            command.arg("serve");
        }
        command
            .current_dir(self.path())
            .env("RONGCLOUD_CALLBACK_CONFIG", self.configuration())
            // A backtrace names a commit of the compiler, which reads like a signature.
            .env_remove("RUST_BACKTRACE")
            .envs(self.environment.iter().cloned());
        command
    }

    fn spawn_as(&self, command: Command) -> Process {
        let mut child = self
            .prepared(command)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let log = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&log);
        let reader = thread::spawn(move || lines.for_each(|line| shared.lock().unwrap().push(line)));
        // Of this process, too: the platform's side of the test.
        secrecy::watch();
        Process { child, callbacks: self.listen, admin: self.operators, log, reader: Some(reader) }
    }

    /// The journal as an operator sees it, beside a running server or after it.
    pub(crate) async fn journal(&self) -> Arc<dyn Administration> {
        let in_folder = || format!("sqlite:{}", self.database().display());
        let url = self.journal.clone().unwrap_or_else(in_folder);
        journal::open_operator(&url, Options::default()).await.unwrap()
    }

    /// Every entry, oldest first.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let all = Filter { limit: 1_000_000, ..Filter::default() };
        let mut records = self.journal().await.list(all).await.unwrap();
        records.reverse();
        records
    }
}

impl Process {
    /// Delivers `body` on a connection of its own.
    pub(crate) async fn deliver(&self, body: &(impl AsRef<[u8]> + ?Sized)) -> Answer {
        Connection::open(self.callbacks).await.ask(delivery(body)).await
    }

    /// Whether it is ready for callbacks, and the words in which it says so.
    pub(crate) async fn readiness(&self) -> (u16, String) {
        let answer = Connection::open(self.admin).await.ask(get("/readyz")).await;
        (answer.status, answer.body)
    }

    /// The address of its console, if the test asks about readiness.
    pub(crate) fn console(&self) -> String {
        format!("http://{}", self.admin)
    }

    /// Its metrics, as text.
    pub(crate) async fn metrics(&self) -> String {
        Connection::open(self.admin).await.ask(get("/metrics")).await.body
    }

    /// How it ended, if it has.
    pub(crate) fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// SIGKILL: it ends at once, wherever it is.
    pub(crate) fn kill(self) {
        self.killed();
    }

    /// Its log, once it is gone.
    pub(crate) fn killed(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.ended().1
    }

    /// Most bytes of memory that it has had at any time.
    pub(crate) fn most_resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        most.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// SIGHUP.
    pub(crate) fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for its end; gives its log.
    pub(crate) fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.child.wait().unwrap();
        (status, self.take_log())
    }

    /// Its log, to the end, which shows nothing that it must not.
    fn take_log(&mut self) -> Vec<String> {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        let lines = std::mem::take(&mut *self.log.lock().unwrap());
        for line in &lines {
            assert_eq!(secrecy::leak(line), None, "in the log: {line}");
        }
        lines
    }

    /// Waits until it has logged a line with these words.
    pub(crate) async fn told(&self, words: &str) {
        let told = async || {
            let log = self.log.lock().unwrap();
            log.iter().any(|line| line.contains(words)).then_some(())
        };
        until(words, told).await;
    }
}

/// An address that nobody listens on, and nobody will: no port is given out twice, and these are below those that the
/// system gives to outgoing connections and to whoever asks for any.
pub(crate) fn free_address() -> SocketAddr {
    const PORTS: std::ops::Range<u32> = 10_000..32_000;
    // Other test programs may run beside this one.
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| std::process::id().wrapping_mul(97).into());
    let ports = std::iter::repeat_with(|| NEXT.fetch_add(1, Ordering::Relaxed));
    let mut addresses = ports.map(|next| {
        let port = PORTS.start + next % (PORTS.end - PORTS.start);
        SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).unwrap()))
    });
    addresses.find(|address| TcpListener::bind(address).is_ok()).unwrap()
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A test that has failed says why already.
        if !thread::panicking() {
            self.take_log();
        }
    }
}
