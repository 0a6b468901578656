//! The body of a request, as JSON.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, Request},
};
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// The most bytes of a request's body.
const MAX_BODY: usize = 64 << 10;

/// The body of a request, which may hold a secret. An empty one is read as `{}`.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let body = read_bytes(request.into_body()).await?;
        // The parser's message may quote a value, and a value may be a token.
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            ApiError::bad_request(format!(
                "the body is not the JSON that this route reads (line {}, column {}): \
                 /api/v1/openapi.json describes it",
                error.line(),
                error.column()
            ))
        })
    }
}

/// Reads the JSON of a request's body; an empty one counts as `{}`.
///
/// # Errors
///
/// 413: it is too long, or it has broken off.
pub(super) async fn read_bytes(body: Body) -> Result<Bytes, ApiError> {
    match to_bytes(body, MAX_BODY).await {
        Ok(body) if body.is_empty() => Ok(Bytes::from_static(b"{}")),
        Ok(body) => Ok(body),
        Err(_) => {
            let reason = format!("the body is longer than {} KiB, or it has broken off", MAX_BODY >> 10);
            Err(ApiError::too_large(reason))
        }
    }
}
