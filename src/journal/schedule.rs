//! Whose turn it is in one queue: pending entries by conversation, due times and leases, in memory.
//!
//! Every operation is O(log n) in the number of pending entries. Measured with a million of them, one costs 25 bytes
//! in a conversation with a thousand, 65 with ten, and 340 in one of its own, however large its body is.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::{
    EntryId, JournalError, Lease,
    fingerprint::Fingerprint,
    interrupted::{Interrupted, Suspect},
    time::Step,
};
use crate::{clock::UnixMillis, identity_hasher::BuildIdentityHasher};

/// The pending entries of one queue.
///
/// Changes can be taken back until they are [committed](Self::commit), so that they can be made while a
/// store's transaction is still open.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Every conversation with a pending entry or a lease.
    lines: HashMap<Fingerprint, Line, BuildIdentityHasher>,
    /// One for each conversation that has pending entries, unless its head was interrupted.
    turns: BTreeSet<Turn>,
    /// One for each conversation whose head was interrupted.
    suspects: BTreeSet<Turn>,
    interrupted: Interrupted,
    /// When the head of each of these was accepted: the oldest of all is one of them.
    heads: BTreeMap<EntryId, UnixMillis>,
    /// The highest number that an entry has had here.
    newest: Option<EntryId>,
    pending: u64,
    leased: u64,
    fence: u64,
    undo: Vec<Undo>,
}

/// One conversation.
#[derive(Debug, Default)]
struct Line {
    entries: Entries,
    held: Option<Held>,
}

/// The pending entries of a conversation, in order of acceptance.
///
/// The head decides its turn, and is nearly always the only one: it has its place in the line itself, where it costs no
/// allocation and is at hand.
#[derive(Debug, Default)]
struct Entries {
    head: Option<(EntryId, Times)>,
    others: VecDeque<(EntryId, Times)>,
}

/// When the head of a conversation can be leased: the order in which leases are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// When the head is due, or the conversation's lease ends, whichever is later.
    ready_at: UnixMillis,
    id: EntryId,
    conversation: Fingerprint,
}

/// The first entry of a conversation, and when it was accepted.
type Head = (EntryId, UnixMillis);

/// The head of a conversation, and its turn among the turns or among the suspects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Front {
    turn: Turn,
    is_suspect: bool,
    head: Head,
}

/// A conversation's lease. When it is over it stays until somebody else is given one: until then its
/// holder may still settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    id: EntryId,
    fence: u64,
    until: UnixMillis,
}

/// The times of a pending entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) due_at: UnixMillis,
    pub(super) accepted_at: UnixMillis,
}

/// What there was before a change: of an entry, and of its conversation's lease.
#[derive(Debug)]
struct Undo {
    conversation: Fingerprint,
    id: EntryId,
    times: Option<Times>,
    held: Option<Held>,
}

impl Schedule {
    /// Adds a pending entry, at its place in the order of acceptance.
    pub(super) fn insert(&mut self, conversation: Fingerprint, id: EntryId, times: Times) {
        self.change(conversation, id, |_, held| (Some(times), held));
    }

    /// Leases the entry that became ready first; among those of one moment, the one accepted first.
    ///
    /// An entry is ready when it is due, the first of its conversation, and no lease of the conversation runs. One that
    /// was interrupted comes before all others, since it has waited longest, but few do at a time.
    pub(super) fn lease(
        &mut self,
        now: UnixMillis,
        until: UnixMillis,
    ) -> Option<(EntryId, Fingerprint, u64)> {
        let Turn { id, conversation, .. } = self.next(now)?;
        self.fence += 1;
        // A lease that is over when it begins would be given again at once, for ever.
        let until = until.max(UnixMillis(now.0.saturating_add(1)));
        let held = Held { id, fence: self.fence, until };
        self.change(conversation, id, |times, _| (times, Some(held)));
        Some((id, conversation, self.fence))
    }

    /// The turn that comes now.
    fn next(&self, now: UnixMillis) -> Option<Turn> {
        let ready = |turns: &BTreeSet<Turn>| turns.first().filter(|turn| turn.ready_at <= now).copied();
        let is_in_work = |id: EntryId, suspect: &Suspect| {
            let held = self.lines.get(&suspect.conversation).and_then(|line| line.held);
            held.is_some_and(|held| held.id == id && held.until > now)
        };
        let suspect = ready(&self.suspects).filter(|turn| self.interrupted.may_try(turn.id, is_in_work));
        suspect.or_else(|| ready(&self.turns))
    }

    /// The entry was in work when the last process died.
    pub(super) fn interrupt(&mut self, id: EntryId, suspect: Suspect) {
        self.refile(suspect.conversation, |interrupted| interrupted.add(id, suspect));
    }

    /// The entries of which a lease is held, running or not.
    pub(super) fn leased_entries(&self) -> impl Iterator<Item = EntryId> {
        self.lines.values().filter_map(|line| line.held.map(|held| held.id))
    }

    /// Whether `lease` still holds its conversation.
    pub(super) fn check(&self, lease: &Lease) -> Result<(), JournalError> {
        let held = self.lines.get(&lease.conversation).and_then(|line| line.held);
        held.filter(|held| held.fence == lease.fence).map(drop).ok_or(JournalError::LeaseLost(lease.id))
    }

    /// The entry is pending no more, and neither is a lease of it.
    pub(super) fn settle(&mut self, conversation: Fingerprint, id: EntryId) {
        self.end_attempt(conversation, id);
        self.change(conversation, id, |_, held| (None, held.filter(|held| held.id != id)));
    }

    /// The entry is pending no more, but whoever holds it is at it still: the conversation waits for them.
    pub(super) fn withdraw(&mut self, conversation: Fingerprint, id: EntryId) {
        self.change(conversation, id, |_, held| (None, held));
    }

    /// The entry is held no more and due at `due_at`.
    pub(super) fn postpone(&mut self, conversation: Fingerprint, id: EntryId, due_at: UnixMillis) {
        self.end_attempt(conversation, id);
        self.change(conversation, id, |times, held| {
            (times.map(|times| Times { due_at, ..times }), held.filter(|held| held.id != id))
        });
    }

    /// An attempt has ended without the process. That is so whether the store takes note of it or not: a rollback does
    /// not take it back.
    fn end_attempt(&mut self, conversation: Fingerprint, id: EntryId) {
        if self.interrupted.get(id).is_some() {
            self.refile(conversation, |interrupted| interrupted.end(id));
        }
    }

    /// The wall clock was set: what was to happen in some time still does. Cannot be taken back.
    pub(super) fn step(&mut self, step: Step) {
        self.turns.clear();
        self.suspects.clear();
        self.interrupted.step(step);
        for (conversation, line) in &mut self.lines {
            for (_, times) in line.entries.iter_mut() {
                times.due_at = step.applied_to(times.due_at);
            }
            if let Some(held) = &mut line.held {
                held.until = step.applied_to(held.until);
            }
            if let Some(Front { turn, is_suspect, .. }) = line.front(*conversation, &self.interrupted) {
                let turns = if is_suspect { &mut self.suspects } else { &mut self.turns };
                turns.insert(turn);
            }
        }
    }

    /// Whether a lease would be given now.
    pub(super) fn is_ready(&self, now: UnixMillis) -> bool {
        self.next(now).is_some()
    }

    /// How many entries are pending.
    pub(super) fn pending(&self) -> u64 {
        self.pending
    }

    /// How many entries are leased.
    pub(super) fn leased(&self) -> u64 {
        self.leased
    }

    /// When the oldest pending entry was accepted.
    pub(super) fn oldest(&self) -> Option<UnixMillis> {
        self.heads.first_key_value().map(|(_, accepted_at)| *accepted_at)
    }

    /// Keeps every change so far.
    pub(super) fn commit(&mut self) {
        self.undo.clear();
    }

    /// Takes back every change since the last commit, leases included; fences are never used again.
    pub(super) fn rollback(&mut self) {
        for Undo { conversation, id, times, held } in std::mem::take(&mut self.undo).into_iter().rev() {
            self.change(conversation, id, |_, _| (times, held));
        }
        self.undo.clear();
    }

    /// One without entries for the same queue, read anew from the store: no fence is used again, and what was
    /// interrupted still is.
    pub(super) fn successor(&self) -> Self {
        Self { fence: self.fence, interrupted: self.interrupted.clone(), ..Self::default() }
    }

    /// Takes over the leases of `other` on entries that are pending here, and if `withdrawn_too`, on those that are not.
    pub(super) fn adopt(&mut self, other: &Self, withdrawn_too: bool) {
        for (conversation, line) in &other.lines {
            let Some(held) = line.held else { continue };
            let line = self.lines.get(conversation);
            if withdrawn_too || line.is_some_and(|line| line.entries.place(held.id).is_ok()) {
                self.change(*conversation, held.id, |times, _| (times, Some(held)));
            }
        }
        self.commit();
    }

    /// Makes an entry, and the lease of its conversation, what `change` makes of them.
    fn change(
        &mut self,
        conversation: Fingerprint,
        id: EntryId,
        change: impl FnOnce(Option<Times>, Option<Held>) -> (Option<Times>, Option<Held>),
    ) {
        let line = self.lines.entry(conversation).or_default();
        let before = line.front(conversation, &self.interrupted);
        // A new one comes last: its line's end, which is cold, need not be looked at.
        let place =
            if Some(id) > self.newest { Err(line.entries.len()) } else { line.entries.place(id) };
        self.newest = self.newest.max(Some(id));
        let times = place.ok().and_then(|at| line.entries.get(at));
        let held = line.held;
        let was_leased = line.is_leased();
        self.undo.push(Undo { conversation, id, times, held });

        let (new_times, new_held) = change(times, held);
        match (place, new_times) {
            (Ok(at), Some(times)) => line.entries.set(at, times),
            (Err(at), Some(times)) => line.entries.insert(at, (id, times)),
            (Ok(at), None) => line.entries.remove(at),
            (Err(_), None) => {}
        }
        line.held = new_held;
        let after = line.front(conversation, &self.interrupted);
        self.leased = self.leased + u64::from(line.is_leased()) - u64::from(was_leased);
        if line.entries.head.is_none() && line.held.is_none() {
            self.lines.remove(&conversation);
        }
        self.pending = self.pending + u64::from(new_times.is_some()) - u64::from(times.is_some());
        self.replace(before, after);
    }

    /// Changes what is known of interrupted entries of one conversation.
    fn refile(&mut self, conversation: Fingerprint, change: impl FnOnce(&mut Interrupted)) {
        let front = |schedule: &Self| {
            let line = schedule.lines.get(&conversation)?;
            line.front(conversation, &schedule.interrupted)
        };
        let before = front(self);
        change(&mut self.interrupted);
        self.replace(before, front(self));
    }

    fn replace(&mut self, old: Option<Front>, new: Option<Front>) {
        if old.map(|old| old.head) != new.map(|new| new.head) {
            if let Some(Front { head: (id, _), .. }) = old {
                self.heads.remove(&id);
            }
            self.heads.extend(new.map(|new| new.head));
        }
        if old == new {
            return;
        }
        if let Some(Front { turn, is_suspect, .. }) = old {
            self.turns_of(is_suspect).remove(&turn);
        }
        if let Some(Front { turn, is_suspect, .. }) = new {
            self.turns_of(is_suspect).insert(turn);
        }
    }

    fn turns_of(&mut self, is_suspect: bool) -> &mut BTreeSet<Turn> {
        if is_suspect { &mut self.suspects } else { &mut self.turns }
    }
}

impl Line {
    /// Its head, and the turn that it should have.
    fn front(&self, conversation: Fingerprint, interrupted: &Interrupted) -> Option<Front> {
        let (id, Times { due_at, accepted_at }) = self.entries.head?;
        let suspect = interrupted.get(id);
        let due_at = suspect.map_or(due_at, |suspect| due_at.max(suspect.not_before));
        let ready_at = self.held.map_or(due_at, |held| due_at.max(held.until));
        let turn = Turn { ready_at, id, conversation };
        Some(Front { turn, is_suspect: suspect.is_some(), head: (id, accepted_at) })
    }

    /// Whether a pending entry is leased; the lease of one that was withdrawn is nobody's work any more.
    fn is_leased(&self) -> bool {
        self.held.is_some_and(|held| self.entries.place(held.id).is_ok())
    }
}

impl Entries {
    /// Where an entry stands, or where it would; 0 is the head.
    fn place(&self, id: EntryId) -> Result<usize, usize> {
        match self.head {
            None => Err(0),
            Some((head, _)) if id == head => Ok(0),
            Some((head, _)) if id < head => Err(0),
            Some(_) => {
                let place = self.others.binary_search_by_key(&id, |(id, _)| *id);
                place.map(|at| 1 + at).map_err(|at| 1 + at)
            }
        }
    }

    fn len(&self) -> usize {
        usize::from(self.head.is_some()) + self.others.len()
    }

    fn get(&self, at: usize) -> Option<Times> {
        let entry = match at.checked_sub(1) {
            Some(at) => self.others.get(at),
            None => self.head.as_ref(),
        };
        entry.map(|(_, times)| *times)
    }

    fn set(&mut self, at: usize, times: Times) {
        let entry = match at.checked_sub(1) {
            Some(at) => self.others.get_mut(at),
            None => self.head.as_mut(),
        };
        if let Some((_, old)) = entry {
            *old = times;
        }
    }

    fn insert(&mut self, at: usize, entry: (EntryId, Times)) {
        match at.checked_sub(1) {
            Some(at) => self.others.insert(at, entry),
            None => {
                if let Some(second) = self.head.replace(entry) {
                    self.others.push_front(second);
                }
            }
        }
    }

    fn remove(&mut self, at: usize) {
        match at.checked_sub(1) {
            Some(at) => drop(self.others.remove(at)),
            None => self.head = self.others.pop_front(),
        }
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut (EntryId, Times)> {
        self.head.iter_mut().chain(&mut self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Queue, fingerprint::Fingerprints};

    const NOW: UnixMillis = UnixMillis(1000);
    const LATER: UnixMillis = UnixMillis(2000);
    const TIMES: Times = Times { due_at: NOW, accepted_at: NOW };

    fn leased(schedule: &mut Schedule) -> Lease {
        let (id, conversation, fence) = schedule.lease(NOW, LATER).unwrap();
        Lease { id, queue: Queue::Inbox, conversation, fence }
    }

    #[test]
    fn what_was_not_committed_is_taken_back_as_a_whole() {
        let line = Fingerprints::new().of(Queue::Inbox, "a");
        let mut schedule = Schedule::default();
        schedule.insert(line, EntryId(1), TIMES);
        schedule.insert(line, EntryId(2), TIMES);
        let lease = leased(&mut schedule);
        schedule.commit();

        schedule.settle(line, EntryId(1));
        schedule.insert(line, EntryId(3), TIMES);
        let second = leased(&mut schedule);
        assert_eq!(second.id, EntryId(2));
        schedule.postpone(line, EntryId(2), LATER);
        schedule.rollback();

        assert_eq!((schedule.pending(), schedule.leased(), schedule.oldest()), (2, 1, Some(NOW)));
        assert!(schedule.check(&lease).is_ok());
        assert!(schedule.check(&second).is_err());
        assert!(!schedule.is_ready(NOW) && schedule.is_ready(LATER));
        schedule.settle(line, EntryId(1));
        let again = leased(&mut schedule);
        assert_eq!(again.id, EntryId(2));
        assert!(again.fence > second.fence);
    }
}
