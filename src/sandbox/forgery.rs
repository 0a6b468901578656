//! The requests that come along with a delivery: forgeries, repetitions, and what nobody can read.

use super::{
    faults::FaultInjector,
    platform::Platform,
    records::{Delivery, DeliveryFault},
};
use crate::{
    clock::UnixMillis,
    protocol::{Content, Inbound, Message, Text, UnknownMessage, xml::Fields},
    signature::signed_query,
};

/// How old a stale signature is.
const STALE_MS: i64 = 600_000;

/// A request that the platform would not make.
pub(super) struct Forgery {
    /// The signature, as a query string.
    pub(super) query: String,
    pub(super) body: String,
}

/// What comes before the message itself.
pub(super) fn before(injector: &mut FaultInjector) -> Vec<DeliveryFault> {
    meets(
        injector,
        [
            DeliveryFault::WrongSignature,
            DeliveryFault::StaleSignature,
            DeliveryFault::MalformedXml,
            DeliveryFault::UnknownKind,
        ],
    )
}

/// What follows a message that was accepted.
pub(super) fn after(injector: &mut FaultInjector) -> Vec<DeliveryFault> {
    meets(
        injector,
        [DeliveryFault::Duplicate, DeliveryFault::ReplayedSignature, DeliveryFault::ForgedBody],
    )
}

fn meets(
    injector: &mut FaultInjector,
    faults: impl IntoIterator<Item = DeliveryFault>,
) -> Vec<DeliveryFault> {
    faults.into_iter().filter(|fault| injector.meets(*fault)).collect()
}

/// A request that stands alone.
pub(super) fn forge(fault: DeliveryFault, platform: &Platform, delivery: &Delivery) -> Forgery {
    let now = platform.clock.now();
    let right = |at| signed_query(&platform.secret, &nonce(), at);
    match fault {
        DeliveryFault::WrongSignature => Forgery {
            query: signed_query(&"not the secret".into(), &nonce(), now),
            body: forged(delivery),
        },
        DeliveryFault::StaleSignature => {
            Forgery { query: right(UnixMillis(now.0 - STALE_MS)), body: forged(delivery) }
        }
        DeliveryFault::MalformedXml => {
            let half = delivery.xml.floor_char_boundary(delivery.xml.len() / 2);
            Forgery { query: right(now), body: delivery.xml[..half].to_owned() }
        }
        _ => {
            let fields = Fields::from_iter([("Sticker", "smile")]);
            let unknown = Message::Unknown(UnknownMessage { msg_type: "sticker".to_owned(), fields });
            Forgery { query: right(now), body: inbound(delivery, unknown) }
        }
    }
}

/// A request that builds on one that was accepted, whose signature is `query`.
pub(super) fn repeat(
    fault: DeliveryFault,
    platform: &Platform,
    delivery: &Delivery,
    query: &str,
) -> Forgery {
    let (seen, body) = (query.to_owned(), delivery.xml.clone());
    match fault {
        DeliveryFault::ForgedBody => Forgery { query: seen, body: forged(delivery) },
        DeliveryFault::ReplayedSignature => Forgery { query: seen, body },
        _ => Forgery { query: signed_query(&platform.secret, &nonce(), platform.clock.now()), body },
    }
}

/// A random string, as the platform signs it.
pub(super) fn nonce() -> String {
    rand::random::<u64>().to_string()
}

/// A message that its user never wrote.
fn forged(delivery: &Delivery) -> String {
    inbound(delivery, Message::Text(Text { content: "this message is forged 伪造".to_owned() }))
}

fn inbound(delivery: &Delivery, message: Message) -> String {
    let content = Content::Message(message);
    Inbound::new(delivery.account.clone(), delivery.user.clone(), delivery.at.0, content)
        .with_message_id(format!("extra-{}", nonce()))
        .to_documented_xml()
}
