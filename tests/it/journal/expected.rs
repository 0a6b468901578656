//! The plain model of a journal, which measures with a clock of its own that nobody sets: the sum of the time that has
//! passed while the journal was open.

use std::{ops::RangeInclusive, time::Duration};

use rongcloud_callback::{
    clock::UnixMillis,
    journal::{Appended, NewEntry, PerQueue, Queue, Record, State},
};

use super::{
    remembered::{Arrival, Memories, name},
    support::{Ending, KEEP, KEEP_DEAD},
};

/// The longest time before anybody notices that a server which shares the journal has died.
const NOTICED_AFTER: Duration = Duration::from_secs(15);
/// The time between two entries that come back one by one.
pub(super) const APART: Duration = Duration::from_millis(500);

/// The looks that an entry should have.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expected {
    pub(super) queue: Queue,
    pub(super) conversation: String,
    pub(super) key: String,
    pub(super) state: State,
    pub(super) attempts: u32,
    pub(super) accepted_at: UnixMillis,
    pub(super) due_at: UnixMillis,
    pub(super) settled_at: Option<UnixMillis>,
}

impl From<&Record> for Expected {
    fn from(record: &Record) -> Self {
        Self {
            queue: record.queue,
            conversation: record.conversation.clone(),
            key: name(&record.body, record.answers),
            state: record.state,
            attempts: record.attempts,
            accepted_at: record.accepted_at,
            due_at: record.due_at,
            settled_at: record.settled_at,
        }
    }
}

/// An entry as the model knows it.
#[derive(Debug)]
pub(super) struct Known {
    /// The entry's number, counted over all entries.
    pub(super) number: usize,
    pub(super) looks: Expected,
    /// The age of the world when the entry was accepted, and whether a clock was set since.
    pub(super) accepted: i64,
    pub(super) was_clock_set: bool,
    /// When the entry was settled, on the clock that nobody sets.
    pub(super) settled: Option<Duration>,
    /// How many attempts have begun and counted since the last one that ended.
    pub(super) open: u32,
    /// Whether the process found the entry when it started. In a journal that one server has to itself only an attempt at
    /// such an entry counts when it begins; any other one counts when it ends, and not at all if its process dies.
    found: bool,
    /// Whether an attempt has begun that does not count yet.
    uncounted: bool,
    /// For an entry that was in work when its process died: the time before which it is not tried, and how many times in a
    /// row that has happened.
    pub(super) suspect: Option<(UnixMillis, u32)>,
}

/// A lease that somebody was given.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) entry: usize,
    pub(super) queue: Queue,
    pub(super) conversation: String,
    pub(super) until: UnixMillis,
    /// The lease's number, counted over all leases.
    pub(super) number: usize,
    /// The number of the process that holds the lease, counted over all openings of the journal.
    pub(super) process: usize,
}

/// The journal as it should be, by the simplest means.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Whether several servers can have it open.
    is_shared: bool,
    /// The entries in order of acceptance.
    pub(super) entries: Vec<Known>,
    pub(super) memories: Memories,
    /// The latest lease of each conversation, until it is settled.
    pub(super) held: Vec<Given>,
    pub(super) leases: usize,
    /// The number of the process that has the journal open.
    pub(super) process: usize,
    /// How many entries were ever accepted, and how many of them were purged.
    pub(super) accepted: usize,
    pub(super) purged: usize,
    /// How much time has passed while the journal was open; and how much of it crashes may have made it forget.
    pub(super) running: Duration,
    pub(super) forgotten: Duration,
    /// How much time had passed when the process opened the journal.
    opened: Duration,
    /// Attempts at suspects of each queue that have ended since the journal was opened.
    pub(super) ended: PerQueue<usize>,
}

impl Known {
    /// Counts the attempt in work.
    fn count(&mut self) {
        self.looks.attempts += 1;
        self.uncounted = false;
    }
}

impl Model {
    pub(super) fn new(is_shared: bool) -> Self {
        Self { is_shared, ..Self::default() }
    }

    pub(super) fn append(&mut self, new: &NewEntry, now: UnixMillis) -> Appended {
        let NewEntry { queue, conversation, body, .. } = new.clone();
        let name = String::from_utf8(body.into()).unwrap();
        self.add(Arrival { queue, name, conversation }, new.dead.is_some(), now)
    }

    /// Adds what has become due.
    pub(super) fn arrive(&mut self, now: UnixMillis) {
        for arrival in self.memories.arrive() {
            self.add(arrival, false, now);
        }
    }

    fn add(&mut self, new: Arrival, is_dead: bool, now: UnixMillis) -> Appended {
        let Arrival { queue, name: key, conversation } = new;
        if self.entry(queue, &key).is_some() {
            return Appended::Duplicate;
        }
        let looks = Expected {
            queue,
            conversation,
            key,
            state: if is_dead { State::Dead } else { State::Pending },
            attempts: 0,
            accepted_at: now,
            due_at: now,
            settled_at: is_dead.then_some(now),
        };
        let settled = is_dead.then_some(self.running);
        self.entries.push(Known {
            number: self.accepted,
            looks,
            accepted: self.memories.age(),
            was_clock_set: false,
            settled,
            open: 0,
            found: false,
            uncounted: false,
            suspect: None,
        });
        self.accepted += 1;
        Appended::New
    }

    /// The entries that may be leased, each the first pending one of a conversation that nobody holds.
    pub(super) fn ready(&self, queue: Queue, now: UnixMillis) -> Vec<usize> {
        let mut seen = Vec::new();
        let (mut ready, mut suspects) = (Vec::new(), Vec::new());
        for Known { number, looks, suspect, .. } in &self.entries {
            if looks.queue != queue
                || looks.state != State::Pending
                || seen.contains(&&looks.conversation)
            {
                continue;
            }
            seen.push(&looks.conversation);
            let held = self.holder(queue, &looks.conversation).map_or(looks.due_at, |held| held.until);
            let not_before = suspect.map_or(looks.due_at, |(not_before, _)| not_before);
            let ready_at = looks.due_at.max(held).max(not_before);
            if ready_at <= now {
                match suspect {
                    None => ready.push(*number),
                    Some((_, times)) => suspects.push((ready_at, *number, *times)),
                }
            }
        }
        ready.extend(self.tried(queue, now, suspects));
        ready
    }

    /// The suspects that are ready and may be tried: those that were interrupted more than once alone, the
    /// others one at first, and one more for each that has ended.
    pub(super) fn tried(
        &self,
        queue: Queue,
        now: UnixMillis,
        mut suspects: Vec<(UnixMillis, usize, u32)>,
    ) -> Vec<usize> {
        suspects.sort_unstable();
        let is_in_work = |it: &&Known| {
            let held = self.holder(queue, &it.looks.conversation);
            held.is_some_and(|held| held.entry == it.number && held.until > now)
        };
        let of_queue = self.entries.iter().filter(|it| it.looks.queue == queue);
        let in_work = of_queue.filter(is_in_work).filter_map(|it| it.suspect);
        let mut in_work: Vec<u32> = in_work.map(|(_, times)| times).collect();
        let mut tried = Vec::new();
        for (_, number, times) in suspects {
            in_work.push(times);
            let most = if in_work.iter().any(|times| *times > 1) { 1 } else { 1 + self.ended[queue] };
            if in_work.len() > most {
                break;
            }
            tried.push(number);
        }
        tried
    }

    pub(super) fn holder(&self, queue: Queue, conversation: &str) -> Option<&Given> {
        self.held.iter().find(|held| held.queue == queue && held.conversation == conversation)
    }

    /// Gives a lease of an entry that is ready; returns the number of the attempt and of the lease.
    pub(super) fn lease(&mut self, queue: Queue, key: &str, until: UnixMillis) -> (u32, usize) {
        let is_shared = self.is_shared;
        let entry = self.entry(queue, key).unwrap();
        if entry.uncounted {
            // Its lease ran out.
            entry.count();
        }
        let attempt = entry.looks.attempts + 1;
        if is_shared || entry.found {
            entry.count();
            entry.open += 1;
        } else {
            entry.uncounted = true;
        }
        let conversation = entry.looks.conversation.clone();
        let entry = entry.number;
        // An attempt whose lease ran out counts when its entry is leased again, but not if an earlier entry of the
        // conversation, which was revived, had a lease in between.
        let before = self.holder(queue, &conversation).map(|held| held.entry);
        if let Some(before) = before.filter(|before| *before != entry) {
            let mut entries = self.entries.iter_mut();
            if let Some(it) = entries.find(|it| it.number == before) {
                it.uncounted = false;
            }
        }
        self.leases += 1;
        self.held.retain(|held| held.queue != queue || held.conversation != conversation);
        let (number, process) = (self.leases, self.process);
        self.held.push(Given { entry, queue, conversation, until, number, process });
        (attempt, number)
    }

    /// Ends a lease; returns its entry if the lease still counted.
    pub(super) fn settle(&mut self, number: usize) -> Option<&mut Known> {
        let held = self.held.iter().position(|held| held.number == number)?;
        let held = self.held.remove(held);
        let entry = self.entries.iter_mut().find(|entry| entry.number == held.entry)?;
        self.ended[held.queue] += usize::from(entry.suspect.take().is_some());
        if entry.looks.state != State::Pending {
            return None;
        }
        if entry.uncounted {
            entry.count();
        }
        entry.open = 0;
        Some(entry)
    }

    /// Ends the process, which has told the journal so, or has not.
    pub(super) fn end(&mut self, ending: Ending, leases_outlive: bool) {
        let is_own = |held: &Given| held.process == self.process;
        if matches!(ending, Ending::Orderly) {
            for held in self.held.iter().filter(|held| is_own(held)) {
                let mut entries = self.entries.iter_mut();
                if let Some(entry) = entries.find(|entry| entry.number == held.entry) {
                    if entry.uncounted && entry.looks.state == State::Pending {
                        entry.count();
                    }
                    entry.open = entry.open.saturating_sub(1);
                }
            }
        } else if self.is_shared {
            // The journal's time is noted every other second of the machine's time, in which any amount of the model's
            // may have passed: perhaps never since the process opened it.
            self.forgotten += self.running.saturating_sub(self.opened);
        } else {
            // The journal's time is noted once a minute.
            self.forgotten += Duration::from_mins(1);
        }
        if !leases_outlive {
            self.held.retain(|held| held.process != self.process);
        }
    }

    /// Opens the journal in a new process; an entry that was in work when the one before died is suspect.
    ///
    /// Where several servers have it, the new one cannot know yet whether the others died: entries whose leases end before
    /// it can come back later and one by one. Returns which those are, and between which moments each is due.
    pub(super) fn begin(&mut self, now: UnixMillis) -> Vec<(usize, RangeInclusive<UnixMillis>)> {
        self.process += 1;
        self.opened = self.running;
        self.ended = PerQueue::default();
        if self.is_shared {
            return self.interrupted(now);
        }
        for entry in &mut self.entries {
            (entry.found, entry.uncounted) = (true, false);
            let is_suspect = entry.looks.state == State::Pending && entry.open > 0;
            entry.suspect = is_suspect.then(|| (now.plus(delay(entry.open)), entry.open));
        }
        Vec::new()
    }

    /// The entries that others have leased, until a moment at which nobody knows yet whether they died.
    fn interrupted(&self, now: UnixMillis) -> Vec<(usize, RangeInclusive<UnixMillis>)> {
        let unnoticed = self.held.iter().filter(|held| held.until <= now.plus(NOTICED_AFTER));
        let unnoticed: Vec<_> = unnoticed.map(|held| held.entry).collect();
        let is_interrupted =
            |it: &&Known| it.looks.state == State::Pending && unnoticed.contains(&it.number);
        let entries: Vec<_> = self.entries.iter().filter(is_interrupted).collect();
        let most_apart = APART * entries.len().try_into().unwrap_or(u32::MAX);
        let due = |it: &&Known| {
            // By the attempts in a row that did not end at least, and by all that began at most.
            now.plus(delay(it.open))..=now.plus(delay(it.looks.attempts) + most_apart)
        };
        entries.iter().map(|it| (it.number, due(it))).collect()
    }

    /// At least how many entries this process has leased, and at most: a lease that is over may count until somebody
    /// else has one, and one of an entry that was discarded until its holder settles it.
    pub(super) fn leased(&self, queue: Queue, now: UnixMillis) -> RangeInclusive<u64> {
        let own = |it: &&Given| it.queue == queue && it.process == self.process;
        let is_pending = |number| {
            self.entries.iter().any(|it| it.number == number && it.looks.state == State::Pending)
        };
        let in_work = |it: &&Given| it.until > now && is_pending(it.entry);
        let own = || self.held.iter().filter(own);
        own().filter(in_work).count() as u64..=own().count() as u64
    }

    pub(super) fn entry(&mut self, queue: Queue, key: &str) -> Option<&mut Known> {
        self.entries.iter_mut().find(|entry| entry.looks.queue == queue && entry.looks.key == key)
    }

    /// Sets the clock: a pending entry keeps its distance from now, and a time that was written stays as it is.
    pub(super) fn set_clock(&mut self, by: i64) {
        let moved = |time: UnixMillis| UnixMillis(time.0 + by);
        for entry in &mut self.entries {
            entry.was_clock_set = true;
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.looks.state == State::Pending) {
            entry.looks.due_at = moved(entry.looks.due_at);
            entry.suspect = entry.suspect.map(|(not_before, times)| (moved(not_before), times));
        }
        for held in &mut self.held {
            held.until = moved(held.until);
        }
    }

    /// How long an entry has been kept beyond its time; none if it has not been for so long.
    pub(super) fn overdue(&self, entry: &Known) -> Option<Duration> {
        let keep = if entry.looks.state == State::Dead { KEEP_DEAD } else { KEEP };
        self.running.checked_sub(entry.settled?)?.checked_sub(keep)
    }
}

/// How long an entry that was interrupted `times` times waits before it is tried again.
fn delay(times: u32) -> Duration {
    Duration::from_secs(3u64.saturating_pow(times.saturating_sub(1)).min(3600))
}

/// Makes an entry done or dead.
pub(super) fn settle(entry: &mut Known, state: State, now: UnixMillis, running: Duration) {
    (entry.looks.state, entry.looks.settled_at) = (state, Some(now));
    entry.settled = Some(running);
}
