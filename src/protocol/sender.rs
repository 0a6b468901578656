//! The sender of a body, also of one that cannot be read as a whole.

use super::xml::Elements;
use crate::ids::{AccountId, UserId};

/// The account and the user of a body, if both are certain.
///
/// This is for bodies that [`parse`](super::parse) refuses: an operator finds them among the user's other messages. In a body
/// that is not well-formed only the elements before the user's own texts count, and each id must be there once.
///
/// # Examples
///
/// ```
/// use rongcloud_callback::protocol::sender;
///
/// let cut = b"<xml><ToUserName>account</ToUserName><FromUserName>user</FromUserName><MsgType>te";
/// assert_eq!(sender(cut), Some(("account".into(), "user".into())));
/// assert_eq!(sender(b"<xml><ToUserName>account</ToUserName><FromUserName>us"), None);
/// ```
pub fn sender(body: &[u8]) -> Option<(AccountId, UserId)> {
    let mut elements = Elements::read_certain(body);
    let account = elements.id("ToUserName").ok()?;
    let user = elements.id("FromUserName").ok()?;
    Some((account.into_owned().into(), user.into_owned().into()))
}
