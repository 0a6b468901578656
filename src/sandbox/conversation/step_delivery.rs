//! The delivery of a step's message, which must be accepted, and then handled.

use super::report::Difference;
use crate::sandbox::{
    handling::{Handling, HandlingState, ReplyState},
    history::DeliveryState,
    platform::EndedDelivery,
};

/// The delivery of a step's message.
pub(super) struct StepDelivery {
    ended: EndedDelivery,
    /// Whether the message was accepted; none while the delivery is in progress.
    is_accepted: Option<bool>,
}

impl StepDelivery {
    /// A delivery that has just begun.
    pub(super) fn new(ended: EndedDelivery) -> Self {
        Self { ended, is_accepted: None }
    }

    /// Waits for the end of the delivery, which must be accepted.
    pub(super) async fn accepted(&mut self) -> Result<(), Difference> {
        if self.is_accepted.is_none() {
            let delivery = (&mut self.ended).await.map_err(|_| Difference::Ended)?;
            self.is_accepted = Some(delivery.state == DeliveryState::Accepted);
        }
        if self.is_accepted == Some(true) { Ok(()) } else { Err(Difference::NotAccepted) }
    }
}

/// Waits for the end of a step's delivery, if it has one.
pub(super) async fn accepted(delivery: &mut Option<StepDelivery>) -> Result<(), Difference> {
    match delivery {
        None => Ok(()),
        Some(delivery) => delivery.accepted().await,
    }
}

/// Whether a message is handled and all its replies are sent, so that no further reply comes.
pub(super) fn is_answered(handling: &Handling) -> bool {
    let is_over = matches!(
        handling.state,
        HandlingState::Done | HandlingState::NotTaken | HandlingState::Quiet | HandlingState::Kept
    );
    is_over && handling.replies.iter().all(|reply| reply.state == ReplyState::Sent)
}
