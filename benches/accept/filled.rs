//! The size of the database's file after so many handled messages.

use std::{fmt::Write, time::Duration};

use rusqlite::Connection;

use crate::{
    fleet::{Fleet, Setup},
    load::{self, Demand},
    target::Target,
};

/// A time longer than any number of messages takes.
const A_DAY: Duration = Duration::from_hours(24);

/// Has so many messages accepted and handled, and closes the journal. Returns the bytes of its file a message.
pub(crate) fn measure(setup: Setup<'_>, demand: Demand) -> String {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let path = folder.path().join("journal.db");
    let journal = format!("sqlite:{}", path.display());
    let mut fleet = Fleet::start(Target::Handled, Setup { journal: Some(&journal), ..setup });
    load::run(&fleet.addresses(), demand, A_DAY);
    while fleet.finished() < demand.messages {}
    fleet.stop();
    let [of_log, bytes] = ["journal.db-wal", "journal.db"]
        .map(|name| folder.path().join(name).metadata().map_or(0, |metadata| metadata.len()));
    assert_eq!(of_log, 0, "a journal that was closed has nothing in its write-ahead log");
    let connection = Connection::open(&path).expect("the journal's file");
    let mut parts = connection
        .prepare("select name, sum(pgsize) from dbstat group by name order by 2 desc")
        .expect("SQLite has dbstat");
    let parts = parts
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?.cast_unsigned())))
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .expect("the sizes of all tables and indexes");
    let mut table =
        format!("| after {} handled messages | bytes | a message |\n|---|---|---|\n", demand.messages);
    for (name, bytes) in std::iter::once(("file".to_owned(), bytes)).chain(parts) {
        #[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
        let each = bytes as f64 / demand.messages as f64;
        writeln!(table, "| {name} | {bytes} | {each:.1} |").expect("writing to a string");
    }
    table
}
