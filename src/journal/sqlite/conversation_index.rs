//! The index of entries by conversation, in segments. An ordinary index would halve what the journal accepts.

use rusqlite::{Connection, OptionalExtension as _, Result, params, types::Value};

use crate::journal::{
    EntryId, Order,
    driver::conversation_segment::{
        Hashes, Items, Join, Level, Segment, conversation_hash, find, items,
    },
    filter::{EntriesOf, end_of_user},
};

/// Segments as they are made at first. All of them become a full one once they have enough entries for it.
const NEW: Level = Level { length: 4096, first_bucket: 0, buckets: 24 };
/// Full segments. A look reads a row of each, which has a fifth of a page: one of more than a quarter would need a page of its
/// own besides.
const FULL: Level = Level { length: 4 * NEW.length, first_bucket: 24, buckets: 96 };
/// How many segments are looked at after each purge.
const JOIN: usize = 8;

/// The newest entries, which are in no segment yet.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    items: Items,
    /// The segment with which the next look for segments to join begins.
    pub(super) joined_to: EntryId,
}

impl Gathered {
    /// Gathers the entries that are in no segment yet, and makes segments while there are enough of them.
    pub(super) fn open(connection: &Connection) -> Result<Self> {
        let mut gathered = Self::default();
        loop {
            let after = last_indexed(connection)?;
            gathered.items = read(connection, after, EntryId(i64::MAX), NEW.length)?;
            if !gathered.is_segment() {
                return Ok(gathered);
            }
            gathered.write(connection)?;
        }
    }

    /// Adds an entry that is accepted now. One whose transaction fails may stay: it is not found later.
    pub(super) fn add(&mut self, id: EntryId, conversation: &str) {
        self.items.push((conversation_hash(conversation.as_bytes()), id));
    }

    /// Whether there are enough entries for a segment.
    pub(super) fn is_segment(&self) -> bool {
        self.items.len() >= NEW.length
    }

    /// Writes the entries as a segment; they stay gathered until [`clear`](Self::clear).
    pub(super) fn write(&self, connection: &Connection) -> Result<()> {
        if let Some(segment) = Segment::of(self.items.clone()) {
            write(connection, NEW, &segment)?;
            join_new(connection)?;
        }
        Ok(())
    }

    /// Forgets the entries, whose segment is durable.
    pub(super) fn clear(&mut self) {
        self.items.clear();
    }
}

/// Writes the rows of a segment.
fn write(connection: &Connection, level: Level, segment: &Segment) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "insert or replace into conversation_index (bucket, first_id, last_id, items) values (?1, ?2, ?3, ?4)",
    )?;
    for (bucket, row) in (level.first_bucket..).zip(segment.buckets(level.buckets)) {
        statement.execute(params![bucket, segment.first, segment.last, row])?;
    }
    Ok(())
}

/// Deletes the segments that begin with these entries or with one between them.
fn delete(connection: &Connection, level: Level, first: EntryId, last: EntryId) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "delete from conversation_index where bucket = ?1 and first_id between ?2 and ?3",
    )?;
    for bucket in level.first_bucket..level.first_bucket + level.buckets {
        statement.execute(params![bucket, first, last])?;
    }
    Ok(())
}

/// The entry up to which there are segments.
pub(super) fn last_indexed(connection: &Connection) -> Result<EntryId> {
    let mut last = connection.prepare_cached(
        "select last_id from conversation_index where bucket = ?1 order by first_id desc limit 1",
    )?;
    let mut last = |level: Level| last.query_row([level.first_bucket], |row| row.get(0)).optional();
    Ok(last(NEW)?.max(last(FULL)?).unwrap_or_default())
}

/// The first `limit` numbers of the entries of a conversation or a user between `after` and `before`; a few may be those of
/// others.
pub(super) fn entries(
    connection: &Connection,
    of: EntriesOf<'_>,
    (after, before): (EntryId, EntryId),
    order: Order,
    limit: usize,
) -> Result<Vec<EntryId>> {
    let (condition, value) = match of {
        EntriesOf::Conversation(conversation) => {
            ("conversation = ?3", Value::from(conversation.to_owned()))
        }
        // Bytes, for the length of a text would be that of its part before a NUL.
        EntriesOf::User(user) => (
            "substr(cast(conversation as blob), -length(?3)) = ?3",
            Value::from(end_of_user(user).into_bytes()),
        ),
    };
    let mut gathered = connection.prepare_cached(&format!(
        "select id from entry not indexed where id > ?1 and id < ?2 and {condition} order by id desc"
    ))?;
    let from = last_indexed(connection)?.max(after);
    let ids = gathered.query_map(params![from, before, value], |row| row.get(0))?;
    let mut ids = ids.collect::<Result<Vec<_>>>()?;
    let hashes = Hashes::of(of);
    // Whoever asks for the oldest ones has no use for a part of the newest.
    let is_enough = |count| order == Order::NewestFirst && count >= limit;
    for level in [NEW, FULL] {
        indexed(connection, (level, &hashes), (after, before), &mut ids, is_enough)?;
    }
    if order == Order::OldestFirst {
        ids.reverse();
    }
    ids.truncate(limit);
    Ok(ids)
}

/// Adds the numbers between `after` and `before` of the entries with these hashes to `ids`, newest first, until there are
/// enough: those in the segments of a level.
fn indexed(
    connection: &Connection,
    (level, hashes): (Level, &Hashes),
    (after, before): (EntryId, EntryId),
    ids: &mut Vec<EntryId>,
    is_enough: impl Fn(usize) -> bool,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "select first_id, items from conversation_index
         where bucket = ?1 and first_id < ?3 and first_id >= coalesce(
             (select max(first_id) from conversation_index where bucket = ?1 and first_id <= ?2), 0)
         order by first_id desc",
    )?;
    let mut rows = statement.query(params![level.bucket(hashes), after, before])?;
    while !is_enough(ids.len())
        && let Some(row) = rows.next()?
    {
        let first: EntryId = row.get(0)?;
        let found = find(first, row.get_ref(1)?.as_blob()?, hashes).rev();
        ids.extend(found.filter(|id| *id > after && *id < before));
    }
    Ok(())
}

/// Makes a full segment of the new ones, if they have enough entries.
fn join_new(connection: &Connection) -> Result<()> {
    let mut statement = connection
        .prepare_cached("select first_id, last_id, items from conversation_index where bucket < ?1")?;
    let mut rows = statement.query([FULL.first_bucket])?;
    let (mut last, mut all) = (EntryId(0), Items::new());
    while let Some(row) = rows.next()? {
        last = last.max(row.get(1)?);
        all.extend(items(row.get(0)?, row.get_ref(2)?.as_blob()?));
    }
    drop(rows);
    if all.len() < FULL.length {
        return Ok(());
    }
    all.sort_unstable_by_key(|(_, id)| *id);
    let Some(joined) = Segment::of(all) else { return Ok(()) };
    delete(connection, NEW, joined.first, last)?;
    write(connection, FULL, &Segment { last, ..joined })
}

/// After a purge that has looked at all entries up to `looked_at`, drops the segments of which no entry is left, and joins
/// full ones next to each other of which little is left, from the one that begins with `from` on. Returns where the next call
/// begins.
pub(super) fn compact(connection: &Connection, from: EntryId, looked_at: EntryId) -> Result<EntryId> {
    let oldest: EntryId = connection.query_row(
        "select coalesce(min(id), (select max(purged_to) + 1 from tally)) from entry",
        [],
        |row| row.get(0),
    )?;
    for level in [NEW, FULL] {
        drop_before(connection, level, oldest)?;
    }
    let mut statement = connection.prepare_cached(
        "select first_id, last_id from conversation_index
         where bucket = ?1 and first_id >= ?2 and last_id <= ?3 order by first_id limit ?4",
    )?;
    let parts = statement
        .query_map(params![FULL.first_bucket, from, looked_at, JOIN.cast_signed()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let mut join = Join::new(FULL.length);
    for (first, last) in parts.collect::<Result<Vec<(EntryId, EntryId)>>>()? {
        let items = read(connection, EntryId(first.0 - 1), EntryId(last.0 + 1), join.look())?;
        if let Some(joined) = join.add(Segment { first, last, items }) {
            replace_parts(connection, &joined)?;
        }
    }
    let next = join.first().max(from);
    if let Some(joined) = join.finish() {
        replace_parts(connection, &joined)?;
    }
    Ok(next)
}

/// Drops the segments of a level of which no entry is left: the first one left is `oldest`.
fn drop_before(connection: &Connection, level: Level, oldest: EntryId) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "select first_id, last_id from conversation_index where bucket = ?1 and first_id < ?2 order by first_id",
    )?;
    let mut rows = statement.query(params![level.first_bucket, oldest])?;
    let mut last = None;
    while let Some(row) = rows.next()?
        && row.get::<_, EntryId>(1)? < oldest
    {
        last = Some(row.get(0)?);
    }
    last.map_or(Ok(()), |last| delete(connection, level, EntryId(0), last))
}

/// Writes a full segment in place of those that it was made of.
fn replace_parts(connection: &Connection, joined: &Segment) -> Result<()> {
    delete(connection, FULL, joined.first, joined.last)?;
    write(connection, FULL, joined)
}

/// Entries between two numbers with the hashes of their conversations, oldest first.
fn read(connection: &Connection, after: EntryId, before: EntryId, limit: usize) -> Result<Items> {
    let mut statement = connection.prepare_cached(
        "select id, conversation from entry where id > ?1 and id < ?2 order by id limit ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![after, before, limit], |row| {
        Ok((conversation_hash(row.get_ref(1)?.as_bytes()?), row.get(0)?))
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const ALL: (EntryId, EntryId) = (EntryId(0), EntryId(i64::MAX));

    fn database() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let tables = "create table entry (id integer primary key, conversation text not null);
            create table tally (queue integer primary key, purged_to integer not null);
            insert into tally values (0, 0), (1, 0);";
        let index = "create table conversation_index (bucket integer not null, first_id integer not null,
            last_id integer not null, items blob not null, primary key (bucket, first_id)) without rowid;";
        connection.execute_batch(&format!("{tables}{index}")).unwrap();
        connection
    }

    /// The key of a conversation; the two of each user here have different hashes.
    fn conversation(account: i64, user: i64) -> String {
        format!("app\u{1f}account {account}\u{1f}user {user}.")
    }

    /// Adds entries of 500 conversations, two of each user, and returns those of each conversation.
    fn fill(connection: &Connection, ids: impl Iterator<Item = i64>) -> HashMap<String, Vec<EntryId>> {
        let mut entries = HashMap::<_, Vec<_>>::new();
        connection.execute_batch("begin").unwrap();
        for id in ids {
            let number = id * 7919 % 500;
            let conversation = conversation(number % 2, number / 2);
            let insert = "insert into entry (id, conversation) values (?1, ?2)";
            connection.prepare_cached(insert).unwrap().execute(params![id, conversation]).unwrap();
            entries.entry(conversation).or_default().insert(0, EntryId(id));
        }
        connection.execute_batch("commit").unwrap();
        entries
    }

    fn newest(connection: &Connection, conversation: &str, limit: usize) -> Vec<EntryId> {
        let of = EntriesOf::Conversation(conversation);
        entries(connection, of, ALL, Order::NewestFirst, limit).unwrap()
    }

    /// How many new and full segments there are.
    fn segments(connection: &Connection) -> [i64; 2] {
        let sql = "select count(*) from conversation_index where bucket = ?1";
        [NEW, FULL]
            .map(|level| connection.query_row(sql, [level.first_bucket + 3], |row| row.get(0)).unwrap())
    }

    #[test]
    fn each_entry_of_a_conversation_is_indexed_or_gathered() {
        let connection = database();
        // Some numbers are never used.
        let filled = fill(&connection, (1..60_000).filter(|id| id % 10 != 0));
        let gathered = Gathered::open(&connection).unwrap();
        let left = 54_000 - 3 * FULL.length - NEW.length;
        assert_eq!((segments(&connection), gathered.items.len()), ([1, 3], left));
        for number in 0..250 {
            let keys = [conversation(0, number), conversation(1, number)];
            let mut expected: Vec<_> = keys.iter().filter_map(|key| filled.get(key)).flatten().collect();
            expected.sort_unstable();
            let user = format!("user {number}.");
            for order in [Order::OldestFirst, Order::NewestFirst] {
                let found = entries(&connection, EntriesOf::User(&user), ALL, order, 1000).unwrap();
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{user} {order:?}");
                expected.reverse();
            }
        }
        for (conversation, mut ids) in filled {
            let of = EntriesOf::Conversation(&conversation);
            let find = |range, order| entries(&connection, of, range, order, 1000).unwrap();
            assert_eq!(find(ALL, Order::NewestFirst), ids, "{conversation}");
            for at in [2, 20] {
                let range = (ids[at + 3], ids[at]);
                let expected = &ids[at + 1..at + 3];
                assert_eq!(find(range, Order::NewestFirst), expected, "{conversation}");
            }
            assert_eq!(newest(&connection, &conversation, 20), ids[..20], "{conversation}");
            ids.reverse();
            assert_eq!(find(ALL, Order::OldestFirst), ids, "{conversation}");
        }
    }

    #[test]
    fn what_was_gathered_becomes_a_segment_when_there_is_enough() {
        let connection = database();
        let mut gathered = Gathered::open(&connection).unwrap();
        for id in 1..=i64::try_from(NEW.length).unwrap() {
            assert!(!gathered.is_segment());
            gathered.add(EntryId(id), "one");
        }
        assert!(gathered.is_segment());
        gathered.write(&connection).unwrap();
        gathered.clear();
        assert_eq!(newest(&connection, "one", 10_000).len(), NEW.length);
        assert_eq!(newest(&connection, "another", 10_000), []);
    }

    #[test]
    fn segments_of_which_little_is_left_become_one() {
        let connection = database();
        let length = i64::try_from(FULL.length).unwrap();
        let mut entries = fill(&connection, 1..=9 * length);
        Gathered::open(&connection).unwrap();
        assert_eq!(segments(&connection), [0, 9]);
        let mut purge = |from: i64, to: i64, every: i64, looked_at: i64, begin: EntryId| {
            let is_left = |id: i64| !(from..=to).contains(&id) || id % every == 0;
            let delete = "delete from entry where id between ?1 and ?2 and id % ?3 > 0";
            connection.execute(delete, [from, to, every]).unwrap();
            let next = compact(&connection, begin, EntryId(looked_at)).unwrap();
            for (conversation, ids) in &mut entries {
                ids.retain(|id| is_left(id.0));
                // A segment may name entries that are gone, as long as it is not joined.
                let mut found = newest(&connection, conversation, 10_000);
                found.retain(|id| ids.contains(id));
                assert_eq!(found, *ids);
            }
            next
        };
        // The first is gone, of the next three a quarter is left, which the purge has looked at but for the last one.
        purge(1, length, i64::MAX, length, EntryId(0));
        assert_eq!(segments(&connection), [0, 8]);
        let next = purge(length + 1, 4 * length, 4, 3 * length + 1, EntryId(0));
        assert_eq!((segments(&connection), next), ([0, 7], EntryId(length + 1)));
        // What was joined is joined with what is purged next, until it is full enough.
        let next = purge(4 * length + 1, 6 * length, 2, 6 * length, next);
        assert_eq!((segments(&connection), next), ([0, 5], EntryId(4 * length + 1)));
        let next = purge(6 * length + 1, 8 * length, 4, 8 * length, next);
        assert_eq!((segments(&connection), next), ([0, 4], EntryId(6 * length + 1)));
        connection.execute("delete from entry", []).unwrap();
        connection.execute("update tally set purged_to = 1000000", []).unwrap();
        compact(&connection, next, EntryId(0)).unwrap();
        assert_eq!(segments(&connection), [0, 0]);
    }
}
