//! The answers and refusals of API calls, in the formats of the two documents.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{clock::UnixMillis, protocol::ErrCode};

/// The two documents, each with a format of its own for answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// 融云应用公众服务: `{"errcode":0,"errmsg":"ok"}`.
    RongCloud,
    /// 应用服务号推送: `{"msg":"","code":200,"data":{…},"timestamp":…}`.
    Portal,
}

/// The refusal of a call.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: ErrCode,
    pub(super) message: String,
}

impl Refusal {
    /// Errcode 1002: a parameter is missing, wrong, or over a limit.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self { code: ErrCode::BAD_PARAMETER, message: message.into() }
    }

    /// Errcode 1003: a file is not of the type that it is uploaded as.
    pub(super) fn media_type(message: impl Into<String>) -> Self {
        Self { code: ErrCode::BAD_MEDIA_TYPE, message: message.into() }
    }

    /// Errcode 1004, with HTTP 401: the signature is missing or wrong.
    pub(super) fn signature(message: impl Into<String>) -> Self {
        Self { code: ErrCode::BAD_SIGNATURE, message: message.into() }
    }

    /// Errcode 1007: the call is not allowed at this time.
    pub(super) fn not_allowed(message: impl Into<String>) -> Self {
        Self { code: ErrCode::NOT_ALLOWED, message: message.into() }
    }

    /// Errcode 1000: an internal error.
    pub(super) fn internal() -> Self {
        Self { code: ErrCode::INTERNAL, message: "服务内部错误".to_owned() }
    }

    /// Errcode 1008: the rate limit is exceeded.
    pub(super) fn rate_exceeded() -> Self {
        Self { code: ErrCode::RATE_EXCEEDED, message: "调用频率超限".to_owned() }
    }

    /// The HTTP status of the refusal.
    pub(super) fn status(&self, dialect: Dialect) -> u16 {
        if dialect == Dialect::RongCloud && self.code == ErrCode::BAD_SIGNATURE { 401 } else { 200 }
    }
}

impl Dialect {
    /// The document that the call at `path` belongs to.
    pub(super) fn of(path: &str) -> Self {
        if path.starts_with("/interface/") { Self::Portal } else { Self::RongCloud }
    }

    /// The body for a call that was carried out; `answer` is null if the call has no data of its own.
    pub(super) fn success(self, answer: Value, now: UnixMillis) -> Value {
        match (self, answer) {
            (Self::RongCloud, Value::Null) => json!({ "errcode": 0, "errmsg": "ok" }),
            (Self::RongCloud, answer) => answer,
            (Self::Portal, Value::Null) => json!({ "msg": "", "code": 200, "timestamp": now }),
            (Self::Portal, data) => json!({ "msg": "", "code": 200, "data": data, "timestamp": now }),
        }
    }

    /// The body for a call that was refused. The portal's document names no code but 200: the codes here follow HTTP.
    pub(super) fn refusal(self, refusal: &Refusal, now: UnixMillis) -> Value {
        let Refusal { code, message } = refusal;
        if self == Self::RongCloud {
            return json!({ "errcode": code, "errmsg": message });
        }
        let code = match *code {
            ErrCode::BAD_SIGNATURE => 401,
            ErrCode::NOT_ALLOWED => 403,
            ErrCode::RATE_EXCEEDED => 429,
            ErrCode::INTERNAL => 500,
            _ => 400,
        };
        json!({ "msg": message, "code": code, "timestamp": now })
    }
}

/// A response with a JSON body.
pub(super) fn json(status: u16, text: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, "application/json; charset=utf-8")], text).into_response()
}
