//! The property of every body under a right signature: it is kept once, as it came, whatever it is.

use rongcloud_callback::{
    journal::{Record, State},
    protocol::{Content, Event, Inbound, Message, parse},
};
use tokio::runtime::Runtime;

use super::server::{self, MAX_BODY, Server};

/// The first byte says in what pieces the rest is sent, which is the body.
pub fn check(runtime: &Runtime, bytes: &[u8]) {
    let Some((pieces, body)) = bytes.split_first() else { return };
    let pieces = usize::from(*pieces);
    runtime.block_on(async {
        let server = Server::start().await;
        let query = server::query("first");
        let status = server.deliver(&query, body, pieces).await.status;
        assert_eq!(status, expected(body));

        let retried = server.deliver(&query, body, 0).await.status;
        assert_eq!(retried, status, "its retry");
        let forged = [body, b" "].concat();
        let refusal = if forged.len() > MAX_BODY { 413 } else { 401 };
        assert_eq!(server.deliver(&query, &forged, 0).await.status, refusal, "another body under it");
        let again = server.deliver(&server::query("second"), body, 0).await.status;
        assert_eq!(again, status, "the same message under another signature");

        let is_probe = |body: &[u8]| parse(body).is_ok_and(|inbound| inbound.is_probe());
        let kept = |wanted| usize::from(status == wanted && !is_probe(body));
        let [pending, dead] = [server.kept(State::Pending).await, server.kept(State::Dead).await];
        // The other body is kept, too, unless it was not read or is nothing to keep.
        let other = usize::from(refusal == 401 && !is_probe(&forged));
        assert_eq!((pending.len(), dead.len()), (kept(200), kept(400) + other));
        let is_one_of_them = |record: &Record| *record.body == *body || *record.body == *forged;
        assert!(pending.iter().all(|record| *record.body == *body));
        assert!(dead.iter().all(is_one_of_them));
    });
}

fn expected(body: &[u8]) -> u16 {
    match parse(body) {
        _ if body.len() > MAX_BODY => 413,
        Ok(inbound) if has_long_id(&inbound) => 400,
        Ok(_) => 200,
        Err(_) => 400,
    }
}

fn has_long_id(inbound: &Inbound) -> bool {
    let kind = match &inbound.content {
        Content::Message(Message::Unknown(unknown)) => &unknown.msg_type,
        Content::Event(Event::Unknown(unknown)) => &unknown.event,
        _ => "",
    };
    let message_id = inbound.message_id.as_ref().map_or("", |id| id.as_str());
    [inbound.account.as_str(), inbound.user.as_str(), message_id, kind].iter().any(|id| id.len() > 512)
}
