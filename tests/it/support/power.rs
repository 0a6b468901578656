//! Power cuts under load, and what they cost.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    disk::Disk,
    ledger::{Ledger, accepted},
    process::Home,
};

/// Cuts the power of a server under load so often; the acknowledged messages that are gone.
///
/// Between two cuts the journal is as the disk kept it. Panics if a message was accepted twice.
pub(crate) async fn lost_in_power_cuts(home: Home, rounds: usize) -> BTreeSet<u64> {
    // There has been a server before, whose journal is on the disk.
    home.start().await.kill();
    let disk = Disk::of(home.path().join("data"));
    let home = home.within(disk.environment());
    let ledger = Arc::new(Ledger::default());
    ledger.batter(&home, rounds, || disk.cut_power()).await;
    let accepted = accepted(&home.records().await);
    let once: BTreeSet<u64> = accepted.iter().copied().collect();
    assert_eq!(accepted.len(), once.len(), "a message was accepted twice");
    ledger.acked().difference(&once).copied().collect()
}
