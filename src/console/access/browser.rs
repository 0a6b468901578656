//! Requests that another site makes a browser send.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderName, Method,
        header::{CONTENT_LENGTH, CONTENT_TYPE, ORIGIN, TRANSFER_ENCODING},
    },
};

use crate::{console::error::ApiError, origin::is_foreign};

/// The header in which a browser says where a request comes from (Fetch Metadata).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The header in which a browser says what a request is for.
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Refuses a request that another site's page has made a browser send.
///
/// A request that changes something must come from this site's own page, or from no page at all. One that reads may also be
/// typed into the browser, and `/` may be a link on another site.
///
/// # Errors
///
/// 403, or 415 for a body that is no JSON: a form of another site could send such a body without asking.
pub(super) fn refuse_foreign(request: &Request) -> Result<(), ApiError> {
    let (headers, uri) = (request.headers(), request.uri());
    let site = text(headers, &SEC_FETCH_SITE);
    if changes(request.method()) {
        if is_foreign(headers, uri) || site.is_some_and(|site| site != "same-origin") {
            return Err(ApiError::forbidden("another site's page may change nothing here"));
        }
        if has_body(headers) && !is_json(headers) {
            return Err(ApiError::not_json());
        }
        return Ok(());
    }
    let is_own = site.is_none_or(|site| ["same-origin", "none"].contains(&site));
    let is_link = || uri.path() == "/" && text(headers, &SEC_FETCH_MODE) == Some("navigate");
    if is_own || is_link() {
        return Ok(());
    }
    Err(ApiError::forbidden("another site's page may read nothing here"))
}

/// Whether a request with this method may change something.
pub(super) fn changes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD].contains(method)
}

/// Whether the browser has said where the request comes from. Browsers say it with each request that changes something.
pub(super) fn tells_origin(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.contains_key(SEC_FETCH_SITE)
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).map(|length| length.as_bytes() != b"0");
    length.unwrap_or_default() || headers.contains_key(TRANSFER_ENCODING)
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = text(headers, &CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// The text of a header; a header that is no text is an empty one, which is nothing that a check admits.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}
