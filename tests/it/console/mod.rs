//! The console: who may what, and what its API shows and does.

mod access;
mod assets;
mod audit;
mod bot;
mod conversations;
mod dead_letters;
mod desk;
mod document;
mod entries;
mod job_runner;
mod jobs;
mod live;
mod looks;
mod numbers;
mod rights;
mod scans;
mod setup;
