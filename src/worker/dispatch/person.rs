//! Messages of a conversation that a person has: they are kept for the person, and no handler is asked.

use super::{Dispatch, answer::Answer, is_one_of};
use crate::{
    desk::PersonState,
    handler::{Context, HandlerError, Next, Route as _},
    journal::Entry,
    worker::outcome::Done,
};

impl Dispatch {
    /// Keeps a message for the person who has the conversation, and hands it to their service if there is one.
    ///
    /// Each message begins the time anew after which the bot has the conversation again.
    pub(super) async fn keep_for_person(
        &self,
        entry: &Entry,
        context: &Context,
        mut answer: Answer<'_>,
    ) -> Result<Done, HandlerError> {
        let options = &self.options.desk;
        if is_one_of(context.inbound(), &options.give_back_words) {
            answer.add(options.given_back_payload());
            answer.end();
            return answer.done(Some("the word that leaves a person's conversation".into()));
        }
        if let Some(handling) = self.desk.take(context) {
            let (payloads, later, next) = handling.await?.into_parts();
            let has_spoken = !payloads.is_empty();
            answer.add(payloads);
            if next == Next::End {
                if !has_spoken {
                    answer.add(options.given_back_payload());
                }
                answer.end();
                answer.add_later(later)?;
                return answer.done(Some("the desk's service".into()));
            }
        }
        let person = entry.state.as_ref().and_then(|state| PersonState::read(&state.body));
        let person = person.unwrap_or_else(|| PersonState::waiting(entry.accepted_at));
        answer.with_person(options, &person);
        Ok(Done::Kept { outcome: answer.into_outcome()? })
    }
}
