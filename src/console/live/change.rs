//! Hints that something has changed: whoever shows it should look again.

/// A part of what the console shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The numbers of the queues.
    Stats,
    /// The dead letters.
    DeadLetters,
    /// The conversations that persons have.
    Desk,
    /// The jobs.
    Jobs,
    /// The accounts whose sending is paused.
    Pauses,
}

/// The parts that have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Changes(u8);

impl Change {
    const ALL: [Self; 5] = [Self::Stats, Self::DeadLetters, Self::Desk, Self::Jobs, Self::Pauses];

    /// The name of the part in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Stats => "stats",
            Self::DeadLetters => "dead-letters",
            Self::Desk => "desk",
            Self::Jobs => "jobs",
            Self::Pauses => "pauses",
        }
    }
}

impl Changes {
    /// All parts, for a listener who has lost some events.
    pub(crate) fn all() -> Self {
        let mut changes = Self::default();
        for change in Change::ALL {
            changes.add(change);
        }
        changes
    }

    pub(super) fn add(&mut self, change: Change) {
        self.0 |= 1 << change as u8;
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the parts that have changed.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        let changed = Change::ALL.into_iter().filter(move |change| self.0 & (1 << *change as u8) != 0);
        changed.map(Change::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_named_once_however_often_they_were_noted() {
        let mut changes = Changes::default();
        assert!(changes.is_empty());
        for change in [Change::Jobs, Change::Stats, Change::Jobs] {
            changes.add(change);
        }
        assert_eq!(changes.names().collect::<Vec<_>>(), ["stats", "jobs"]);
        let all = ["stats", "dead-letters", "desk", "jobs", "pauses"];
        assert_eq!(Changes::all().names().collect::<Vec<_>>(), all);
    }
}
