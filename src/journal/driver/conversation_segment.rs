//! Segments of the index of entries by conversation: which entries a conversation has, or all conversations of a user,
//! without an ordinary index's cost for each entry.
//!
//! # Design
//!
//! An ordinary index writes a page somewhere in its middle for each entry. So the newest entries are in no index: they are
//! looked through. Whenever enough of them have gathered, they become a segment: their numbers sorted by the hashes of
//! their conversations, divided into buckets, each of which is one row. All conversations of a user are in one bucket, next
//! to each other, so that looking up one of them or all of them reads one row of each segment. Several new segments become
//! a full one: it has more rows, and there are few of them.
//!
//! A segment may name entries that were removed since, and hashes may collide: each entry that is found is compared with the
//! conversation or the user.

use std::{hash::Hasher as _, mem, ops::RangeInclusive};

use siphasher::sip::SipHasher13;

use crate::journal::{
    EntryId,
    filter::{EntriesOf, user_of},
};

/// The length of an item in bytes.
const ITEM: usize = 8;
/// The last bits of a conversation's hash, which are its own: those before are its user's.
const OWN_BITS: u32 = 8;
const OWN: u32 = (1 << OWN_BITS) - 1;

/// Entries with the hashes of their conversations, in order of their numbers.
pub(in crate::journal) type Items = Vec<(u32, EntryId)>;

/// Segments of one length, whose rows are in buckets of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal) struct Level {
    /// The number of entries in a segment.
    pub(in crate::journal) length: usize,
    /// The bucket with which the rows of a segment begin.
    pub(in crate::journal) first_bucket: u32,
    /// The number of rows of a segment.
    pub(in crate::journal) buckets: u32,
}

impl Level {
    /// The bucket of the conversations with these hashes.
    pub(in crate::journal) fn bucket(&self, hashes: &Hashes) -> u32 {
        self.first_bucket + place(*hashes.0.start(), self.buckets)
    }
}

/// All entries from one number to another, as far as they were still there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::journal) struct Segment {
    pub(in crate::journal) first: EntryId,
    pub(in crate::journal) last: EntryId,
    pub(in crate::journal) items: Items,
}

impl Segment {
    /// The segment of these entries; none if there are none.
    pub(in crate::journal) fn of(items: Items) -> Option<Self> {
        let (first, last) = (items.first()?.1, items.last()?.1);
        Some(Self { first, last, items })
    }

    /// The rows of the segment: of each item 4 bytes of hash and 4 bytes of `id - first`, big-endian, in order.
    pub(in crate::journal) fn buckets(&self, count: u32) -> Vec<Vec<u8>> {
        let mut buckets = vec![Vec::new(); count as usize];
        for (hash, id) in &self.items {
            let offset = u32::try_from(id.0 - self.first.0).unwrap_or(u32::MAX);
            buckets[place(*hash, count) as usize]
                .push([hash.to_be_bytes(), offset.to_be_bytes()].concat());
        }
        let row = |mut items: Vec<Vec<u8>>| {
            items.sort_unstable();
            items.concat()
        };
        buckets.into_iter().map(row).collect()
    }
}

/// The entries of a row, or of a part of one, of the segment that begins with `first`, in the order of the row.
pub(in crate::journal) fn items(
    first: EntryId,
    row: &[u8],
) -> impl DoubleEndedIterator<Item = (u32, EntryId)> {
    let (items, _) = row.as_chunks::<ITEM>();
    items.iter().map(move |item| (hash_of(*item), EntryId(first.0 + i64::from(offset_of(*item)))))
}

/// The entries with some of these hashes in a row of the segment that begins with `first`, in order.
pub(in crate::journal) fn find(
    first: EntryId,
    row: &[u8],
    Hashes(wanted): &Hashes,
) -> impl DoubleEndedIterator<Item = EntryId> + use<> {
    let (all, _) = row.as_chunks::<ITEM>();
    let from = all.partition_point(|item| hash_of(*item) < *wanted.start());
    let to = all.partition_point(|item| hash_of(*item) <= *wanted.end());
    let mut found: Vec<_> = items(first, all[from..to].as_flattened()).map(|(_, id)| id).collect();
    found.sort_unstable();
    found.into_iter()
}

/// The hash that segments have of a conversation.
pub(in crate::journal) fn conversation_hash(conversation: &[u8]) -> u32 {
    user_hash(user_of(conversation)) | (hash(conversation) & OWN)
}

/// The hash of a user, without the bits that each conversation has of its own.
fn user_hash(user: &[u8]) -> u32 {
    hash(user) & !OWN
}

/// A hash that is the same in every process.
#[expect(clippy::cast_possible_truncation, reason = "half of the hash is enough")]
fn hash(bytes: &[u8]) -> u32 {
    let mut hasher = SipHasher13::new();
    hasher.write(bytes);
    hasher.finish() as u32
}

/// The place of a hash among so many buckets, the same for all conversations of a user.
fn place(hash: u32, buckets: u32) -> u32 {
    (hash >> OWN_BITS) % buckets
}

/// The hashes of the conversations whose entries are looked up.
#[derive(Debug, Clone)]
pub(in crate::journal) struct Hashes(RangeInclusive<u32>);

impl Hashes {
    pub(in crate::journal) fn of(of: EntriesOf<'_>) -> Self {
        match of {
            EntriesOf::Conversation(conversation) => {
                let hash = conversation_hash(conversation.as_bytes());
                Self(hash..=hash)
            }
            EntriesOf::User(user) => {
                let first = user_hash(user.as_bytes());
                Self(first..=first | OWN)
            }
        }
    }

    /// The bytes with which each item of these hashes begins.
    #[cfg(any(feature = "postgres", test))]
    pub(in crate::journal) fn beginning(&self) -> Vec<u8> {
        let [first, last] = [self.0.start(), self.0.end()].map(|hash| hash.to_be_bytes());
        first.into_iter().zip(last).take_while(|(a, b)| a == b).map(|(byte, _)| byte).collect()
    }
}

fn hash_of([a, b, c, d, ..]: [u8; ITEM]) -> u32 {
    u32::from_be_bytes([a, b, c, d])
}

fn offset_of([.., a, b, c, d]: [u8; ITEM]) -> u32 {
    u32::from_be_bytes([a, b, c, d])
}

/// Neighbouring segments of which a purge has left little, and which become one.
#[derive(Debug)]
pub(in crate::journal) struct Join {
    /// The number of entries that a segment may have.
    length: usize,
    joined: Segment,
    /// How many segments are joined so far; none after one that is not to be joined.
    count: usize,
}

impl Join {
    /// Joins neighbours to segments of at most `length` entries.
    pub(in crate::journal) fn new(length: usize) -> Self {
        Self { length, joined: Segment::default(), count: 0 }
    }

    /// How many entries of a segment tell whether it is to be joined.
    pub(in crate::journal) fn look(&self) -> usize {
        self.length / 2 + 1
    }

    /// Adds what is left of the next segment, or the first [`look`](Self::look) entries of it. Where it does not fit to those before, the
    /// segment that they make is returned, and the next one begins another.
    pub(in crate::journal) fn add(&mut self, next: Segment) -> Option<Segment> {
        let left = next.items.len();
        let is_sparse = left < self.look();
        if self.count > 0 && is_sparse && self.joined.items.len() + left <= self.length {
            self.joined.last = next.last;
            self.joined.items.extend(next.items);
            self.count += 1;
            return None;
        }
        let next = Self { length: self.length, joined: next, count: usize::from(is_sparse) };
        mem::replace(self, next).finish()
    }

    /// The first entry of the segment with which the next look begins.
    pub(in crate::journal) fn first(&self) -> EntryId {
        self.joined.first
    }

    /// The segment that takes the place of those that were joined last; none if there was only one.
    pub(in crate::journal) fn finish(self) -> Option<Segment> {
        (self.count > 1).then_some(self.joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(ids: impl Iterator<Item = i64>) -> Segment {
        Segment::of(ids.map(|id| (7, EntryId(id))).collect()).unwrap()
    }

    #[test]
    fn the_highest_hash_is_found_as_well() {
        let all = [(0, 1), (7, 2), (u32::MAX, 3), (u32::MAX, 4)].map(|(hash, id)| (hash, EntryId(id)));
        let segment = Segment::of(all.to_vec()).unwrap();
        let row = &segment.buckets(1)[0];
        let found =
            |hashes| find(segment.first, row, &Hashes(hashes)).map(|id| id.0).collect::<Vec<_>>();
        let found_one = |hash| found(hash..=hash);
        assert_eq!((found_one(u32::MAX), found_one(0), found_one(8)), (vec![3, 4], vec![1], vec![]));
        assert_eq!(found(u32::MAX - OWN..=u32::MAX), [3, 4]);
        assert_eq!(items(segment.first, row).collect::<Items>(), segment.items);
    }

    #[test]
    fn a_user_is_looked_up_in_the_same_row_as_each_of_the_user_s_conversations() {
        let level = Level { length: 100, first_bucket: 8, buckets: 64 };
        let conversations =
            ["app\u{1f}one\u{1f}ann", "app\u{1f}two\u{1f}ann", "other\u{1f}one\u{1f}ann", "ann"];
        let others = (0..50).map(|number| format!("app\u{1f}one\u{1f}ann{number}"));
        let all = conversations.map(str::to_owned).into_iter().cycle().take(8).chain(others);
        let items = all.zip(1..).map(|(key, id)| (conversation_hash(key.as_bytes()), EntryId(id)));
        let segment = Segment::of(items.collect()).unwrap();
        let rows = segment.buckets(level.buckets);
        let found = |of| {
            let hashes = Hashes::of(of);
            let row = &rows[(level.bucket(&hashes) - level.first_bucket) as usize];
            let found = find(segment.first, row, &hashes).map(|id| id.0).collect::<Vec<_>>();
            let begin = hashes.beginning();
            assert!(found.is_empty() || row.windows(begin.len()).any(|it| it == begin), "{begin:?}");
            (found, begin.len())
        };
        assert_eq!(found(EntriesOf::User("ann")), ((1..=8).collect(), 3));
        for (number, conversation) in (1..).zip(conversations) {
            assert_eq!(found(EntriesOf::Conversation(conversation)), (vec![number, number + 4], 4));
        }
        assert_eq!(found(EntriesOf::User("bob")).0, [0_i64; 0]);
    }

    #[test]
    fn sparse_neighbours_are_joined_until_they_make_a_segment() {
        let mut join = Join::new(4096);
        // Five of a third each, one that is full, and two.
        let third = |from: i64| segment((from..from + 3 * 1_365).step_by(3));
        for number in 0..3 {
            assert_eq!(join.add(third(number * 10_000)), None);
        }
        let joined = join.add(third(30_000)).unwrap();
        assert_eq!((joined.first, joined.last), (EntryId(0), EntryId(20_000 + 3 * 1_364)));
        assert_eq!((joined.items.len(), joined.items[1_365].1), (3 * 1_365, EntryId(10_000)));
        assert_eq!(join.add(third(40_000)), None);
        let joined = join.add(segment(50_000..54_096)).unwrap();
        assert_eq!((joined.first, joined.items.len()), (EntryId(30_000), 2 * 1_365));
        assert_eq!(join.add(third(60_000)), None);
        assert_eq!(join.add(third(70_000)), None);
        assert_eq!(join.first(), EntryId(60_000));
        assert_eq!(join.finish().unwrap().items.len(), 2 * 1_365);
    }
}
