//! The index of entries by conversation: which entries a conversation has, without an ordinary index's cost for each entry.
//!
//! # Design
//!
//! An index of the table itself writes a page somewhere in the middle of the file for each entry, and halves what the
//! journal accepts. So the newest entries are in no index: they are looked through. Whenever enough of them have
//! gathered, they become a segment: their numbers sorted by the hashes of their conversations, divided into buckets, each of
//! which is one row. Looking a conversation up reads one row of each segment.
//!
//! A segment may name entries that were removed since, and hashes may collide: each entry that is found is compared with the
//! conversation itself.

use std::hash::Hasher;

use rusqlite::{Connection, Result, params};
use siphasher::sip::SipHasher13;

use crate::journal::{EntryId, Order};

/// The number of entries in a segment.
const SEGMENT: usize = 4096;
/// The number of buckets of a segment; a bucket's row fills about half a page.
const BUCKETS: u32 = 16;
/// The length of an item in bytes.
const ITEM: usize = 8;

/// The first and the last entry of a segment, and its entries with the hashes of their conversations.
type Segment = (EntryId, EntryId, Vec<(u32, EntryId)>);

/// The newest entries, which are in no segment yet.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    items: Vec<(u32, EntryId)>,
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
        let (Some((_, first)), Some((_, last))) = (self.items.first(), self.items.last()) else {
            return Ok(());
        };
        write_segment(connection, *first, *last, &self.items)
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
         where bucket = ?1 and first_id < ?3 and last_id > ?2 order by first_id desc",
    )?;
    let mut rows = statement.query(params![bucket(wanted), after, before])?;
    while !is_enough(ids.len())
        && let Some(row) = rows.next()?
    {
        let first: EntryId = row.get(0)?;
        let found = find(row.get_ref(1)?.as_blob()?, wanted);
        let found = found.map(|offset| EntryId(first.0 + i64::from(offset))).rev();
        ids.extend(found.filter(|id| *id > after && *id < before));
    }
    Ok(())
}

/// After a purge, drops the segments of which no entry is left, and makes one of the oldest segments for as long as what is
/// left of them fits into one.
pub(super) fn compact(connection: &Connection) -> Result<()> {
    let oldest: EntryId = connection.query_row(
        "select coalesce(min(id), (select max(purged_to) + 1 from tally)) from entry",
        [],
        |row| row.get(0),
    )?;
    connection.prepare_cached("delete from conversation_index where last_id < ?1")?.execute([oldest])?;
    let mut statement = connection.prepare_cached(
        "select first_id, last_id from conversation_index where bucket = 0 order by first_id",
    )?;
    let mut rows = statement.query([])?;
    let mut merged: Option<Segment> = None;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let (first, last): (EntryId, EntryId) = (row.get(0)?, row.get(1)?);
        let kept = merged.as_ref().map_or(0, |(.., items)| items.len());
        let left = read(connection, EntryId(first.0 - 1), EntryId(last.0 + 1), SEGMENT - kept + 1)?;
        if kept + left.len() > SEGMENT {
            break;
        }
        count += 1;
        let (_, end, items) = merged.get_or_insert((first, last, Vec::new()));
        *end = last;
        items.extend(left);
    }
    if let (Some((first, last, items)), 2..) = (merged, count) {
        connection
            .prepare_cached("delete from conversation_index where first_id between ?1 and ?2")?
            .execute([first, last])?;
        write_segment(connection, first, last, &items)?;
    }
    Ok(())
}

/// Entries between two numbers with the hashes of their conversations, oldest first.
fn read(
    connection: &Connection,
    after: EntryId,
    before: EntryId,
    limit: usize,
) -> Result<Vec<(u32, EntryId)>> {
    let mut statement = connection.prepare_cached(
        "select id, conversation from entry where id > ?1 and id < ?2 order by id limit ?3",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![after, before, limit], |row| {
        Ok((hash_bytes(row.get_ref(1)?.as_bytes()?), row.get(0)?))
    })?;
    rows.collect()
}

fn write_segment(
    connection: &Connection,
    first: EntryId,
    last: EntryId,
    items: &[(u32, EntryId)],
) -> Result<()> {
    let mut buckets = vec![Vec::new(); BUCKETS as usize];
    for (hash, id) in items {
        let offset = u32::try_from(id.0 - first.0).unwrap_or(u32::MAX);
        buckets[bucket(*hash) as usize].push((*hash, offset));
    }
    let mut statement = connection.prepare_cached(
        "insert or replace into conversation_index (bucket, first_id, last_id, items) values (?1, ?2, ?3, ?4)",
    )?;
    for (bucket, mut items) in (0_u32..).zip(buckets) {
        items.sort_unstable();
        let bytes: Vec<u8> = items
            .into_iter()
            .flat_map(|(hash, offset)| [hash.to_be_bytes(), offset.to_be_bytes()])
            .flatten()
            .collect();
        statement.execute(params![bucket, first, last, bytes])?;
    }
    Ok(())
}

/// The offsets of the items with a hash, in order.
fn find(items: &[u8], wanted: u32) -> impl DoubleEndedIterator<Item = u32> {
    let (items, _) = items.as_chunks::<ITEM>();
    let hash_of = |[a, b, c, d, ..]: &[u8; ITEM]| u32::from_be_bytes([*a, *b, *c, *d]);
    let from = items.partition_point(|item| hash_of(item) < wanted);
    let to = items.partition_point(|item| hash_of(item) <= wanted);
    items[from..to].iter().map(|[.., a, b, c, d]| u32::from_be_bytes([*a, *b, *c, *d]))
}

fn bucket(hash: u32) -> u32 {
    hash % BUCKETS
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
        let entries = fill(&connection, 1..=6 * i64::try_from(SEGMENT).unwrap());
        Gathered::open(&connection).unwrap();
        assert_eq!(segments(&connection), 6);
        // The first is gone, of the next three a quarter is left, and the last two are whole.
        let purge = "delete from entry where id <= ?1 or id <= 4 * ?1 and id % 4 > 0";
        connection.execute(purge, [i64::try_from(SEGMENT).unwrap()]).unwrap();
        compact(&connection).unwrap();
        assert_eq!(segments(&connection), 3);
        for (conversation, ids) in entries {
            let left = ids.into_iter().filter(|EntryId(id)| {
                let (id, segment) = (usize::try_from(*id).unwrap(), SEGMENT);
                id > 4 * segment || id > segment && id % 4 == 0
            });
            assert_eq!(newest(&connection, &conversation, 10_000), left.collect::<Vec<_>>());
        }
        connection.execute("delete from entry", []).unwrap();
        connection.execute("update tally set purged_to = 1000000", []).unwrap();
        compact(&connection).unwrap();
        assert_eq!(segments(&connection), 0);
    }

    #[test]
    fn the_highest_hash_is_found_as_well() {
        let items: Vec<u8> = [[0_u32, 1], [7, 2], [u32::MAX, 3], [u32::MAX, 4]]
            .iter()
            .flatten()
            .flat_map(|number| number.to_be_bytes())
            .collect();
        assert_eq!(find(&items, u32::MAX).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(find(&items, 0).collect::<Vec<_>>(), [1]);
        assert_eq!(find(&items, 8).count(), 0);
    }
}
