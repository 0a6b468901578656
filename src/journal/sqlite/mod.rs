//! The embedded default: one SQLite file, one writer thread, and one sync for all who wait.
//!
//! A server's request goes to the writer thread ([`commands`]), which takes all requests that wait ([`writer`]), runs them
//! in one transaction ([`transaction`]) with the file's rows ([`statements`]) and the state of the queues in memory in
//! step, commits, and then answers all waiters. Whoever only reads does so on a connection of its own ([`operations`]).

mod activity;
mod administration_command;
mod attempts;
mod audit;
mod commands;
mod connection;
mod conversation_index;
mod conversation_list;
mod conversations;
mod dead_groups;
mod error;
mod failure;
mod file_lock;
mod files;
mod id_range;
mod jobs;
mod maintenance;
mod marks;
mod open;
mod operations;
mod operator;
mod operator_administration;
mod path;
mod pauses;
mod pending_reasons;
mod place;
mod published_stats;
mod purge;
mod read_connections;
mod readers;
mod records;
mod schema;
mod search;
mod server;
mod server_administration;
mod statements;
mod store;
mod time;
mod transaction;
mod transfer;
mod wal;
mod writer;

pub(super) use self::{
    open::{check, open_operator, open_server, open_source, open_target},
    path::path,
};
