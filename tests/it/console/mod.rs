//! The console: who may what, and what its API shows and does.

mod access;
mod assets;
mod audit;
mod rights;
mod setup;
