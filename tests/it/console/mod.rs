//! The console: who may what, and what its API shows and does.

mod access;
mod job_runner;
mod setup;
