//! Why an entry is not done yet.

use std::{collections::BTreeMap, time::Duration};

use rongcloud_callback::journal::{self, Administration, EntryId, PendingReason};

use super::support::{Bench, LEASE, REPLICA, START, dead, message, options, reply};

const ALL: std::ops::RangeInclusive<i64> = 1..=9;

async fn reasons(journal: &dyn Administration) -> BTreeMap<i64, PendingReason> {
    let reasons = journal.pending_reasons(ALL.map(EntryId).collect()).await.unwrap();
    reasons.into_iter().map(|(EntryId(id), reason)| (id, reason)).collect()
}

/// One entry that is leased and one behind it, one that is due later and one behind it, one that is ready in the Outbox
/// though its conversation in the Inbox is not, one that is done and one that is dead.
async fn filled(bench: &Bench) {
    bench.append(message("later", "1")).await;
    let entry = bench.lease_one().await;
    let later = START.plus(Duration::from_mins(3));
    bench.journal.postpone(entry.lease, later, "busy".into()).await.unwrap();
    bench.append(message("done", "2")).await;
    let entry = bench.lease_one().await;
    bench.finish(entry).await;
    bench.append(message("leased", "3")).await;
    for entry in [message("leased", "4"), message("later", "5"), message("later", "6")] {
        bench.append(entry).await;
    }
    bench.append(dead("leased", "7")).await;
    bench.append(reply("later", "8")).await;
}

pub(super) async fn a_server_says_why_an_entry_is_pending(bench: &Bench) {
    filled(bench).await;
    let held = bench.lease_one().await;
    let leased = PendingReason::Leased { by: Some(REPLICA.to_owned()), until: START.plus(LEASE) };
    let [behind_1, behind_3] = [1, 3].map(|id| PendingReason::Behind(EntryId(id)));
    let later = PendingReason::Due(START.plus(Duration::from_mins(3)));
    let expected = [
        (1, later.clone()),
        (3, leased),
        (4, behind_3.clone()),
        (5, behind_1.clone()),
        (6, behind_1.clone()),
        (8, PendingReason::Ready),
    ];
    assert_eq!(reasons(&*bench.journal).await, BTreeMap::from(expected));

    bench.clock.advance(LEASE);
    let after = reasons(&*bench.journal).await;
    assert_eq!((&after[&3], &after[&4]), (&PendingReason::Ready, &behind_3), "the lease is over");
    bench.journal.finish(held.lease, Vec::new().into()).await.unwrap();
    let after = reasons(&*bench.journal).await;
    assert_eq!((after.get(&3), &after[&4]), (None, &PendingReason::Ready));
    assert_eq!(after[&1], later);
}

pub(super) async fn the_next_entry_of_a_discarded_one_is_blocked_until_its_lease_is_over(bench: &Bench) {
    for key in ["1", "2", "3"] {
        bench.append(message("a", key)).await;
    }
    let held = bench.lease_one().await;
    bench.journal.discard(held.id).await.unwrap();
    let blocked = PendingReason::Blocked(START.plus(LEASE));
    let behind = PendingReason::Behind(EntryId(2));
    assert_eq!(reasons(&*bench.journal).await, BTreeMap::from([(2, blocked), (3, behind)]));
    bench.clock.advance(LEASE);
    assert_eq!(reasons(&*bench.journal).await[&2], PendingReason::Ready);
}

pub(super) async fn an_operator_beside_the_server_says_what_the_store_knows(bench: &Bench) {
    let Some(url) = bench.url() else { return };
    filled(bench).await;
    bench.lease_one().await;
    let operator = journal::open_operator(&url, options(&bench.clock)).await.unwrap();
    let mut expected = reasons(&*bench.journal).await;
    if !bench.is_shared() {
        // The leases are in the memory of the server.
        for id in [3, 8] {
            expected.insert(id, PendingReason::Unknown);
        }
    }
    assert_eq!(reasons(&*operator).await, expected);
    operator.close().await.unwrap();
}
