//! Entries of the Inbox that no user has sent: reminders that are due, and states that have expired.

use super::{Dispatch, answer::Answer, state::active_dialogue};
use crate::{
    desk::PERSON,
    handler::HandlerError,
    journal::{Entry, EntryId, Revision},
    protocol::{Conversation, Reminder},
    worker::outcome::Done,
};

impl Dispatch {
    /// Handles an entry that was scheduled by the entry `answers`, or that announces the end of the state with that
    /// revision.
    pub(super) fn handle_scheduled(
        &self,
        entry: &Entry,
        answers: EntryId,
    ) -> Result<Done, HandlerError> {
        let conversation = Conversation::decode(&entry.conversation)
            .ok_or_else(|| HandlerError::permanent("the entry names no conversation"))?;
        let mut answer = Answer::new(entry, conversation);
        let state = entry.state.as_ref();
        let is_current = state.is_some_and(|state| state.revision == Revision::from(answers));
        if entry.body.is_empty() {
            let Some(state) = state.filter(|_| is_current) else { return Ok(Done::Outdated) };
            answer.add(self.last_words(&active_dialogue(state)));
            answer.end();
            return answer.done(Some("the end of a dialogue's time".into()));
        }
        let reminder = Reminder::decode(&entry.body).map_err(HandlerError::permanent)?;
        let is_with_person = state.is_some_and(|state| state.dialogue == PERSON && !state.is_expired);
        if is_with_person || (reminder.is_bound && !is_current) {
            return Ok(Done::Outdated);
        }
        answer.add(reminder.payloads);
        answer.done(Some("a reminder".into()))
    }
}
