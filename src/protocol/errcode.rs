//! The platform's result codes: business return codes (业务返回码).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A result code, the `errcode` of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrCode(pub i64);

impl ErrCode {
    /// Done.
    pub const OK: Self = Self(0);
    /// Internal error (服务内部错误): try again.
    pub const INTERNAL: Self = Self(1000);
    /// Bad parameter (参数错误).
    pub const BAD_PARAMETER: Self = Self(1002);
    /// Bad media type; seen in the upload example only.
    pub const BAD_MEDIA_TYPE: Self = Self(1003);
    /// Bad signature (验证签名错误).
    pub const BAD_SIGNATURE: Self = Self(1004);
    /// Call not allowed (被限制调用).
    pub const NOT_ALLOWED: Self = Self(1007);
    /// Rate exceeded (调用频率超限): try again, later.
    pub const RATE_EXCEEDED: Self = Self(1008);

    /// Whether the same call may succeed later.
    ///
    /// A code that the document does not list counts as permanent: repeating a call that may have had an effect
    /// needs a promise, not a guess.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::INTERNAL | Self::RATE_EXCEEDED)
    }

    /// Whether it was one call too many: wait longer than after other errors.
    pub fn is_rate_limit(self) -> bool {
        self == Self::RATE_EXCEEDED
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::OK => "ok",
            Self::INTERNAL => "internal error",
            Self::BAD_PARAMETER => "bad parameter",
            Self::BAD_MEDIA_TYPE => "bad media type",
            Self::BAD_SIGNATURE => "bad signature",
            Self::NOT_ALLOWED => "call not allowed",
            Self::RATE_EXCEEDED => "rate exceeded",
            _ => "not a documented code",
        }
    }
}

impl fmt::Display for ErrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.meaning())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_internal_errors_and_exceeded_rates_are_worth_another_try() {
        let retryable: Vec<_> = (0..2000).map(ErrCode).filter(|code| code.is_retryable()).collect();
        assert_eq!(retryable, [ErrCode::INTERNAL, ErrCode::RATE_EXCEEDED]);
        assert!(ErrCode(1008).is_rate_limit() && !ErrCode(1000).is_rate_limit());
    }

    #[test]
    fn a_code_is_shown_with_its_meaning() {
        assert_eq!(ErrCode(1004).to_string(), "1004 (bad signature)");
        assert_eq!(ErrCode(-1).to_string(), "-1 (not a documented code)");
    }
}
