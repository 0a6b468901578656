//! The accounts to which nothing is sent.

use std::sync::LazyLock;

use tokio_postgres::{Error, Row};

use super::{client::Client, fragments::WALL_CLOCK, key_hash::KeyHash, records::text};
use crate::{clock::UnixMillis, journal::Pause};

/// The statement that pauses an account, unless it is paused.
static ADD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "insert into pause (account_hash, since, account, paused_by)
        values ($2::bytea, {WALL_CLOCK}, $3::bytea, $4::bytea) on conflict (account_hash) do nothing"
    )
});

/// The statement that puts in pauses as they were.
const RESTORE: &str = "
    insert into pause (account_hash, since, account, paused_by)
    select * from unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bytea[])";

/// All pauses, in the order of the accounts.
pub(super) async fn list(client: &Client) -> Result<Vec<Pause>, Error> {
    let sql = "select account, paused_by, since from pause order by account";
    client.query(sql, &[]).await?.iter().map(pause).collect()
}

/// Pauses an account; one that is paused stays as it is.
pub(super) async fn add(
    client: &Client,
    account: &str,
    by: &str,
    now: Option<i64>,
) -> Result<(), Error> {
    let (account, by) = (account.as_bytes(), by.as_bytes());
    client.execute(ADD.as_str(), &[&now, &KeyHash::of(account), &account, &by]).await.map(drop)
}

/// Resumes an account; `false` if it is not paused.
pub(super) async fn remove(client: &Client, account: &str) -> Result<bool, Error> {
    let sql = "delete from pause where account_hash = $1";
    Ok(client.execute(sql, &[&KeyHash::of(account.as_bytes())]).await? > 0)
}

/// Puts in pauses of another journal, all or none.
pub(super) async fn restore(client: &Client, pauses: &[Pause]) -> Result<(), Error> {
    let bytes = |of: fn(&Pause) -> &[u8]| pauses.iter().map(of).collect::<Vec<_>>();
    let hashes: Vec<_> = pauses.iter().map(|it| KeyHash::of(it.account.as_bytes())).collect();
    let since: Vec<_> = pauses.iter().map(|it| it.since.0).collect();
    let accounts = bytes(|it| it.account.as_bytes());
    let names = bytes(|it| it.by.as_bytes());
    client.execute(RESTORE, &[&hashes, &since, &accounts, &names]).await.map(drop)
}

fn pause(row: &Row) -> Result<Pause, Error> {
    Ok(Pause {
        account: text(row.try_get(0)?),
        by: text(row.try_get(1)?),
        since: UnixMillis(row.try_get(2)?),
    })
}
