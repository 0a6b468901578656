//! The answer to a request that is refused: the platform's own form of an error.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;

use crate::protocol::ErrCode;

/// The body of the answer.
#[derive(Serialize)]
struct ErrorBody<'a> {
    errcode: ErrCode,
    errmsg: &'a str,
}

/// Builds the answer with `status`, which decides the error code. At a status 503 the platform should try again.
pub(super) fn error_response(status: StatusCode, errmsg: &str) -> Response {
    let errcode = match status {
        StatusCode::UNAUTHORIZED => ErrCode::BAD_SIGNATURE,
        StatusCode::SERVICE_UNAVAILABLE => ErrCode::INTERNAL,
        _ => ErrCode::BAD_PARAMETER,
    };
    // A number and a string can always be serialized.
    let json = serde_json::to_vec(&ErrorBody { errcode, errmsg }).unwrap_or_default();
    let mut response = (status, Body::from(json)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
