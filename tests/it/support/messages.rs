//! Messages as the platform sends them: signed, and each with a nonce of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use rongcloud_callback::{clock::Clock, signature::signed_query};

use super::{http::post, secrecy::REMARK};

pub(crate) const APP: &str = "test-app";
pub(crate) const SECRET: &str = "Y1W2MeFwwwRxa0";
pub(crate) const PATH: &str = "/callback";

/// A text message of `user`, with the slip in its last end tag that the platform's documents have.
pub(crate) fn text(user: &str, id: &str, content: &str) -> String {
    format!(
        "<xml>\n <ToUserName><![CDATA[demo]]></ToUserName>\n \
         <FromUserName><![CDATA[{user}]]></FromUserName>\n <CreateTime>134223445860</CreateTime>\n \
         <MsgType><![CDATA[text]]></MsgType>\n <Content><![CDATA[{content}]]></Content>\n \
         <MsgId>{id}</MsgID>\n <Remark>{REMARK}</Remark>\n</xml>"
    )
}

/// A follow event of `user`.
pub(crate) fn subscribe(user: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[demo]]></ToUserName><FromUserName><![CDATA[{user}]]></FromUserName>\
         <CreateTime>134223445860</CreateTime><MsgType><![CDATA[event]]></MsgType>\
         <Event><![CDATA[subscribe]]></Event></xml>"
    )
}

/// A request that delivers `body` now, under a signature of its own.
pub(crate) fn delivery(body: &(impl AsRef<[u8]> + ?Sized)) -> Vec<u8> {
    static NONCES: AtomicU64 = AtomicU64::new(0);
    let nonce = format!("{}-{}", std::process::id(), NONCES.fetch_add(1, Ordering::Relaxed));
    let query = signed_query(&SECRET.into(), &nonce, Clock::system().now());
    post(&format!("{PATH}?{query}"), body)
}
