//! The statements of the writer that carry out what a finish changes beside the entries: states, and what is scheduled.

use std::sync::LazyLock;

use super::fragments::{FINISHED, NOW, OVERWRITE_STATE};

/// The statement that changes the states of conversations, as far as the entries that change them were finished: a state
/// without a dialogue is cleared. The number of the entry is the revision.
pub(super) static CHANGE_STATES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with change as (
            select distinct on (s.conversation_hash) s.*, e.id as revision, e.conversation
            from unnest($2::smallint[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bytea[])
                with ordinality s (queue, conversation_hash, fence, dialogue, version, span, body, place)
            join {FINISHED} on c.queue = s.queue and c.conversation_hash = s.conversation_hash and c.fence = s.fence
            order by s.conversation_hash, s.place desc
        ), cleared as (
            delete from conversation_state t using change s
            where t.conversation_hash = s.conversation_hash and s.dialogue is null
        )
        insert into conversation_state (conversation_hash, revision, expires_at, version, conversation, dialogue, body)
        select conversation_hash, revision, {NOW} + span, version, conversation, dialogue, body
        from change where dialogue is not null
        {OVERWRITE_STATE}"
    )
});

/// The statement that schedules entries, as far as the entries from which they follow were finished.
pub(super) static SCHEDULE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "insert into scheduled (id, queue, key, conversation_hash, conversation, answers, is_bound, due_at, body)
        select nextval('scheduled_id'), n.*
        from (
            select s.queue, s.key, s.conversation_hash, e.conversation, e.id, s.is_bound, {NOW} + s.span, s.body
            from unnest($2::smallint[], $3::bytea[], $4::bigint[], $5::smallint[], $6::bytea[], $7::boolean[],
                $8::bigint[], $9::bytea[]) with ordinality
                s (lease_queue, conversation_hash, fence, queue, key, is_bound, span, body, place)
            join {FINISHED} on c.queue = s.lease_queue and c.conversation_hash = s.conversation_hash
                and c.fence = s.fence
            order by s.place
        ) n"
    )
});
