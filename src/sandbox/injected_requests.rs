//! The requests that accompany a delivery as injected faults: forgeries, repetitions, and unreadable bodies.

use super::{
    history::{Delivery, DeliveryFault},
    signer::{Signer, nonce},
};
use crate::{
    clock::UnixMillis,
    protocol::{Content, Inbound, Message, Text, UnknownMessage, xml::Fields},
};

/// The age of a stale signature.
const STALE_MS: i64 = 600_000;

/// The faults whose requests come before the message itself.
pub(super) const FAULTS_BEFORE: [DeliveryFault; 4] = [
    DeliveryFault::WrongSignature,
    DeliveryFault::StaleSignature,
    DeliveryFault::MalformedXml,
    DeliveryFault::UnknownKind,
];

/// The faults whose requests follow a message that was accepted.
pub(super) const FAULTS_AFTER: [DeliveryFault; 3] =
    [DeliveryFault::Duplicate, DeliveryFault::ReplayedSignature, DeliveryFault::ForgedBody];

/// A request that the real platform would not make.
pub(super) struct InjectedRequest {
    /// The signature, as a query string.
    pub(super) query: String,
    pub(super) body: String,
}

/// The request of a fault of [`FAULTS_BEFORE`], which needs no accepted message.
pub(super) fn separate_request(
    fault: DeliveryFault,
    signer: &Signer,
    delivery: &Delivery,
) -> InjectedRequest {
    match fault {
        DeliveryFault::WrongSignature => {
            InjectedRequest { query: signer.sign_wrongly(), body: forged_xml(delivery) }
        }
        DeliveryFault::StaleSignature => {
            let stale = UnixMillis(signer.clock.now().0 - STALE_MS);
            InjectedRequest { query: signer.sign_at(stale), body: forged_xml(delivery) }
        }
        DeliveryFault::MalformedXml => {
            let half = delivery.xml.floor_char_boundary(delivery.xml.len() / 2);
            InjectedRequest { query: signer.sign_now(), body: delivery.xml[..half].to_owned() }
        }
        _ => {
            let fields = Fields::from_iter([("Sticker", "smile")]);
            let unknown = Message::Unknown(UnknownMessage { msg_type: "sticker".to_owned(), fields });
            InjectedRequest { query: signer.sign_now(), body: message_xml(delivery, unknown) }
        }
    }
}

/// The request of a fault of [`FAULTS_AFTER`], which repeats parts of an accepted one with the signature `query`.
pub(super) fn repeated_request(
    fault: DeliveryFault,
    signer: &Signer,
    delivery: &Delivery,
    query: &str,
) -> InjectedRequest {
    let (seen, body) = (query.to_owned(), delivery.xml.clone());
    match fault {
        DeliveryFault::ForgedBody => InjectedRequest { query: seen, body: forged_xml(delivery) },
        DeliveryFault::ReplayedSignature => InjectedRequest { query: seen, body },
        _ => InjectedRequest { query: signer.sign_now(), body },
    }
}

/// The body of a message that its user never wrote.
fn forged_xml(delivery: &Delivery) -> String {
    let content = "this message is forged 伪造".to_owned();
    message_xml(delivery, Message::Text(Text { content }))
}

fn message_xml(delivery: &Delivery, message: Message) -> String {
    let content = Content::Message(message);
    Inbound::new(delivery.account.clone(), delivery.user.clone(), delivery.at.0, content)
        .with_message_id(format!("extra-{}", nonce()))
        .to_documented_xml()
}
