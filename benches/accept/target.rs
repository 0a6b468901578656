//! The targets: the servers that can be measured, and the stores alone.

/// One row of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A bare axum endpoint that reads the body and answers 200.
    Bare,
    /// A file with the same records, with one sync a batch; no server.
    FileAlone,
    /// One table of SQLite with the same records, with one transaction a batch; no server.
    SqliteAlone,
    /// Our server, accepting into memory.
    Memory,
    /// Our server, accepting into SQLite with `synchronous=FULL`.
    Sqlite,
    /// Our server on SQLite, with a handler that does nothing for every message.
    Handled,
    /// Our server on SQLite, with a dialogue whose state every message changes.
    Dialogue,
    /// Our server on SQLite, with a handler that replies to every message.
    Answered,
    /// One table of PostgreSQL with the same records, with one statement a batch on one connection; no server.
    PostgresAlone,
    /// Our server, accepting into PostgreSQL.
    Postgres,
    /// Two of our servers on one PostgreSQL database.
    Two,
    /// Three of our servers on one PostgreSQL database.
    Three,
    /// Three of our servers that have nothing in common but the machine, each on a database of its own.
    Apart,
    /// Our server on PostgreSQL, with the handler that does nothing.
    PostgresHandled,
    /// Our server on PostgreSQL, with the dialogue.
    PostgresDialogue,
}

impl Target {
    pub(crate) const ALL: [Self; 15] = [
        Self::Bare,
        Self::FileAlone,
        Self::SqliteAlone,
        Self::Memory,
        Self::Sqlite,
        Self::Handled,
        Self::Dialogue,
        Self::Answered,
        Self::PostgresAlone,
        Self::Postgres,
        Self::Two,
        Self::Three,
        Self::Apart,
        Self::PostgresHandled,
        Self::PostgresDialogue,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::FileAlone => "file-alone",
            Self::SqliteAlone => "sqlite-alone",
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Handled => "handled",
            Self::Dialogue => "dialogue",
            Self::Answered => "answered",
            Self::PostgresAlone => "postgres-alone",
            Self::Postgres => "postgres",
            Self::Two => "2-replicas",
            Self::Three => "3-replicas",
            Self::Apart => "3-apart",
            Self::PostgresHandled => "postgres-handled",
            Self::PostgresDialogue => "postgres-dialogue",
        }
    }

    /// How many servers there are.
    pub(crate) fn replicas(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Three | Self::Apart => 3,
            _ => 1,
        }
    }

    /// Whether the records are on PostgreSQL.
    pub(crate) fn is_shared(self) -> bool {
        matches!(self.store_alone(), Some(Self::PostgresAlone))
    }

    /// Whether messages are handled, which is what counts then.
    pub(crate) fn handles(self) -> bool {
        use Target::{Answered, Dialogue, Handled, PostgresDialogue, PostgresHandled};
        matches!(self, Handled | Dialogue | Answered | PostgresHandled | PostgresDialogue)
    }

    /// Whether there is a store and no server.
    pub(crate) fn is_alone(self) -> bool {
        self.store_alone() == Some(self)
    }

    /// The target that is this one's store alone.
    pub(crate) fn store_alone(self) -> Option<Self> {
        match self {
            Self::Bare | Self::Memory => None,
            Self::FileAlone => Some(Self::FileAlone),
            Self::SqliteAlone | Self::Sqlite | Self::Handled | Self::Dialogue | Self::Answered => {
                Some(Self::SqliteAlone)
            }
            Self::PostgresAlone
            | Self::Postgres
            | Self::Two
            | Self::Three
            | Self::Apart
            | Self::PostgresHandled
            | Self::PostgresDialogue => Some(Self::PostgresAlone),
        }
    }
}
