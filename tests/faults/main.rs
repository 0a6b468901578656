//! Faults at every boundary between two steps, in real programs that are built with the feature `failpoints`.
//!
//! `scripts/test` runs it for seconds, `scripts/test faults 600` for ten minutes, and with a million turns of dialogues if
//! `FAULTS_TURNS` is 1000000 in the environment.
#![cfg(feature = "failpoints")]
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped is a failed test")]

mod boundaries;
mod counts;
mod drivers;
mod history;
mod power;
mod servers;
mod storm;
#[path = "../it/support/mod.rs"]
#[expect(dead_code, reason = "it is shared with `it`, which uses all of it")]
mod support;
mod turns;
