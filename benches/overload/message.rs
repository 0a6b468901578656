//! The messages of the load: signed texts of about 400 bytes, each from one of a thousand users.

use std::io::Write;

use rongcloud_callback::{clock::Clock, signature::signed_query};
use secrecy::SecretString;

/// The mark on both sides of a message's number in its text, and in the answer that quotes it.
pub(crate) const MARK: char = '#';

/// Writes the request that delivers a message.
pub(crate) fn message(number: u64, secret: &SecretString, clock: &Clock, request: &mut Vec<u8>) {
    let query = signed_query(secret, &number.to_string(), clock.now());
    let user = number % 1000;
    let body = format!(
        "<xml>\n <ToUserName><![CDATA[mcid1]]></ToUserName>\n \
         <FromUserName><![CDATA[user-{user}]]></FromUserName>\n \
         <CreateTime>134223445860</CreateTime>\n <MsgType><![CDATA[text]]></MsgType>\n \
         <Content><![CDATA[一条不长不短的消息，用来测量需要多少时间。{MARK}{number}{MARK}]]></Content>\n \
         <MsgId>BAE6-3KQ2-{number:012}</MsgID>\n</xml>"
    );
    write!(
        request,
        "POST /callback?{query} HTTP/1.1\r\nhost: bench\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("writing to memory");
}
