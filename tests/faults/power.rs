//! The purpose of the syncs: without them the test of the power cut fails.

use std::collections::BTreeSet;

use crate::support::{power::lost_in_power_cuts, process::Home};

#[tokio::test(flavor = "multi_thread")]
async fn without_syncs_a_power_cut_loses_acknowledged_messages_and_with_them_none() {
    assert_eq!(lost_in_power_cuts(Home::new(), 3).await, BTreeSet::new());
    let no_sync = Home::new().within([("RONGCLOUD_CALLBACK_NO_SYNC", "1".into())]);
    assert_ne!(lost_in_power_cuts(no_sync, 1).await, BTreeSet::new());
}
