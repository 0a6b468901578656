//! The plainest stores: each writes a batch of records and returns when they are durable.

use std::{fs::File, io::Write, path::Path};

use rusqlite::Connection;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Statement, types::ToSql};

use crate::{message::TextMessage, postgres, target::Target};

/// A message as a journal keeps it.
pub(crate) struct Record {
    key: String,
    conversation: String,
    body: Vec<u8>,
}

impl From<TextMessage> for Record {
    fn from(message: TextMessage) -> Self {
        Self {
            key: message.key(),
            conversation: message.conversation(),
            body: message.body().into_bytes(),
        }
    }
}

/// A store of records.
pub(crate) trait Store: Send {
    /// Makes all records of the batch durable, with one sync.
    fn write(&mut self, batch: &[Record]);
}

/// Opens the target's store: a new file in `folder`, or a new table of the database at `url`.
pub(crate) fn open(target: Target, folder: &Path, url: &str) -> Box<dyn Store> {
    match target {
        Target::FileAlone => Box::new(PlainFile::create(&folder.join("records"))),
        Target::SqliteAlone => Box::new(Sqlite::create(&folder.join("records.db"))),
        Target::PostgresAlone => Box::new(Postgres::create(url)),
        _ => panic!("{target:?} is no store alone"),
    }
}

/// A file that records are appended to.
struct PlainFile {
    file: File,
    bytes: Vec<u8>,
}

impl PlainFile {
    fn create(path: &Path) -> Self {
        Self { file: File::create(path).expect("a new file"), bytes: Vec::new() }
    }
}

impl Store for PlainFile {
    fn write(&mut self, batch: &[Record]) {
        self.bytes.clear();
        for record in batch {
            for field in [record.key.as_bytes(), record.conversation.as_bytes(), &record.body] {
                let length = u32::try_from(field.len()).expect("a short field");
                self.bytes.extend(length.to_le_bytes());
                self.bytes.extend(field);
            }
        }
        self.file.write_all(&self.bytes).expect("written");
        self.file.sync_data().expect("synced");
    }
}

/// One table of SQLite, with its defaults but for the WAL and full syncs.
struct Sqlite(Connection);

impl Sqlite {
    fn create(path: &Path) -> Self {
        let connection = Connection::open(path).expect("a new database");
        connection
            .execute_batch(
                "pragma journal_mode = wal;
                 pragma synchronous = full;
                 create table record (key text not null unique, conversation text not null, body blob not null)",
            )
            .expect("a table");
        Self(connection)
    }
}

impl Store for Sqlite {
    fn write(&mut self, batch: &[Record]) {
        let transaction = self.0.transaction().expect("a transaction");
        let mut insert = transaction
            .prepare_cached("insert into record (key, conversation, body) values (?1, ?2, ?3) on conflict do nothing")
            .expect("a statement");
        for Record { key, conversation, body } in batch {
            insert.execute((key, conversation, body)).expect("inserted");
        }
        drop(insert);
        transaction.commit().expect("committed");
    }
}

/// One table of PostgreSQL, through one connection.
struct Postgres {
    runtime: Runtime,
    client: Client,
    insert: Statement,
}

impl Postgres {
    fn create(url: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = runtime.block_on(postgres::client(url));
        let insert = runtime.block_on(async {
            let table = "set client_min_messages = error; drop table if exists bench_alone;
                create table bench_alone (key text not null unique, conversation text not null, body bytea not null)";
            client.batch_execute(table).await.expect("a table");
            let insert = "insert into bench_alone (key, conversation, body)
                select * from unnest($1::text[], $2::text[], $3::bytea[]) on conflict do nothing";
            client.prepare(insert).await.expect("a statement")
        });
        Self { runtime, client, insert }
    }
}

impl Store for Postgres {
    fn write(&mut self, batch: &[Record]) {
        let keys: Vec<_> = batch.iter().map(|record| record.key.as_str()).collect();
        let conversations: Vec<_> = batch.iter().map(|record| record.conversation.as_str()).collect();
        let bodies: Vec<_> = batch.iter().map(|record| record.body.as_slice()).collect();
        let fields: [&(dyn ToSql + Sync); 3] = [&keys, &conversations, &bodies];
        let inserted = self.client.execute(&self.insert, &fields);
        self.runtime.block_on(inserted).expect("inserted");
    }
}
