//! The index of entries by conversation, in segments. An ordinary index costs 5 to 9 % of the database's processor
//! time for each acceptance.

use std::{collections::HashMap, sync::LazyLock, time::Duration};

use tokio::time::Instant;
use tokio_postgres::{Error, Row, types::ToSql};

use super::{
    client::Client,
    filter::{bound, direction, end_of_conversation},
    key_hash::KeyHash,
    retry::{BEGIN, with_timeout},
};
use crate::journal::{
    EntryId, JournalError, Order,
    driver::conversation_segment::{
        Hashes, Items, Join, Level, Segment, conversation_hash, find, items,
    },
    filter::{EntriesOf, end_of_user},
};

/// Segments as they are made at first: a look goes through the entries that are in none, and reads a row of each. All of them
/// become a full one once they have enough entries for it.
const NEW: Level = Level { length: 1024, first_bucket: 0, buckets: 8 };
/// Full segments. The database searches all bytes of a row.
const FULL: Level = Level { length: 16 * NEW.length, first_bucket: 8, buckets: 64 };
/// How many segments are looked at after each purge.
const JOIN: usize = 8;
/// The most rows that are read at once.
const ROWS: usize = 8;
/// The time between two looks for entries that make a segment, and between two segments.
const EVERY: Duration = Duration::from_millis(500);
const STEP_EVERY: Duration = Duration::from_millis(20);
/// The advisory lock of the one replica that makes or joins segments: `RCcb` in ASCII, and four more than the migrations' lock.
const LOCK: i64 = 0x5243_6366;

/// The statement that tells the last entry in a segment.
static INDEXED: LazyLock<String> = LazyLock::new(|| {
    let last = |Level { first_bucket, .. }| {
        format!(
            "(select last_id from conversation_index where bucket = {first_bucket} order by first_id desc limit 1)"
        )
    };
    format!("select greatest({}, {}, 0)", last(NEW), last(FULL))
});

/// The statement that tells the last entry in a segment, the newest entry, the oldest transaction that has not ended, and
/// the next one.
static SEEN: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select ({}), coalesce((select max(id) from entry), 0), txid_snapshot_xmin(s), txid_snapshot_xmax(s)
        from txid_current_snapshot() s",
        *INDEXED
    )
});

/// The statement that reads the first `$2` entries that are in no segment, up to the entry `$1`.
static UNINDEXED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select id, conversation from entry where id <= $1 and id > ({}) order by id limit $2",
        *INDEXED
    )
});

/// The statement that tells the newest entry of each of the conversations `$1` that has some in no segment.
static NEWEST_UNINDEXED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select conversation_hash, max(id) from entry
        where id > ({}) and conversation_hash = any($1::bytea[]) group by conversation_hash",
        *INDEXED
    )
});

/// The statement that reads of each bucket in `$1` the newest row with the bytes at the same place in `$2`.
const NEWEST_INDEXED: &str = "
    select place, first_id, items from unnest($1::integer[], $2::bytea[]) with ordinality w (wanted, bytes, place)
    cross join lateral (
        select first_id, items from conversation_index
        where bucket = wanted and position(bytes in items) > 0 order by first_id desc limit 1
    ) s";

/// The statement that writes the rows of a segment, the first of them into the bucket `$1`.
const WRITE: &str = "
    insert into conversation_index (bucket, first_id, last_id, items)
    select $1::integer + place - 1, $2::bigint, $3::bigint, items
    from unnest($4::bytea[]) with ordinality r (items, place)";

/// The statement that deletes the segments that begin with an entry from `$3` to `$4`, from the buckets `$1` to `$2`.
const DELETE: &str = "
    delete from conversation_index using generate_series($1::integer, $2::integer) b
    where bucket = b and first_id between $3 and $4";

/// The statement that finds the last of the segments with the bucket `$1` of which no entry is left.
const LAST_EMPTY: &str = "
    select max(first_id) from conversation_index
    where bucket = $1 and first_id < $2 and last_id < coalesce((select min(id) from entry), $2)";

/// The repeated look of a replica for entries that make a segment.
///
/// # Design
///
/// The transactions of several connections may commit in another order than that of their entries' numbers, so that the
/// newest entry that is seen does not mean that all before it are there. A transaction has its own number before it takes
/// any for an entry, as it locks the conversation first. So once all transactions have ended that had begun when an entry was
/// seen, nothing comes before that entry any more.
#[derive(Debug)]
pub(super) struct IndexSchedule {
    next_at: Instant,
    /// The newest entry at a look, and the first transaction that had not begun then.
    seen: Option<(EntryId, i64)>,
    /// The last entry before which nothing comes any more.
    complete: EntryId,
}

impl IndexSchedule {
    pub(super) fn new() -> Self {
        Self { next_at: Instant::now(), seen: None, complete: EntryId(0) }
    }

    /// The time at which the next step is due.
    pub(super) fn next_at(&self) -> Instant {
        self.next_at
    }

    /// Makes a segment, if there are enough entries for one.
    pub(super) async fn step(&mut self, client: &Client) -> Result<(), JournalError> {
        let seen = with_timeout(client, || client.query_one(SEEN.as_str(), &[])).await?;
        let [indexed, newest, oldest_transaction, next_transaction] =
            [0, 1, 2, 3].map(|it| seen.get(it));
        if let Some((entry, _)) = self.seen.take_if(|(_, ended)| *ended <= oldest_transaction) {
            self.complete = entry;
        }
        self.seen.get_or_insert((EntryId(newest), next_transaction));
        let (complete, waiting) = (self.complete, self.complete.0 - indexed);
        // Whoever is far behind makes full segments.
        let length = if waiting < bound(FULL.length) { NEW.length } else { FULL.length };
        let is_written = waiting >= bound(NEW.length)
            && with_timeout(client, || write_next(client, complete, length)).await?;
        self.next_at = Instant::now() + if is_written { STEP_EVERY } else { EVERY };
        Ok(())
    }
}

/// Writes the next segment, of at most `length` of the entries up to `complete`, unless there are too few of them, or another
/// replica is just doing so.
async fn write_next(client: &Client, complete: EntryId, length: usize) -> Result<bool, Error> {
    client.batch_execute(BEGIN).await?;
    let lock = client.query_one("select pg_try_advisory_xact_lock($1)", &[&LOCK]).await?;
    let mut items = Items::new();
    if lock.try_get(0)? {
        items = read(&client.query(UNINDEXED.as_str(), &[&complete.0, &bound(length)]).await?)?;
    }
    let level = if items.len() < FULL.length { NEW } else { FULL };
    items.truncate(level.length);
    let segment = Segment::of(items).filter(|segment| segment.items.len() == level.length);
    if let Some(segment) = &segment {
        if level == FULL {
            // No new segment is before a full one.
            join_new(client, 1).await?;
        }
        write(client, level, segment).await?;
        join_new(client, FULL.length).await?;
    }
    client.batch_execute("commit").await?;
    Ok(segment.is_some())
}

/// Makes a full segment of the new ones, if they have so many entries.
async fn join_new(client: &Client, length: usize) -> Result<(), Error> {
    let count = "select count(*) from conversation_index where bucket = $1";
    let count: i64 = client.query_one(count, &[&number(NEW.first_bucket)]).await?.try_get(0)?;
    if count * bound(NEW.length) < bound(length) {
        return Ok(());
    }
    let sql = "select first_id, items from conversation_index where bucket < $1";
    let mut all = Items::new();
    for row in client.query(sql, &[&number(FULL.first_bucket)]).await? {
        all.extend(items(EntryId(row.try_get(0)?), row.try_get(1)?));
    }
    all.sort_unstable_by_key(|(_, id)| *id);
    let Some(joined) = Segment::of(all) else { return Ok(()) };
    delete(client, NEW, joined.first, joined.last).await?;
    write(client, FULL, &joined).await
}

async fn write(client: &Client, level: Level, segment: &Segment) -> Result<(), Error> {
    let rows = segment.buckets(level.buckets);
    let first_bucket = number(level.first_bucket);
    client.execute(WRITE, &[&first_bucket, &segment.first.0, &segment.last.0, &rows]).await.map(drop)
}

/// Deletes the segments that begin with these entries or with one between them.
async fn delete(client: &Client, level: Level, first: EntryId, last: EntryId) -> Result<(), Error> {
    let buckets = [level.first_bucket, level.first_bucket + level.buckets - 1].map(number);
    client.execute(DELETE, &[&buckets[0], &buckets[1], &first.0, &last.0]).await.map(drop)
}

/// A bucket as the database has it.
fn number(bucket: u32) -> i32 {
    i32::try_from(bucket).unwrap_or(i32::MAX)
}

fn read(rows: &[Row]) -> Result<Items, Error> {
    let item = |row: &Row| Ok((conversation_hash(row.try_get(1)?), EntryId(row.try_get(0)?)));
    rows.iter().map(item).collect()
}

/// The first `limit` numbers of the entries of a conversation or a user between `after` and `before`; a few may be those of
/// others.
pub(super) async fn entries(
    client: &Client,
    of: EntriesOf<'_>,
    (after, before): (EntryId, EntryId),
    order: Order,
    limit: usize,
) -> Result<Vec<EntryId>, Error> {
    let hashes = Hashes::of(of);
    let mut look = Look { client, of, hashes, after, before, order, limit, ids: Vec::new() };
    match order {
        Order::NewestFirst => {
            look.add_unindexed().await?;
            look.add_indexed(NEW).await?;
            look.add_indexed(FULL).await?;
        }
        Order::OldestFirst => {
            look.add_indexed(FULL).await?;
            look.add_indexed(NEW).await?;
            look.add_unindexed().await?;
        }
    }
    look.ids.truncate(limit);
    Ok(look.ids)
}

/// The newest entries of conversations as the index tells them: one of them may be gone, or another conversation's, in which
/// case those of the conversation are before it.
pub(super) async fn newest<'a>(
    client: &Client,
    conversations: &'a [String],
) -> Result<HashMap<&'a str, EntryId>, Error> {
    let keys: HashMap<_, _> =
        conversations.iter().map(|key| (KeyHash::of(key.as_bytes()), key.as_str())).collect();
    let hashes: Vec<_> = keys.keys().copied().collect();
    let mut newest = HashMap::new();
    for row in client.query(NEWEST_UNINDEXED.as_str(), &[&hashes]).await? {
        newest.extend(keys.get(&row.try_get(0)?).map(|key| (*key, EntryId(row.get(1)))));
    }
    for level in [NEW, FULL] {
        let missing = keys.values().filter(|key| !newest.contains_key(*key));
        let missing: Vec<_> =
            missing.map(|key| (*key, Hashes::of(EntriesOf::Conversation(key)))).collect();
        let buckets: Vec<_> = missing.iter().map(|(_, hashes)| number(level.bucket(hashes))).collect();
        let beginnings: Vec<_> = missing.iter().map(|(_, hashes)| hashes.beginning()).collect();
        for row in client.query(NEWEST_INDEXED, &[&buckets, &beginnings]).await? {
            let (place, first) = (row.try_get::<_, i64>(0)?, EntryId(row.try_get(1)?));
            let Some((key, hashes)) = usize::try_from(place - 1).ok().and_then(|at| missing.get(at))
            else {
                continue;
            };
            // A row may have the bytes in the middle of two items.
            newest.insert(*key, find(first, row.try_get(2)?, hashes).next_back().unwrap_or(first));
        }
    }
    Ok(newest)
}

/// A look for the entries of a conversation or a user between two numbers, until there are as many as are asked for.
struct Look<'a> {
    client: &'a Client,
    of: EntriesOf<'a>,
    hashes: Hashes,
    after: EntryId,
    before: EntryId,
    order: Order,
    limit: usize,
    ids: Vec<EntryId>,
}

impl Look<'_> {
    fn missing(&self) -> usize {
        self.limit.saturating_sub(self.ids.len())
    }

    /// Adds the entries that are in no segment.
    async fn add_unindexed(&mut self) -> Result<(), Error> {
        let (condition, value): (_, Box<dyn ToSql + Sync + Send>) = match self.of {
            EntriesOf::Conversation(conversation) => {
                ("conversation_hash = $3".to_owned(), Box::new(KeyHash::of(conversation.as_bytes())))
            }
            EntriesOf::User(user) => {
                let end = end_of_user(user);
                (format!("{} = $3", end_of_conversation(&end)), Box::new(end.into_bytes()))
            }
        };
        let sql = format!(
            "select id from entry
             where id > greatest(({}), $1) and id < $2 and {condition}
             order by id {} limit $4",
            *INDEXED,
            direction(self.order)
        );
        let (after, before, missing) = (self.after.0, self.before.0, bound(self.missing()));
        for row in self.client.query(&sql, &[&after, &before, &*value, &missing]).await? {
            self.ids.push(EntryId(row.try_get(0)?));
        }
        Ok(())
    }

    /// Adds the entries that are in segments of a level: all of the last segment that is read.
    async fn add_indexed(&mut self, level: Level) -> Result<(), Error> {
        let bucket = number(level.bucket(&self.hashes));
        let sql = format!(
            "select first_id, items from conversation_index
             where bucket = $1 and position($2 in items) > 0 and first_id < $3 and first_id > $4
                 and first_id >= coalesce(
                     (select max(first_id) from conversation_index where bucket = $1 and first_id <= $5), 0)
             order by first_id {} limit $6",
            direction(self.order)
        );
        let pattern = self.hashes.beginning();
        // The first entries of the segments that are still to be read.
        let (mut before, mut after) = (self.before.0, -1);
        loop {
            let most = ROWS.min(self.missing());
            let parameters: [&(dyn ToSql + Sync); 6] =
                [&bucket, &pattern, &before, &after, &self.after.0, &bound(most)];
            let rows = self.client.query(&sql, &parameters).await?;
            for row in &rows {
                let first = EntryId(row.try_get(0)?);
                let found = find(first, row.try_get(1)?, &self.hashes);
                let found = found.filter(|id| *id > self.after && *id < self.before);
                if self.order == Order::NewestFirst {
                    before = first.0;
                    self.ids.extend(found.rev());
                } else {
                    after = first.0;
                    self.ids.extend(found);
                }
            }
            if rows.len() < most || most == 0 {
                return Ok(());
            }
        }
    }
}

/// After a purge that has looked at all entries up to `looked_at`, drops the segments of which no entry is left, and joins
/// full ones next to each other of which little is left, from the one that begins with `from` on. Returns where the next call
/// begins.
pub(super) async fn compact(
    client: &Client,
    from: EntryId,
    looked_at: EntryId,
) -> Result<EntryId, Error> {
    client.batch_execute(BEGIN).await?;
    client.execute("select pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    for level in [NEW, FULL] {
        let values: [&(dyn ToSql + Sync); 2] = [&number(level.first_bucket), &looked_at.0];
        let last: Option<i64> = client.query_one(LAST_EMPTY, &values).await?.try_get(0)?;
        if let Some(last) = last {
            delete(client, level, EntryId(0), EntryId(last)).await?;
        }
    }
    let parts = "select first_id, last_id from conversation_index
        where bucket = $1 and first_id >= $2 and last_id <= $3 order by first_id limit $4";
    let values: [&(dyn ToSql + Sync); 4] =
        [&number(FULL.first_bucket), &from.0, &looked_at.0, &bound(JOIN)];
    let mut join = Join::new(FULL.length);
    for part in client.query(parts, &values).await? {
        let (first, last) = (EntryId(part.try_get(0)?), EntryId(part.try_get(1)?));
        let left = "select id, conversation from entry where id between $1 and $2 order by id limit $3";
        let items = read(&client.query(left, &[&first.0, &last.0, &bound(join.look())]).await?)?;
        if let Some(joined) = join.add(Segment { first, last, items }) {
            replace_parts(client, &joined).await?;
        }
    }
    let next = join.first().max(from);
    if let Some(joined) = join.finish() {
        replace_parts(client, &joined).await?;
    }
    client.batch_execute("commit").await?;
    Ok(next)
}

/// Writes a full segment in place of those that it was made of.
async fn replace_parts(client: &Client, joined: &Segment) -> Result<(), Error> {
    delete(client, FULL, joined.first, joined.last).await?;
    write(client, FULL, joined).await
}
