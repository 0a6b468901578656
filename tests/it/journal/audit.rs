//! The audit list: who did what, by hand.

use std::time::Duration;

use rongcloud_callback::journal::{self, AuditFilter, AuditRecord, KEPT_AUDIT, NewAuditRecord};

use super::{
    shared::replicas,
    support::{Bench, START, options},
};
use crate::support::postgres::client;

fn record(who: &str, action: &str, target: &str) -> NewAuditRecord {
    let [who, action, target] = [who, action, target].map(ToOwned::to_owned);
    NewAuditRecord { who, action, target, count: 3 }
}

fn all() -> AuditFilter {
    AuditFilter { limit: 99, ..AuditFilter::default() }
}

fn targets(records: &[AuditRecord]) -> Vec<&str> {
    records.iter().map(|record| &*record.target).collect()
}

pub(super) async fn the_audit_list_is_newest_first_filtered_and_paged(bench: &Bench) {
    for (who, action, target) in [
        ("alice", "revive", "1"),
        ("bob", "revive", "2"),
        ("alice", "look", "3"),
        ("alice", "revive", "4"),
    ] {
        bench.journal.add_audit(record(who, action, target)).await.unwrap();
        bench.clock.advance(Duration::from_secs(1));
    }
    let list = async |filter| bench.journal.audit(filter).await.unwrap();
    let records = list(all()).await;
    assert_eq!(targets(&records), ["4", "3", "2", "1"]);
    assert!(records.windows(2).all(|pair| pair[0].id > pair[1].id), "{records:?}");
    let first = &records[3];
    assert_eq!((&*first.who, &*first.action, first.count), ("alice", "revive", 3));
    assert_eq!((first.at, records[0].at), (START, START.plus(Duration::from_secs(3))));

    let (who, action) = (Some("alice".to_owned()), Some("revive".to_owned()));
    assert_eq!(targets(&list(AuditFilter { who: who.clone(), ..all() }).await), ["4", "3", "1"]);
    assert_eq!(targets(&list(AuditFilter { action: action.clone(), ..all() }).await), ["4", "2", "1"]);
    assert_eq!(targets(&list(AuditFilter { who, action, ..all() }).await), ["4", "1"]);
    assert_eq!(targets(&list(AuditFilter { who: Some("ali".to_owned()), ..all() }).await), [""; 0]);
    let page = list(AuditFilter { limit: 3, ..all() }).await;
    assert_eq!(targets(&page), ["4", "3", "2"]);
    let before = Some(page[2].id);
    assert_eq!(targets(&list(AuditFilter { before, ..all() }).await), ["1"]);
}

pub(super) async fn whatever_stands_in_an_audit_record_is_kept_as_it_is(bench: &Bench) {
    for hostile in ["it's", "nul\0nul", "%_\\", "张三", "<img onerror=…>", &"long".repeat(5000)] {
        let added = record(hostile, hostile, hostile);
        bench.journal.add_audit(added).await.unwrap();
        let (who, action) = (Some(hostile.to_owned()), Some(hostile.to_owned()));
        let found = bench.journal.audit(AuditFilter { who, action, ..all() }).await.unwrap();
        assert_eq!(targets(&found), [hostile]);
    }
}

pub(super) async fn an_operator_beside_the_server_adds_to_the_same_list(bench: &Bench) {
    let Some(url) = bench.url() else { return };
    let operator = journal::open_operator(&url, options(&bench.clock)).await.unwrap();
    bench.journal.add_audit(record("alice", "revive", "1")).await.unwrap();
    operator.add_audit(record("command line", "discard", "2")).await.unwrap();
    for list in [bench.journal.audit(all()).await.unwrap(), operator.audit(all()).await.unwrap()] {
        assert_eq!(targets(&list), ["2", "1"]);
    }
    operator.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_audit_records_are_kept_on_postgresql() {
    let Some((journal, other, url)) = replicas().await else { return };
    let records = "insert into audit (id, at, count, who, action, target)
        select nextval('audit_id'), 0, 1, 'w', 'a', '' from generate_series(1, $1::bigint)";
    client(&url).await.execute(records, &[&i64::try_from(KEPT_AUDIT).unwrap()]).await.unwrap();
    for journal in [journal, other] {
        journal.add_audit(record("alice", "revive", "1")).await.unwrap();
    }
    let count = "select count(*), min(id) from audit";
    let row = client(&url).await.query_one(count, &[]).await.unwrap();
    let (count, oldest): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!((usize::try_from(count).unwrap(), oldest), (KEPT_AUDIT, 3));
}
