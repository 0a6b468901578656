//! Putting entries into a journal as they were in another one.

use std::sync::LazyLock;

use tokio_postgres::Error;

use super::{
    client::Client,
    fragments::ADD_TO_TALLY,
    key_hash::KeyHash,
    retry::BEGIN,
    statements::{ALIGN, LOCK},
};
use crate::journal::{
    Record,
    driver::numbers::{queue_number, state_number},
};

/// The statement that puts in entries as they were. They are kept as long as if they had been settled now.
static RESTORE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with added as (
        insert into entry (accepted_elapsed, settled_elapsed, id, queue, state, attempts, due_at, accepted_at, settled_at,
            key, conversation_hash, conversation, answers, reason, body, reason_group, ending, state_dialogue,
            state_version, state_body, state_before)
        select elapsed, elapsed, id, queue, state, attempts, due_at - clock_steps, accepted_at, settled_at, key, conversation_hash,
            conversation, answers, reason, body, reason_group, ending, state_dialogue, state_version, state_body,
            state_before
        from version, unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::integer[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bytea[], $9::bytea[], $10::bytea[], $11::bigint[], $12::bytea[], $13::bytea[],
            $15::bigint[], $16::bytea[], $17::bytea[], $18::bigint[], $19::bytea[], $20::bigint[])
            r (id, queue, state, attempts, due_at, accepted_at, settled_at, key, conversation_hash, conversation, answers, reason,
               body, reason_group, ending, state_dialogue, state_version, state_body, state_before)
        returning queue, state
    ), counted as (
        select 0::bigint, queue, count(*) filter (where state = 0), count(*) filter (where state = 1),
            count(*) filter (where state = 2)
        from added group by queue
    ), tallied as ({ADD_TO_TALLY})
    select setval('entry_id', greatest(nextval('entry_id'), $14::bigint))"
    )
});

/// The columns of the steps from one state to the next.
#[derive(Default)]
struct StepColumns<'a> {
    dialogues: Vec<Option<&'a [u8]>>,
    versions: Vec<Option<i64>>,
    bodies: Vec<Option<&'a [u8]>>,
    revisions: Vec<Option<i64>>,
}

impl<'a> StepColumns<'a> {
    fn new(records: &'a [Record]) -> Self {
        let mut columns = Self::default();
        for step in records.iter().map(|record| record.state_step.as_ref()) {
            let after = step.and_then(|step| step.after.as_ref());
            let dialogue = |_| after.map_or(&[][..], |state| state.dialogue.as_bytes());
            columns.dialogues.push(step.map(dialogue));
            columns.versions.push(after.map(|state| state.version.into()));
            columns.bodies.push(after.map(|state| &state.body[..]));
            columns.revisions.push(step.and_then(|step| step.before).map(|before| before.0));
        }
        columns
    }
}

/// Puts in the entries that were read out of another journal, all or none.
pub(super) async fn restore(client: &Client, records: &[Record]) -> Result<(), Error> {
    let all = |of: &dyn Fn(&Record) -> i64| records.iter().map(of).collect::<Vec<_>>();
    let bytes = |of: fn(&Record) -> &[u8]| records.iter().map(of).collect::<Vec<_>>();
    let small = |of: fn(&Record) -> i16| records.iter().map(of).collect::<Vec<_>>();
    let ids = all(&|it| it.id.0);
    let attempts: Vec<_> = records.iter().map(|it| it.attempts.cast_signed()).collect();
    let settled_at: Vec<_> = records.iter().map(|it| it.settled_at.map(|at| at.0)).collect();
    let keys: Vec<_> = records.iter().map(|it| it.key).collect();
    let answers: Vec<_> = records.iter().map(|it| it.answers.map(|id| id.0)).collect();
    let conversations: Vec<_> =
        records.iter().map(|it| KeyHash::of(it.conversation.as_bytes())).collect();
    let reasons: Vec<_> = records.iter().map(|it| it.reason.as_ref().map(String::as_bytes)).collect();
    let groups: Vec<_> = records.iter().map(|it| it.reason_group().map(|group| group.0)).collect();
    let endings: Vec<_> = records.iter().map(|it| it.ending.as_ref().map(String::as_bytes)).collect();
    let steps = StepColumns::new(records);
    let queues = small(|it| queue_number(it.queue));
    let last = ids.iter().copied().max().unwrap_or(0);
    client.batch_execute(BEGIN).await?;
    client
        .execute(
            RESTORE.as_str(),
            &[
                &ids,
                &queues,
                &small(|it| state_number(it.state)),
                &attempts,
                &all(&|it| it.due_at.0),
                &all(&|it| it.accepted_at.0),
                &settled_at,
                &keys,
                &conversations,
                &bytes(|it| it.conversation.as_bytes()),
                &answers,
                &reasons,
                &bytes(|it| &it.body),
                &last,
                &groups,
                &endings,
                &steps.dialogues,
                &steps.versions,
                &steps.bodies,
                &steps.revisions,
            ],
        )
        .await?;
    let mut changed: Vec<_> = queues.into_iter().zip(conversations).collect();
    changed.sort_unstable();
    changed.dedup();
    let (queues, conversations): (Vec<_>, Vec<_>) = changed.into_iter().unzip();
    client.execute(LOCK.as_str(), &[&None::<i64>, &queues, &conversations]).await?;
    client.execute(ALIGN.as_str(), &[&None::<i64>, &queues, &conversations, &Vec::<i64>::new()]).await?;
    client.batch_execute("commit").await
}
