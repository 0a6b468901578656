//! Answers and refusals, in the two dialects of the two documents.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{clock::UnixMillis, protocol::ErrCode};

/// Which of the two documents a call belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// 融云应用公众服务: `{"errcode":0,"errmsg":"ok"}`.
    RongCloud,
    /// 应用服务号推送: `{"msg":"","code":200,"data":{…},"timestamp":…}`.
    Portal,
}

/// Why a call is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: ErrCode,
    pub(super) message: String,
}

impl Refusal {
    /// 1002: something in the call is missing, wrong, or over a limit.
    pub(super) fn parameter(message: impl Into<String>) -> Self {
        Self { code: ErrCode::BAD_PARAMETER, message: message.into() }
    }

    /// 1003: a file is not what it is uploaded as.
    pub(super) fn media_type(message: impl Into<String>) -> Self {
        Self { code: ErrCode::BAD_MEDIA_TYPE, message: message.into() }
    }

    /// 1004, with HTTP 401: not signed, or not rightly.
    pub(super) fn signature(message: impl Into<String>) -> Self {
        Self { code: ErrCode::BAD_SIGNATURE, message: message.into() }
    }

    /// 1007: not now.
    pub(super) fn not_allowed(message: impl Into<String>) -> Self {
        Self { code: ErrCode::NOT_ALLOWED, message: message.into() }
    }

    pub(super) fn internal() -> Self {
        Self { code: ErrCode::INTERNAL, message: "服务内部错误".to_owned() }
    }

    pub(super) fn rate_exceeded() -> Self {
        Self { code: ErrCode::RATE_EXCEEDED, message: "调用频率超限".to_owned() }
    }

    pub(super) fn status(&self, dialect: Dialect) -> u16 {
        if dialect == Dialect::RongCloud && self.code == ErrCode::BAD_SIGNATURE { 401 } else { 200 }
    }
}

impl Dialect {
    pub(super) fn of(path: &str) -> Self {
        if path.starts_with("/interface/") { Self::Portal } else { Self::RongCloud }
    }

    /// The answer of a call that was carried out; `answer` is null where there is nothing else to say.
    pub(super) fn done(self, answer: Value, now: UnixMillis) -> Value {
        match (self, answer) {
            (Self::RongCloud, Value::Null) => json!({ "errcode": 0, "errmsg": "ok" }),
            (Self::RongCloud, answer) => answer,
            (Self::Portal, Value::Null) => json!({ "msg": "", "code": 200, "timestamp": now }),
            (Self::Portal, data) => json!({ "msg": "", "code": 200, "data": data, "timestamp": now }),
        }
    }

    /// The answer of a call that was refused. The portal's document names no code but 200: these follow HTTP.
    pub(super) fn refused(self, refusal: &Refusal, now: UnixMillis) -> Value {
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

/// A JSON answer.
pub(super) fn json(status: u16, text: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, "application/json; charset=utf-8")], text).into_response()
}
