//! The servers that work on a journal.

/// The name of this server among others: its host's name and the number of its process.
pub fn replica_name() -> String {
    let system = rustix::system::uname();
    format!("{}/{}", system.nodename().to_string_lossy(), std::process::id())
}

/// A server that works on a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The server's [name](super::Options::replica).
    pub name: String,
    /// Whether it is the one that was asked.
    pub is_this: bool,
    /// How many entries it has leased.
    pub leased: u64,
}
