//! A bounded list that counts its entries from 1 and forgets the oldest ones.

use std::collections::VecDeque;

use serde::Serialize;

/// The newest entries of a list, bounded in their number and in their bytes.
///
/// The newest entry is always kept, however large it is.
#[derive(Debug)]
pub(super) struct RingBuffer<T> {
    /// Each entry with its size in bytes.
    entries: VecDeque<(T, usize)>,
    /// The id that the next entry gets.
    next: u64,
    max_entries: usize,
    /// The size of all entries together.
    bytes: usize,
    max_bytes: usize,
    size_of: fn(&T) -> usize,
    /// The entry that [`get_mut`](Self::get_mut) returned last, whose size may have changed since.
    changed: Option<u64>,
}

impl<T> RingBuffer<T> {
    /// An empty list for at most `max_entries` entries of `max_bytes` together, with the size that `size_of` returns.
    pub(super) fn new(max_entries: usize, max_bytes: usize, size_of: fn(&T) -> usize) -> Self {
        let entries = VecDeque::new();
        Self { entries, next: 1, max_entries, bytes: 0, max_bytes, size_of, changed: None }
    }

    /// The id that the next entry gets.
    pub(super) fn next_id(&self) -> u64 {
        self.next
    }

    /// The id of the last entry, 0 before there is one.
    pub(super) fn last_id(&self) -> u64 {
        self.next - 1
    }

    pub(super) fn push(&mut self, entry: T) {
        let bytes = (self.size_of)(&entry);
        self.entries.push_back((entry, bytes));
        self.bytes += bytes;
        self.next += 1;
        self.trim();
    }

    /// Forgets all entries; ids continue.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    pub(super) fn get(&self, id: u64) -> Option<&T> {
        self.entries.get(self.place(id)?).map(|(entry, _)| entry)
    }

    /// The entry `id`, to be changed; its new size is counted with the next change of the list.
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut T> {
        self.trim();
        self.changed = Some(id);
        let place = self.place(id)?;
        self.entries.get_mut(place).map(|(entry, _)| entry)
    }

    /// The kept entries after `id`, oldest first.
    pub(super) fn after(&self, id: u64) -> impl Iterator<Item = &T> {
        let skipped = usize::try_from((id + 1).saturating_sub(self.first())).unwrap_or(usize::MAX);
        self.entries.iter().skip(skipped).map(|(entry, _)| entry)
    }

    /// Whether an entry after `id` has been forgotten.
    pub(super) fn has_lost_after(&self, id: u64) -> bool {
        id + 1 < self.first()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.entries.iter().map(|(entry, _)| entry)
    }

    /// The id of the oldest entry.
    fn first(&self) -> u64 {
        self.next - self.entries.len() as u64
    }

    fn place(&self, id: u64) -> Option<usize> {
        usize::try_from(id.checked_sub(self.first())?).ok()
    }

    /// Counts the size of a changed entry again, and forgets the oldest entries until the bounds hold.
    fn trim(&mut self) {
        let place = self.changed.take().and_then(|id| self.place(id));
        if let Some((entry, bytes)) = place.and_then(|place| self.entries.get_mut(place)) {
            let size = (self.size_of)(entry);
            self.bytes = self.bytes + size - *bytes;
            *bytes = size;
        }
        while self.entries.len() > self.max_entries
            || (self.bytes > self.max_bytes && self.entries.len() > 1)
        {
            let forgotten = self.entries.pop_front();
            self.bytes -= forgotten.map_or(0, |(_, bytes)| bytes);
        }
    }
}

/// The size of an object as JSON, the form in which the page reads it.
pub(super) fn json_bytes(object: &impl Serialize) -> usize {
    // All types of the sandbox can be written as JSON.
    serde_json::to_vec(object).map_or(0, |json| json.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(max_bytes: usize) -> RingBuffer<&'static str> {
        RingBuffer::new(3, max_bytes, |entry| entry.len())
    }

    #[test]
    fn the_oldest_entries_are_forgotten_and_ids_continue() {
        let mut buffer = buffer(100);
        assert_eq!((buffer.last_id(), buffer.next_id()), (0, 1));
        for entry in ["a", "b", "c", "d"] {
            buffer.push(entry);
        }
        assert_eq!(buffer.iter().copied().collect::<Vec<_>>(), ["b", "c", "d"]);
        assert_eq!(buffer.after(2).copied().collect::<Vec<_>>(), ["c", "d"]);
        assert_eq!(buffer.after(9).count(), 0);
        for (id, entry) in [(1, None), (2, Some("b")), (4, Some("d")), (5, None)] {
            assert_eq!(buffer.get(id).copied(), entry, "{id}");
            assert_eq!(buffer.get_mut(id).copied(), entry, "{id}");
        }
        assert!(buffer.has_lost_after(0) && !buffer.has_lost_after(1));
        buffer.clear();
        assert_eq!((buffer.iter().count(), buffer.next_id()), (0, 5));
    }

    #[test]
    fn entries_are_bounded_in_bytes_as_well_whether_they_are_added_or_grow() {
        let mut buffer = buffer(10);
        for entry in ["aaaa", "bbbb", "cccc"] {
            buffer.push(entry);
        }
        assert_eq!(buffer.iter().copied().collect::<Vec<_>>(), ["bbbb", "cccc"]);
        *buffer.get_mut(2).unwrap() = "bbbbbbbb";
        assert_eq!(
            buffer.get_mut(2),
            None,
            "the oldest entry is forgotten, as both are too large together"
        );
        assert_eq!((buffer.get(3).copied(), buffer.bytes), (Some("cccc"), 4));
        buffer.push("larger than all together");
        assert_eq!((buffer.iter().count(), buffer.bytes), (1, 24), "the newest entry is always kept");
        buffer.push("d");
        assert_eq!((buffer.iter().copied().collect::<Vec<_>>(), buffer.bytes), (vec!["d"], 1));
    }
}
