//! Sessions of the page: a cookie that says who it is for and until when, signed with the token that it was made from.
//!
//! No server keeps a session, so every replica knows it, and it ends by itself, or with its token.

use std::time::Duration;

use axum::http::{HeaderMap, header::COOKIE};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac, digest::Key};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::{
    clock::UnixMillis,
    server::admin::{AdminToken, AdminTokens},
};

/// The name of the cookie.
const NAME: &str = "rongcloud_console";
/// The time after which a session ends.
const LASTS: Duration = Duration::from_hours(8);

/// The header that gives the page a session, and the session's end. Only a page that came over TLS gets a cookie that is
/// sent over nothing else.
pub(super) fn set(
    token: &AdminToken,
    name: &str,
    now: UnixMillis,
    is_tls: bool,
) -> (String, UnixMillis) {
    let expires_at = now.plus(LASTS);
    let value = format!(
        "{}.{}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(name),
        expires_at.0,
        hex::encode(mac(token, name, expires_at).finalize().into_bytes())
    );
    (header(&value, LASTS, is_tls), expires_at)
}

/// The header that ends the page's session.
pub(super) fn clear(is_tls: bool) -> String {
    header("", Duration::ZERO, is_tls)
}

fn header(value: &str, lasts: Duration, is_tls: bool) -> String {
    let secure = if is_tls { "; Secure" } else { "" };
    format!("{NAME}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}{secure}", lasts.as_secs())
}

/// The value of the request's cookie.
pub(super) fn given(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='))
}

/// The token that a session was made from, and the session's end; `None` if the session has ended, or its token is gone.
pub(super) fn read<'t>(
    value: &str,
    tokens: &'t AdminTokens,
    now: UnixMillis,
) -> Option<(&'t AdminToken, UnixMillis)> {
    let mut parts = value.split('.');
    let name = BASE64_URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    let name = String::from_utf8(name).ok()?;
    let expires_at = UnixMillis(parts.next()?.parse().ok()?);
    let signature = hex::decode(parts.next()?).ok()?;
    let token = tokens.iter().find(|token| token.name.as_ref() == Some(&name))?;
    // The comparison takes the same time wherever the signatures differ.
    mac(token, &name, expires_at).verify_slice(&signature).ok()?;
    (now < expires_at).then_some((token, expires_at))
}

/// The signature of a session, before it is compared or written.
fn mac(token: &AdminToken, name: &str, expires_at: UnixMillis) -> Hmac<Sha256> {
    let digest =
        Sha256::new().chain_update("session").chain_update(token.secret.expose_secret()).finalize();
    // A key that is shorter than a block counts as one that ends in zeros.
    let mut key = Key::<Hmac<Sha256>>::default();
    key[..digest.len()].copy_from_slice(&digest);
    let mut mac = Hmac::<Sha256>::new(&key);
    mac.update(format!("{name}\u{1f}{}", expires_at.0).as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::admin::{Right, Rights};

    fn token(name: &str, secret: &str) -> AdminToken {
        AdminToken {
            name: Some(name.to_owned()),
            secret: secret.into(),
            rights: Rights::from_iter([Right::Read]),
        }
    }

    /// The value of the cookie that a session of this token gets at time 0.
    fn value(token: &AdminToken) -> String {
        let (header, _) = set(token, token.name.as_ref().unwrap(), UnixMillis(0), false);
        let (value, _) = header.strip_prefix("rongcloud_console=").unwrap().split_once(';').unwrap();
        value.to_owned()
    }

    #[test]
    fn a_session_is_known_until_it_ends_or_its_token_is_another_one() {
        let (ann, bob) = (token("安.ann", "0123456789abcdef"), token("bob", "fedcba9876543210"));
        let session = value(&ann);
        let end = UnixMillis(0).plus(LASTS);
        let read = |tokens: &[&AdminToken], now| {
            let tokens = tokens.iter().map(|token| (*token).clone()).collect();
            read(&session, &tokens, now).map(|(token, end)| (token.name.clone(), end))
        };
        assert_eq!(read(&[&bob, &ann], UnixMillis(end.0 - 1)), Some((ann.name.clone(), end)));
        assert_eq!(read(&[&bob, &ann], end), None);
        assert_eq!(read(&[&bob], UnixMillis(0)), None);
        assert_eq!(read(&[&token("安.ann", "fedcba9876543210")], UnixMillis(0)), None);
    }

    #[test]
    fn a_session_that_was_changed_is_none() {
        let tokens =
            [token("ann", "0123456789abcdef"), token("bob", "fedcba9876543210")].into_iter().collect();
        let session = value(&token("ann", "0123456789abcdef"));
        assert!(read(&session, &tokens, UnixMillis(0)).is_some());
        let parts: Vec<_> = session.split('.').collect();
        let end = UnixMillis(0).plus(LASTS).0;
        for changed in [
            format!("{}.{}.{}", BASE64_URL_SAFE_NO_PAD.encode("bob"), parts[1], parts[2]),
            format!("{}.{}.{}", parts[0], end + 1, parts[2]),
            format!("{}.{}.{}", parts[0], parts[1], "0".repeat(64)),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[0], parts[1]),
            String::new(),
        ] {
            assert!(read(&changed, &tokens, UnixMillis(0)).is_none(), "{changed}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let headers = |cookie: &'static str| HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
        assert_eq!(given(&headers("a=1; rongcloud_console=x.y.z; b=2")), Some("x.y.z"));
        assert_eq!(given(&headers("rongcloud_console2=x; a=rongcloud_console=y")), None);
    }
}
