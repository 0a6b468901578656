//! Messages with ids as the platform has them, since their lengths decide what is stored.

use std::fmt::Write;

use rongcloud_callback::clock::UnixMillis;

use crate::message_id;

/// The secret that requests are signed with.
pub(crate) const SECRET: &str = "bench-secret";
/// The App Key, of 13 characters.
pub(crate) const APP: &str = "8luwapkvucoil";
/// The id of the public account.
const ACCOUNT: &str = "mc7Kq2x9Bd";
/// The separator in the journal's keys.
const SEPARATOR: char = '\u{1f}';

/// One text message of the public account's user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextMessage {
    /// The number of the message, which no other message of the same millisecond has.
    pub(crate) number: u64,
    /// The number of the user, who is the message's conversation.
    pub(crate) user: u64,
    pub(crate) sent_at: UnixMillis,
}

impl TextMessage {
    /// Appends the callback's body of about 400 bytes, as the platform's document prints it.
    pub(crate) fn write_body(&self, body: &mut String) {
        write!(body, "<xml>\n <ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>\n <FromUserName><![CDATA[")
            .expect("writing to a string");
        self.write_user(body);
        body.push_str(
            "]]></FromUserName>\n <CreateTime>134223445860</CreateTime>\n \
             <MsgType><![CDATA[text]]></MsgType>\n \
             <Content><![CDATA[一条不长不短的消息，用来测量接收一条消息需要多少时间。]]></Content>\n <MsgId>",
        );
        self.write_id(body);
        body.push_str("</MsgID>\n</xml>");
    }

    /// The callback's body.
    pub(crate) fn body(&self) -> String {
        let mut body = String::with_capacity(512);
        self.write_body(&mut body);
        body
    }

    /// The key of the message's entry in the journal.
    pub(crate) fn key(&self) -> String {
        let mut key = String::with_capacity(80);
        key.push_str("id\u{1f}");
        self.write_id(&mut key);
        key.push(SEPARATOR);
        self.write_conversation(&mut key);
        key
    }

    /// The key of the message's conversation in the journal.
    pub(crate) fn conversation(&self) -> String {
        let mut conversation = String::with_capacity(50);
        self.write_conversation(&mut conversation);
        conversation
    }

    fn write_conversation(&self, text: &mut String) {
        write!(text, "{APP}{SEPARATOR}{ACCOUNT}{SEPARATOR}").expect("writing to a string");
        self.write_user(text);
    }

    /// The user's id of 24 characters, no two of which begin alike.
    fn write_user(&self, text: &mut String) {
        let hash = self.user.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8;
        write!(text, "{hash:014x}{:010x}", self.user).expect("writing to a string");
    }

    fn write_id(&self, text: &mut String) {
        message_id::write(self.number, self.sent_at, text);
    }
}
