//! The errors of the API.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{journal::JournalError, server::admin::Right};

/// The body of every answer that is no success.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The reason, for a person.
    pub error: String,
    /// The right that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The name of the person who has been quicker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The way in: `token` where a log-in is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
}

/// A request that was refused or failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", body.error)]
pub(super) struct ApiError {
    status: StatusCode,
    body: ErrorBody,
}

impl ApiError {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, body: ErrorBody { error: error.into(), ..ErrorBody::default() } }
    }

    /// 400: the request is wrong; the reason says which parameter, and what to write.
    pub(super) fn bad_request(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// 401: nobody is logged in, or the session has ended.
    pub(super) fn unauthorized(reason: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::UNAUTHORIZED, reason);
        error.body.needs = Some("token".to_owned());
        error
    }

    /// 403: the request is refused, whoever makes it.
    pub(super) fn forbidden(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason)
    }

    /// 403: the name has not the right.
    pub(super) fn missing(right: Right, name: &str) -> Self {
        let reason =
            format!("{name} has not the right `{right}`: `may` of the token in admin.tokens gives it");
        let mut error = Self::forbidden(reason);
        error.body.missing = Some(right.as_str().to_owned());
        error
    }

    /// 404: there is nothing like that.
    pub(super) fn not_found(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, reason)
    }

    /// 405: the route has no such method.
    pub(super) fn method_not_allowed(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, reason)
    }

    /// 409: something has changed meanwhile.
    pub(super) fn conflict(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, reason)
    }

    /// 409: somebody else has been quicker.
    pub(super) fn taken(reason: impl Into<String>, by: Option<String>) -> Self {
        let mut error = Self::conflict(reason);
        error.body.by = by;
        error
    }

    /// 413: the body is longer than it may be.
    pub(super) fn too_large(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, reason)
    }

    /// 415: the body is no JSON by its header.
    pub(super) fn not_json() -> Self {
        let reason = "the body of a request is JSON: send Content-Type: application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason)
    }

    /// 429: there are too many requests of this kind.
    pub(super) fn too_many(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, reason)
    }

    /// 503: it cannot be done at present.
    pub(super) fn unavailable(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason)
    }
}

impl From<JournalError> for ApiError {
    fn from(error: JournalError) -> Self {
        let reason = error.to_string();
        match error {
            JournalError::NotFound(_) => Self::not_found(reason),
            JournalError::Conflict
            | JournalError::JobRunning(_)
            | JournalError::LeaseLost(_)
            | JournalError::StateChanged(_) => Self::conflict(reason),
            _ => Self::unavailable(reason),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
