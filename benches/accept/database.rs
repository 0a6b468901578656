//! The database's side: a fresh journal with a history, and the baseline of one statement a commit.

use std::{path::PathBuf, process::Command, time::Duration};

use crate::{postgres::client, process};
use rongcloud_callback::journal::{self, Options};

/// Finished entries, whose keys and conversations are as long as those of messages.
const HISTORY: &str = "
    insert into rongcloud_callback.entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key,
        conversation_hash, conversation, body)
    select nextval('rongcloud_callback.entry_id'), 0, 1, 1, now, now, now,
        convert_to(to_char(n, 'FM0000-0000-00'), 'UTF8') || substring(sha256(n::text::bytea) for 10),
        decode(md5(conversation), 'hex'), convert_to(conversation, 'UTF8'), convert_to(repeat('x', 440), 'UTF8')
    from (select n, (extract(epoch from now()) * 1000)::bigint as now,
            concat_ws(chr(31), '8luwapkvucoil', 'mc7Kq2x9Bd', substr(md5((n % 1000)::text), 1, 24)) as conversation
        from generate_series(1, $1::bigint) n) numbers";
const SCRIPT: &str = "\\set n random(1, 9000000000000000)
insert into bench (key, body) values ('key-' || :n, repeat('x', 400)) on conflict do nothing;
";

/// Bare inserts, each a transaction.
pub(crate) struct Inserts {
    pub(crate) per_second: f64,
    /// The database's time that each insert takes.
    pub(crate) database_us: f64,
}

/// PostgreSQL, on this machine or another one.
pub(crate) struct Database {
    url: String,
    /// The process that has started all others, if it is on this machine.
    postmaster: Option<u32>,
}

impl Database {
    pub(crate) fn of(url: &str) -> Self {
        let postmaster = block_on(async {
            let client = client(url).await;
            let ask = "select pg_backend_pid(), inet_server_addr() << '127.0.0.0/8'";
            let row = client.query_one(ask, &[]).await.expect("its process");
            let is_here = row.get::<_, Option<bool>>(1).unwrap_or(true);
            // While the connection lasts, and with it its process.
            process::parent(row.get::<_, i32>(0).try_into().ok()?).filter(|_| is_here)
        });
        Self { url: url.to_owned(), postmaster }
    }

    /// The URL of another database on the same server, which is made if it is not there.
    pub(crate) fn beside(&self, number: usize) -> String {
        let (address, options) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let (server, name) = address.rsplit_once('/').expect("a URL with a database's name");
        let name = format!("{name}_{number}");
        block_on(async {
            let client = client(&self.url).await;
            let ask = "select from pg_database where datname = $1";
            if client.query_opt(ask, &[&name]).await.expect("an answer").is_none() {
                client.batch_execute(&format!("create database \"{name}\"")).await.expect("made");
            }
        });
        format!("{server}/{name}?{options}")
    }

    /// The time that the database's processes have used; none if they are on another machine.
    pub(crate) fn cpu(&self) -> Duration {
        self.postmaster.map(process::cpu_of_family).unwrap_or_default()
    }

    /// Removes the journal and makes it anew, with `history` finished entries.
    pub(crate) fn prepare(&self, history: u64) {
        block_on(async {
            let client = client(&self.url).await;
            let remove =
                "set client_min_messages = error; drop schema if exists rongcloud_callback cascade";
            client.batch_execute(remove).await.expect("our own schema");
            let journal = journal::open_server(&self.url, Options::default()).await.expect("a journal");
            journal.close().await.expect("closed");
            let count = i64::try_from(history).expect("a number of entries");
            client.execute(HISTORY, &[&count]).await.expect("entries");
            client.batch_execute("vacuum analyze").await.expect("statistics");
            // What was prepared is not written out while something is measured.
            client.batch_execute("checkpoint").await.expect("a checkpoint");
        });
    }

    /// The result of `pgbench`, each of whose transactions adds one row.
    pub(crate) fn pgbench(&self, connections: usize, seconds: u64) -> Inserts {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = folder.path().join("insert.sql");
        std::fs::write(&script, SCRIPT).expect("written");
        block_on(async {
            let table = "set client_min_messages = error; drop table if exists bench;
                create table bench (key text primary key, body text)";
            let client = client(&self.url).await;
            client.batch_execute(table).await.expect("a table");
            client.batch_execute("checkpoint").await.expect("a checkpoint");
        });
        let before = self.cpu();
        let output = Command::new(program())
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
            .args(["--client", &connections.to_string(), "--time", &seconds.to_string(), "--file"])
            .arg(&script)
            .arg(&self.url)
            .output()
            .expect("pgbench runs");
        let used = self.cpu().saturating_sub(before);
        let text = String::from_utf8_lossy(&output.stdout);
        let number = |start: &str| {
            let rest = text.lines().find_map(|line| line.strip_prefix(start));
            let number = rest.and_then(|rest| rest.split([' ', '/']).next()?.parse::<f64>().ok());
            number.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
        };
        let done = number("number of transactions actually processed: ");
        Inserts { per_second: number("tps = "), database_us: used.as_secs_f64() * 1e6 / done }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(future)
}

/// The path of `pgbench`, which Debian keeps out of the PATH, by version.
fn program() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin/pgbench"));
    programs.filter(|program| program.exists()).max().unwrap_or_else(|| "pgbench".into())
}
