//! One PostgreSQL for several replicas: one order per conversation, and one word on what is a duplicate.
//!
//! A server's request goes to the writer ([`commands`]), which takes all requests that wait ([`writer`]), runs them in one
//! transaction ([`transaction`]) on a free connection ([`write_pool`]), and has it committed and answered ([`commit`])
//! while the next transaction begins. Beside the writer, the [`maintenance`] shows that the replica is alive, takes over
//! from dead ones, tells the others what can be leased, and purges. An operator's requests, and what a server only reads,
//! go over connections of their own ([`operations_pool`]).
//!
//! A conversation's row is what is locked and leased. A lease lasts until its end, but no longer than its replica shows
//! that it is alive. Every time is the database's own, and a time that comes from here goes there as a span. How long an
//! entry is kept, and which replica is alive, is told by time that has passed, which no step of the database's clock
//! changes.

mod activity;
mod address;
mod arrays;
mod attempts;
mod audit;
mod backlog;
mod client;
mod commands;
mod commit;
mod connection;
mod conversation_index;
mod conversation_list;
mod conversations;
mod dead_groups;
mod due;
mod entry_changes;
mod error;
mod filter;
mod fragments;
mod heartbeat;
mod id_range;
mod jobs;
mod key_hash;
mod leases;
mod maintenance;
mod marks;
mod migrations;
mod newest;
mod next_due;
mod open;
mod operations;
mod operations_pool;
mod operator;
mod operator_administration;
mod outcome_arrays;
mod outcome_statements;
mod pauses;
mod pending_reasons;
mod purge;
mod reason_groups;
mod records;
mod replica;
mod replica_statements;
mod restore;
mod retry;
mod schema;
mod search;
mod server;
mod server_administration;
mod statements;
mod time;
mod transaction;
mod transfer;
mod write_connection;
mod write_pool;
mod writer;
mod writer_handle;

pub(super) use self::{
    address::Address,
    open::{open_operator, open_server, open_source, open_target},
};
