//! What must hold for every body under a right signature: it is kept once, as it came, whatever it is.

use rongcloud_callback::{
    journal::{Record, State},
    protocol::parse,
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

        let probe = parse(body).is_ok_and(|inbound| inbound.is_probe());
        let kept = |wanted| usize::from(status == wanted && !probe);
        let [pending, dead] = [server.kept(State::Pending).await, server.kept(State::Dead).await];
        assert_eq!((pending.len(), dead.len()), (kept(200), kept(400)));
        assert!(pending.iter().chain(&dead).all(|record: &Record| *record.body == *body));
    });
}

fn expected(body: &[u8]) -> u16 {
    match parse(body) {
        _ if body.len() > MAX_BODY => 413,
        Ok(_) => 200,
        Err(_) => 400,
    }
}
