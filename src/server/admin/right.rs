//! Rights: which of the operators' endpoints a token opens.

use std::{collections::BTreeSet, fmt};

/// A right of whoever operates the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// The metrics.
    Metrics,
    /// Everything that the console shows, except for what users and bots wrote.
    Read,
    /// Texts, bodies, pictures and the contents of states.
    Bodies,
    /// The desk: conversations are taken, answered and handed back.
    Answer,
    /// Sending is paused and resumed.
    Send,
    /// Entries are revived and discarded, one or many, and conversations are taken from other persons.
    Operate,
}

impl Right {
    /// All rights.
    pub const ALL: [Self; 6] =
        [Self::Metrics, Self::Read, Self::Bodies, Self::Answer, Self::Send, Self::Operate];

    /// The right's name in the configuration and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Read => "read",
            Self::Bodies => "bodies",
            Self::Answer => "answer",
            Self::Send => "send",
            Self::Operate => "operate",
        }
    }

    /// The right with a name; `None` if there is no such right.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.as_str() == name)
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of rights. Every right but that to the metrics includes [`Right::Read`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights(BTreeSet<Right>);

impl Rights {
    /// All rights.
    pub fn all() -> Self {
        Right::ALL.into_iter().collect()
    }

    /// Whether the right is one of these.
    pub fn has(&self, right: Right) -> bool {
        self.0.contains(&right)
    }

    /// The rights, in the order of [`Right::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Right> {
        self.0.iter().copied()
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        let mut rights: BTreeSet<_> = rights.into_iter().collect();
        if rights.iter().any(|right| *right != Right::Metrics) {
            rights.insert(Right::Read);
        }
        Self(rights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_but_that_to_the_metrics_includes_reading() {
        for right in Right::ALL {
            let rights = Rights::from_iter([right]);
            assert_eq!(rights.has(Right::Read), right != Right::Metrics, "{right}");
            assert!(rights.has(right) && rights.iter().count() <= 2, "{right}");
            assert_eq!(Right::from_name(right.as_str()), Some(right));
        }
        assert_eq!(Right::from_name("Read"), None);
    }
}
