//! The database's side: a fresh journal with a history, and the baseline of one statement a commit.

use std::{path::PathBuf, process::Command};

use rongcloud_callback::{
    clock::Clock,
    journal::{self, Access, Options},
};
use tokio_postgres::{Client, NoTls};

const HISTORY: &str = "
    insert into rongcloud_callback.entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key_digest,
        line, conversation, key, body)
    select nextval('rongcloud_callback.entry_id'), 0, 1, 1, now, now, now, decode(md5('key' || n), 'hex'),
        decode(md5('line' || n % 1000), 'hex'), convert_to('line' || n % 1000, 'UTF8'),
        convert_to('key' || n, 'UTF8'), convert_to(repeat('x', 400), 'UTF8')
    from (select n, (extract(epoch from now()) * 1000)::bigint as now from generate_series(1, $1::bigint) n) all_of";
const SCRIPT: &str = "\\set n random(1, 9000000000000000)
insert into bench (key, body) values ('key-' || :n, repeat('x', 400)) on conflict do nothing;
";

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the database answers");
    #[expect(clippy::disallowed_methods, reason = "it ends with the client")]
    tokio::spawn(connection);
    client
}

/// Removes the journal and makes it anew, with so many finished entries.
pub(crate) async fn prepare(url: &str, history: u64) {
    let client = client(url).await;
    let remove = "set client_min_messages = error; drop schema if exists rongcloud_callback cascade";
    client.batch_execute(remove).await.expect("our own schema");
    let day = std::time::Duration::from_hours(24);
    let options = Options {
        keep: day,
        keep_dead: day,
        max_pending: 1,
        recent_keys: 1,
        clock: Clock::system(),
        access: Access::Server,
    };
    journal::open(url, options).await.expect("a journal").close().await.expect("closed");
    let count = i64::try_from(history).expect("a number of entries");
    client.execute(HISTORY, &[&count]).await.expect("entries");
    client.batch_execute("vacuum analyze").await.expect("statistics");
}

/// Transactions a second of `pgbench`, each of which adds one row.
pub(crate) fn run(url: &str, connections: usize, seconds: u64) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (connections, seconds) = (connections.to_string(), seconds.to_string());
    let script = folder.path().join("insert.sql");
    std::fs::write(&script, SCRIPT).expect("written");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let table = "drop table if exists bench; create table bench (key text primary key, body text)";
        client(url).await.batch_execute(table).await.expect("a table");
    });
    let output = Command::new(program())
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--client", &connections])
        .args(["--time", &seconds, "--file"])
        .arg(&script)
        .arg(url)
        .output()
        .expect("pgbench runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Debian keeps it out of the PATH, by version.
fn program() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin/pgbench"));
    programs.filter(|program| program.exists()).max().unwrap_or_else(|| "pgbench".into())
}
