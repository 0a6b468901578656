//! A list that is counted from 1 and forgets its oldest entries.

use std::collections::VecDeque;

/// The last entries of a list.
#[derive(Debug)]
pub(super) struct Window<T> {
    entries: VecDeque<T>,
    /// The id that the next entry gets.
    next: u64,
    most: usize,
}

impl<T> Window<T> {
    /// Keeps at most `most` entries.
    pub(super) fn new(most: usize) -> Self {
        Self { entries: VecDeque::new(), next: 1, most }
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
        if self.entries.len() == self.most {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        self.next += 1;
    }

    /// Forgets all entries; ids go on.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut T> {
        let first = self.next - self.entries.len() as u64;
        let at = usize::try_from(id.checked_sub(first)?).ok()?;
        self.entries.get_mut(at)
    }

    /// What is left of the entries after `id`, oldest first.
    pub(super) fn after(&self, id: u64) -> impl Iterator<Item = &T> {
        let first = self.next - self.entries.len() as u64;
        let skipped = usize::try_from((id + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skipped)
    }

    /// Whether an entry after `id` has been forgotten.
    pub(super) fn has_lost_after(&self, id: u64) -> bool {
        id + 1 < self.next - self.entries.len() as u64
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entries_are_forgotten_and_ids_go_on() {
        let mut window = Window::new(3);
        assert_eq!((window.last_id(), window.next_id()), (0, 1));
        for entry in ["a", "b", "c", "d"] {
            window.push(entry);
        }
        assert_eq!(window.iter().copied().collect::<Vec<_>>(), ["b", "c", "d"]);
        assert_eq!(window.after(2).copied().collect::<Vec<_>>(), ["c", "d"]);
        assert_eq!(window.after(9).count(), 0);
        for (id, entry) in [(1, None), (2, Some("b")), (4, Some("d")), (5, None)] {
            assert_eq!(window.get_mut(id).copied(), entry, "{id}");
        }
        assert!(window.has_lost_after(0) && !window.has_lost_after(1));
    }
}
