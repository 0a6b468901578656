//! The groups of the dead letters that were there before groups were kept.

use tokio_postgres::Error;

use super::{
    client::Client,
    records::{queue, text},
};
use crate::journal::ReasonGroup;

/// How many dead letters get their groups together.
const STEP: i64 = 10_000;

/// Gives every dead letter its group.
pub(super) async fn fill(client: &Client) -> Result<(), Error> {
    let read = "select id, queue, reason from entry where state = 2 and id > $1 order by id limit $2";
    let write = "update entry e set reason_group = s.reason_group
        from unnest($1::bigint[], $2::bigint[]) s (id, reason_group) where e.id = s.id";
    let mut after = i64::MIN;
    loop {
        let rows = client.query(read, &[&after, &STEP]).await?;
        let (mut ids, mut groups) = (Vec::new(), Vec::new());
        for row in &rows {
            ids.push(row.try_get::<_, i64>(0)?);
            let reason = text(row.try_get::<_, Option<Vec<u8>>>(2)?.unwrap_or_default());
            groups.push(ReasonGroup::new(queue(row, 1)?, &reason).0);
        }
        let Some(last) = ids.last() else { return Ok(()) };
        after = *last;
        client.execute(write, &[&ids, &groups]).await?;
    }
}
