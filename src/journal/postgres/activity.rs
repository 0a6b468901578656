//! The activity of each replica in each span of time.

use tokio_postgres::{Error, Row};

use super::{client::Client, filter::bound, records::text};
use crate::{
    clock::UnixMillis,
    journal::{Activity, KEPT_ACTIVITY},
};

/// The statement that adds the numbers of a span, in place of those with its time and replica.
const ADD: &str = "
    insert into activity (at, replica, body) values ($1::bigint, $2::bytea, $3::bytea)
    on conflict (at, replica) do update set body = excluded.body";

/// The statement that removes the spans before the newest ones. Their numbers tell which ones those are, not their times,
/// which a step of the clock may put in another order.
const REMOVE_OLD: &str = "
    delete from activity where id <= (select id from activity order by id desc offset $1::bigint limit 1)";

/// Adds the numbers of a span.
pub(super) async fn add(client: &Client, activity: &Activity) -> Result<(), Error> {
    let Activity { at, replica, body } = activity;
    client.execute(ADD, &[&at.0, &replica.as_bytes(), &&body[..]]).await?;
    client.execute(REMOVE_OLD, &[&bound(KEPT_ACTIVITY)]).await.map(drop)
}

/// The activity since a time, oldest first.
pub(super) async fn since(client: &Client, since: UnixMillis) -> Result<Vec<Activity>, Error> {
    let sql = "select at, replica, body from activity where at >= $1 order by at, replica";
    client.query(sql, &[&since.0]).await?.iter().map(span).collect()
}

fn span(row: &Row) -> Result<Activity, Error> {
    Ok(Activity {
        at: UnixMillis(row.try_get(0)?),
        replica: text(row.try_get(1)?),
        body: row.try_get::<_, Vec<u8>>(2)?.into(),
    })
}
