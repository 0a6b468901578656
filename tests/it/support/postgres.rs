//! A PostgreSQL of the tests' own: its server in a temporary folder, a database for each test.

use std::{
    io::Write as _,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{sync::OnceCell, time::timeout};
use tokio_postgres::{Client, NoTls};

use super::{process::free_address, skip, until};

/// The password of the database's user, which no log and no error may show.
pub(crate) const PASSWORD: &str = "journal-s3cret";

/// The server's settings. Nothing is synced, for no power fails here, and a `kill -9` takes nothing from the system's
/// cache.
const SETTINGS: &str = "fsync = off\nmax_connections = 200\nshared_buffers = 64MB\nlog_min_messages = fatal\n\
    autovacuum_naptime = 5s\n";

/// A database server; it ends, and its files go, with the process or when this is dropped.
pub(crate) struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    pub(crate) address: SocketAddr,
    /// Cleans up when its standard input ends, however this process does.
    reaper: Child,
    databases: AtomicU32,
}

impl Cluster {
    /// The server that all tests share; `None` where PostgreSQL is not installed, unless under CI.
    pub(crate) async fn shared() -> Option<&'static Self> {
        static SHARED: OnceCell<Option<Cluster>> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await.as_ref()
    }

    /// A server of one's own, to be killed.
    pub(crate) async fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip("PostgreSQL is missing: install the package postgresql");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir().unwrap();
        let folder = TempDir::keep(folder);
        let script = "read -r _; kill -QUIT $(head -n 1 data/postmaster.pid) 2>/dev/null; sleep 0.2; rm -rf \"$PWD\"";
        let reaper = Command::new("setsid")
            .args(["sh", "-c", script])
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let cluster =
            Self { folder, programs, address: free_address(), reaper, databases: AtomicU32::new(0) };
        cluster.initialize();
        cluster.run().await;
        Some(cluster)
    }

    /// A server of one's own whose clock can be [set](Self::set_clock).
    pub(crate) async fn start_with_a_clock() -> Option<Self> {
        let cluster = Self::start().await?;
        cluster.stop();
        cluster.set_clock(0);
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/clock.c");
        let library = cluster.folder.join("clock.so");
        let mut compiler = Command::new("cc");
        succeed(compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(library).arg(source).arg("-ldl"));
        cluster.run().await;
        Some(cluster)
    }

    /// The server's clock is so many milliseconds ahead of ours.
    pub(crate) fn set_clock(&self, ahead: i64) {
        let mut file = std::fs::File::options();
        let file = file.write(true).create(true).truncate(false).open(self.folder.join("clock"));
        file.unwrap().write_all(&ahead.to_ne_bytes()).unwrap();
    }

    fn initialize(&self) {
        let password = self.folder.join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        if is_root() {
            succeed(Command::new("chown").args(["-R", "postgres:"]).arg(&self.folder));
        }
        succeed(
            self.program("initdb")
                .args([
                    "--no-sync",
                    "--username",
                    "tests",
                    "--auth",
                    "scram-sha-256",
                    "--encoding",
                    "UTF8",
                ])
                .args(["--locale", "C", "--pgdata", "data"])
                .arg(format!("--pwfile={}", password.display())),
        );
        let file = self.folder.join("data/postgresql.conf");
        let mut file = std::fs::File::options().append(true).open(file).unwrap();
        file.write_all(SETTINGS.as_bytes()).unwrap();
    }

    /// Starts it, or starts it again, and waits until it answers.
    pub(crate) async fn run(&self) {
        // Those that it had when it was killed end by themselves, and only then can there be a new one.
        until("a database server", async || {
            if !self.is_up().await {
                self.control(&["start", "--no-wait", "--silent"]);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.is_up().await.then_some(())
        })
        .await;
    }

    async fn is_up(&self) -> bool {
        tokio_postgres::connect(&self.url("postgres"), NoTls).await.is_ok()
    }

    fn control(&self, arguments: &[&str]) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={}",
            self.address.port(),
            self.folder.display()
        );
        let _ = self
            .program("pg_ctl")
            .args(arguments)
            .args(["--pgdata", "data", "--log", "log", "--options", &options])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }

    /// SIGKILL to the postmaster; its children end when they notice.
    pub(crate) fn kill(&self) {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        succeed(Command::new("kill").args(["-KILL", pid.lines().next().unwrap()]));
    }

    /// An orderly end that waits for nobody's connection, as for an upgrade.
    pub(crate) fn stop(&self) {
        self.control(&["stop", "--mode", "fast", "--wait", "--silent"]);
    }

    /// Changes the server's settings.
    pub(crate) fn set(&self, settings: &str) {
        let file = self.folder.join("data/postgresql.conf");
        let mut file = std::fs::File::options().append(true).open(file).unwrap();
        file.write_all(settings.as_bytes()).unwrap();
        self.control(&["reload"]);
    }

    /// From now on commits wait for a standby that is not there, until they are [released](Self::release).
    ///
    /// A transaction that waits keeps its locks, and nobody sees what it has changed.
    pub(crate) async fn stall(&self) {
        let client = client(&self.url("postgres")).await;
        client
            .batch_execute("create table if not exists stalled (); set synchronous_commit = local")
            .await
            .unwrap();
        self.set("synchronous_standby_names = 'nobody'\n");
        until("a commit that waits", async || {
            let probe = self::client(&self.url("postgres")).await;
            let insert = probe.batch_execute("insert into stalled default values");
            let waiting = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'";
            let (_, count) =
                tokio::join!(timeout(Duration::from_millis(50), insert), client.query_one(waiting, &[]));
            (count.unwrap().get::<_, i64>(0) > 0).then_some(())
        })
        .await;
    }

    pub(crate) fn release(&self) {
        self.set("synchronous_standby_names = ''\n");
    }

    /// A file beside the server's own, readable for it alone.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        succeed(Command::new("chmod").arg("600").arg(&path));
        if is_root() {
            succeed(Command::new("chown").arg("postgres:").arg(&path));
        }
        path
    }

    /// Makes an empty database in which transactions are serializable unless they say otherwise.
    pub(crate) async fn serializable_database(&self) -> String {
        let url = self.database().await;
        let name = url.rsplit_once('/').unwrap().1.split('?').next().unwrap();
        let set = format!("alter database {name} set default_transaction_isolation = serializable");
        client(&self.url("postgres")).await.batch_execute(&set).await.unwrap();
        url
    }

    /// Makes an empty database; returns the URL of a journal in it.
    pub(crate) async fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let client = client(&self.url("postgres")).await;
        client.batch_execute(&format!("create database {name}")).await.unwrap();
        self.url(&name)
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://tests:{PASSWORD}@{}/{database}?sslmode=disable", self.address)
    }

    /// One of PostgreSQL's programs, which refuse to run as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder).env("LC_ALL", "C");
        if self.folder.join("clock.so").exists() {
            command.env("LD_PRELOAD", self.folder.join("clock.so"));
            command.env("CLOCK_CONTROL", self.folder.join("clock"));
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.reaper.stdin.take());
        let _ = self.reaper.wait();
    }
}

/// A connection past the journal, in its schema.
pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "it ends with the client")]
    tokio::spawn(connection);
    // Where transactions are serializable by default, a test's statement would be refused beside a server's.
    let set = "set search_path = rongcloud_callback, public;
        set default_transaction_isolation = 'read committed'";
    client.batch_execute(set).await.unwrap();
    client
}

/// For somebody's lock.
pub(crate) const ON_A_LOCK: &str = "wait_event_type = 'Lock'";
/// For the end of their commit, where commits are [stalled](Cluster::stall).
pub(crate) const ON_A_COMMIT: &str = "wait_event = 'SyncRep' and query = 'commit'";

/// Waits until so many of the journals' connections to the database wait like that; their numbers, the oldest wait first.
pub(crate) async fn waiting(client: &Client, how: &str, count: usize) -> Vec<i32> {
    let waiting = format!(
        "select pid from pg_stat_activity where datname = current_database()
            and application_name = 'rongcloud-callback' and {how} order by query_start"
    );
    until("connections that wait", async || {
        let rows = client.query(&waiting, &[]).await.unwrap();
        (rows.len() == count).then(|| rows.iter().map(|row| row.get(0)).collect())
    })
    .await
}

/// From now on nothing more is heard of a replica: its signs of life are left out.
pub(crate) async fn silence(client: &Client, replica: i64) {
    let rule = format!(
        "create function silence() returns trigger language plpgsql as
            $$ begin return case when new.id = {replica} then null else new end; end $$;
        create trigger silence before insert or update on replica for each row execute function silence()"
    );
    client.batch_execute(&rule).await.unwrap();
}

/// Ends everybody else's connection to the database.
pub(crate) async fn cut_off_others(client: &Client) {
    let others = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    client.execute(others, &[]).await.unwrap();
}

/// Debian keeps them out of the PATH, by version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    folders.filter(|folder| folder.join("initdb").exists()).max()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[track_caller]
fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
