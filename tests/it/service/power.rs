//! The power fails under load: every acknowledged message had reached the disk.

use std::collections::BTreeSet;

use crate::support::{power::lost_in_power_cuts, process::Home};

/// The test in `tests/faults/power.rs` shows that this one can fail.
#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_message_survives_a_power_cut_exactly_once() {
    assert_eq!(lost_in_power_cuts(Home::new(), 10).await, BTreeSet::new());
}
