//! Statistics of what the servers do: rates of the last minute, and numbers over time.
//!
//! The callbacks and the workers count with [`Counters`], one addition for each event. [`Statistics`] reads the counters once
//! a second for the rates of this server, and once a minute writes what was counted since into the journal, where the
//! numbers of all servers on the journal come together.

mod ack_times;
mod counted;
mod counters;
mod history;
mod numbers;
mod recent;
mod recorder;

pub use self::{
    counted::Counted,
    counters::Counters,
    history::{History, Point},
    recent::Rates,
    recorder::Statistics,
};
