//! A list that is counted from 1 and forgets its oldest entries.

use std::collections::VecDeque;

use serde::Serialize;

/// The last entries of a list: as many as fit in, by their number and by their bytes.
///
/// The newest one is always there, however large it is.
#[derive(Debug)]
pub(super) struct Window<T> {
    /// Each entry with its bytes.
    entries: VecDeque<(T, usize)>,
    /// The id that the next entry gets.
    next: u64,
    most: usize,
    bytes: usize,
    most_bytes: usize,
    weigh: fn(&T) -> usize,
    /// The entry that was given out last to be changed; its bytes have yet to be counted anew.
    changed: Option<u64>,
}

impl<T> Window<T> {
    /// Keeps at most `most` entries of `most_bytes` together, each as large as `weigh` says.
    pub(super) fn new(most: usize, most_bytes: usize, weigh: fn(&T) -> usize) -> Self {
        Self { entries: VecDeque::new(), next: 1, most, bytes: 0, most_bytes, weigh, changed: None }
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
        let bytes = (self.weigh)(&entry);
        self.entries.push_back((entry, bytes));
        self.bytes += bytes;
        self.next += 1;
        self.trim();
    }

    /// Forgets all entries; ids go on.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    pub(super) fn get(&self, id: u64) -> Option<&T> {
        self.entries.get(self.place(id)?).map(|(entry, _)| entry)
    }

    /// The entry called `id`, to be changed.
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut T> {
        self.trim();
        self.changed = Some(id);
        let place = self.place(id)?;
        self.entries.get_mut(place).map(|(entry, _)| entry)
    }

    /// What is left of the entries after `id`, oldest first.
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

    /// Counts a changed entry anew, and forgets the oldest ones until the rest fits in.
    fn trim(&mut self) {
        let place = self.changed.take().and_then(|id| self.place(id));
        if let Some((entry, bytes)) = place.and_then(|place| self.entries.get_mut(place)) {
            let now = (self.weigh)(entry);
            self.bytes = self.bytes + now - *bytes;
            *bytes = now;
        }
        while self.entries.len() > self.most || (self.bytes > self.most_bytes && self.entries.len() > 1)
        {
            let forgotten = self.entries.pop_front();
            self.bytes -= forgotten.map_or(0, |(_, bytes)| bytes);
        }
    }
}

/// The bytes of an object as JSON, which is what the page reads.
pub(super) fn json_bytes(object: &impl Serialize) -> usize {
    // None of our own types fails to be JSON.
    serde_json::to_vec(object).map_or(0, |json| json.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(most_bytes: usize) -> Window<&'static str> {
        Window::new(3, most_bytes, |entry| entry.len())
    }

    #[test]
    fn the_oldest_entries_are_forgotten_and_ids_go_on() {
        let mut window = window(100);
        assert_eq!((window.last_id(), window.next_id()), (0, 1));
        for entry in ["a", "b", "c", "d"] {
            window.push(entry);
        }
        assert_eq!(window.iter().copied().collect::<Vec<_>>(), ["b", "c", "d"]);
        assert_eq!(window.after(2).copied().collect::<Vec<_>>(), ["c", "d"]);
        assert_eq!(window.after(9).count(), 0);
        for (id, entry) in [(1, None), (2, Some("b")), (4, Some("d")), (5, None)] {
            assert_eq!(window.get(id).copied(), entry, "{id}");
            assert_eq!(window.get_mut(id).copied(), entry, "{id}");
        }
        assert!(window.has_lost_after(0) && !window.has_lost_after(1));
        window.clear();
        assert_eq!((window.iter().count(), window.next_id()), (0, 5));
    }

    #[test]
    fn entries_are_bounded_in_bytes_as_well_whether_they_are_added_or_grow() {
        let mut window = window(10);
        for entry in ["aaaa", "bbbb", "cccc"] {
            window.push(entry);
        }
        assert_eq!(window.iter().copied().collect::<Vec<_>>(), ["bbbb", "cccc"]);
        *window.get_mut(2).unwrap() = "bbbbbbbb";
        assert_eq!(window.get_mut(2), None, "it is the oldest, and both are too large together");
        assert_eq!((window.get(3).copied(), window.bytes), (Some("cccc"), 4));
        window.push("larger than all together");
        assert_eq!((window.iter().count(), window.bytes), (1, 24), "the newest one is always there");
        window.push("d");
        assert_eq!((window.iter().copied().collect::<Vec<_>>(), window.bytes), (vec!["d"], 1));
    }
}
