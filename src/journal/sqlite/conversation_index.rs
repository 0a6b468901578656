//! The index of entries by conversation, in segments. An ordinary index would halve what the journal accepts.

use std::hash::Hasher;

use rusqlite::{Connection, Result, params};
use siphasher::sip::SipHasher13;

use crate::journal::{
    EntryId, Order,
    driver::conversation_segment::{Items, Join, Segment, find},
};

/// The number of entries in a segment.
const SEGMENT: usize = 4096;
/// How many segments are looked at after each purge.
const JOIN: usize = 32;
/// The number of buckets of a segment; a bucket's row fills about half a page.
const BUCKETS: u32 = 16;

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
            gathered.items = read(connection, after, EntryId(i64::MAX), SEGMENT)?;
            if !gathered.is_segment() {
                return Ok(gathered);
            }
            gathered.write(connection)?;
        }
    }

    /// Adds an entry that is accepted now. One whose transaction fails may stay: it is not found later.
    pub(super) fn add(&mut self, id: EntryId, conversation: &str) {
        self.items.push((hash(conversation), id));
    }

    /// Whether there are enough entries for a segment.
    pub(super) fn is_segment(&self) -> bool {
        self.items.len() >= SEGMENT
    }

    /// Writes the entries as a segment; they stay gathered until [`clear`](Self::clear).
    pub(super) fn write(&self, connection: &Connection) -> Result<()> {
        match Segment::of(self.items.clone()) {
            Some(segment) => write_segment(connection, &segment),
            None => Ok(()),
        }
    }

    /// Forgets the entries, whose segment is durable.
    pub(super) fn clear(&mut self) {
        self.items.clear();
    }
}

/// The entry up to which there are segments.
fn last_indexed(connection: &Connection) -> Result<EntryId> {
    connection.query_row(
        "select coalesce((select last_id from conversation_index where bucket = 0 order by first_id desc limit 1), 0)",
        [],
        |row| row.get(0),
    )
}

/// The first `limit` numbers of the entries of a conversation between `after` and `before`; a few may be those of others.
pub(super) fn entries(
    connection: &Connection,
    conversation: &str,
    (after, before): (EntryId, EntryId),
    order: Order,
    limit: usize,
) -> Result<Vec<EntryId>> {
    let mut gathered = connection.prepare_cached(
        "select id from entry not indexed
         where id > max(?1, ?2) and id < ?3 and conversation = ?4 order by id desc",
    )?;
    let last = last_indexed(connection)?;
    let ids = gathered.query_map(params![last, after, before, conversation], |row| row.get(0))?;
    let mut ids = ids.collect::<Result<Vec<_>>>()?;
    // Whoever asks for the oldest ones has no use for a part of the newest.
    let is_enough = |count| order == Order::NewestFirst && count >= limit;
    indexed(connection, conversation, (after, before), &mut ids, is_enough)?;
    if order == Order::OldestFirst {
        ids.reverse();
    }
    ids.truncate(limit);
    Ok(ids)
}

/// Adds the numbers in segments to `ids`, newest first, until there are enough.
fn indexed(
    connection: &Connection,
    conversation: &str,
    (after, before): (EntryId, EntryId),
    ids: &mut Vec<EntryId>,
    is_enough: impl Fn(usize) -> bool,
) -> Result<()> {
    let wanted = hash(conversation);
    let mut statement = connection.prepare_cached(
        "select first_id, items from conversation_index
         where bucket = ?1 and first_id < ?3 and first_id >= coalesce(
             (select max(first_id) from conversation_index where bucket = ?1 and first_id <= ?2), 0)
         order by first_id desc",
    )?;
    let mut rows = statement.query(params![wanted % BUCKETS, after, before])?;
    while !is_enough(ids.len())
        && let Some(row) = rows.next()?
    {
        let first: EntryId = row.get(0)?;
        let found = find(first, row.get_ref(1)?.as_blob()?, wanted).rev();
        ids.extend(found.filter(|id| *id > after && *id < before));
    }
    Ok(())
}

/// After a purge that has looked at all entries up to `looked_at`, drops the segments of which no entry is left, and joins
/// neighbours of which little is left, from the segment that begins with `from` on. Returns where the next call begins.
pub(super) fn compact(connection: &Connection, from: EntryId, looked_at: EntryId) -> Result<EntryId> {
    let oldest: EntryId = connection.query_row(
        "select coalesce(min(id), (select max(purged_to) + 1 from tally)) from entry",
        [],
        |row| row.get(0),
    )?;
    connection.prepare_cached("delete from conversation_index where last_id < ?1")?.execute([oldest])?;
    let mut statement = connection.prepare_cached(
        "select first_id, last_id from conversation_index
         where bucket = 0 and first_id >= ?1 and last_id <= ?2 order by first_id limit ?3",
    )?;
    let parts = statement
        .query_map(params![from, looked_at, JOIN.cast_signed()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut join = Join::new(SEGMENT);
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

/// Writes a segment in place of those that it was made of.
fn replace_parts(connection: &Connection, joined: &Segment) -> Result<()> {
    connection
        .prepare_cached("delete from conversation_index where first_id between ?1 and ?2")?
        .execute([joined.first, joined.last])?;
    write_segment(connection, joined)
}

/// Entries between two numbers with the hashes of their conversations, oldest first.
fn read(connection: &Connection, after: EntryId, before: EntryId, limit: usize) -> Result<Items> {
    let mut statement = connection.prepare_cached(
        "select id, conversation from entry where id > ?1 and id < ?2 order by id limit ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![after, before, limit], |row| {
        Ok((hash_bytes(row.get_ref(1)?.as_bytes()?), row.get(0)?))
    })?;
    rows.collect()
}

fn write_segment(connection: &Connection, segment: &Segment) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "insert or replace into conversation_index (bucket, first_id, last_id, items) values (?1, ?2, ?3, ?4)",
    )?;
    for (bucket, row) in (0_u32..).zip(segment.buckets(BUCKETS)) {
        statement.execute(params![bucket, segment.first, segment.last, row])?;
    }
    Ok(())
}

fn hash(conversation: &str) -> u32 {
    hash_bytes(conversation.as_bytes())
}

/// A hash that is the same in every process.
#[expect(clippy::cast_possible_truncation, reason = "half of the hash is enough")]
fn hash_bytes(conversation: &[u8]) -> u32 {
    let mut hasher = SipHasher13::new();
    hasher.write(conversation);
    hasher.finish() as u32
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

    /// Adds entries of 500 conversations, and returns those of each.
    fn fill(connection: &Connection, ids: impl Iterator<Item = i64>) -> HashMap<String, Vec<EntryId>> {
        let mut entries = HashMap::<_, Vec<_>>::new();
        connection.execute_batch("begin").unwrap();
        for id in ids {
            let conversation = format!("app account user {}", id * 7919 % 500);
            let insert = "insert into entry (id, conversation) values (?1, ?2)";
            connection.prepare_cached(insert).unwrap().execute(params![id, conversation]).unwrap();
            entries.entry(conversation).or_default().insert(0, EntryId(id));
        }
        connection.execute_batch("commit").unwrap();
        entries
    }

    fn newest(connection: &Connection, conversation: &str, limit: usize) -> Vec<EntryId> {
        entries(connection, conversation, ALL, Order::NewestFirst, limit).unwrap()
    }

    fn segments(connection: &Connection) -> i64 {
        let sql = "select count(*) from conversation_index where bucket = 3";
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn each_entry_of_a_conversation_is_indexed_or_gathered() {
        let connection = database();
        // Some numbers are never used.
        let filled = fill(&connection, (1..60_000).filter(|id| id % 10 != 0));
        let gathered = Gathered::open(&connection).unwrap();
        assert_eq!((segments(&connection), gathered.items.len()), (13, 54_000 - 13 * SEGMENT));
        for (conversation, mut ids) in filled {
            let find = |range, order| entries(&connection, &conversation, range, order, 1000).unwrap();
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
        for id in 1..=i64::try_from(SEGMENT).unwrap() {
            assert!(!gathered.is_segment());
            gathered.add(EntryId(id), "one");
        }
        assert!(gathered.is_segment());
        gathered.write(&connection).unwrap();
        gathered.clear();
        assert_eq!(newest(&connection, "one", 10_000).len(), SEGMENT);
        assert_eq!(newest(&connection, "another", 10_000), []);
    }

    #[test]
    fn segments_of_which_little_is_left_become_one() {
        let connection = database();
        let length = i64::try_from(SEGMENT).unwrap();
        let mut entries = fill(&connection, 1..=9 * length);
        Gathered::open(&connection).unwrap();
        assert_eq!(segments(&connection), 9);
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
        assert_eq!(segments(&connection), 8);
        let next = purge(length + 1, 4 * length, 4, 3 * length + 1, EntryId(0));
        assert_eq!((segments(&connection), next), (7, EntryId(length + 1)));
        // What was joined is joined with what is purged next, until it is full enough.
        let next = purge(4 * length + 1, 6 * length, 2, 6 * length, next);
        assert_eq!((segments(&connection), next), (5, EntryId(4 * length + 1)));
        let next = purge(6 * length + 1, 8 * length, 4, 8 * length, next);
        assert_eq!((segments(&connection), next), (4, EntryId(6 * length + 1)));
        connection.execute("delete from entry", []).unwrap();
        connection.execute("update tally set purged_to = 1000000", []).unwrap();
        compact(&connection, next, EntryId(0)).unwrap();
        assert_eq!(segments(&connection), 0);
    }
}
