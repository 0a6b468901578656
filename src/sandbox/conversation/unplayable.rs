//! The steps that a sandbox cannot play against its server.

use super::language::Language;

/// A step that the sandbox cannot play, because of which it plays nothing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unplayable {
    /// The step lets time pass, and the server's clock is not the sandbox's.
    After { step: usize },
    /// The step looks at the state of its conversation, which the server does not report.
    State { step: usize },
}

impl Unplayable {
    /// The reason, and what to do.
    pub(super) fn describe(self, language: Language) -> String {
        match self {
            Self::After { step } => language.pick(
                format!(
                    "step {step} has `after`, but the server goes by a clock of its own: time passes only for the server that \
                     the sandbox runs itself (without --route-url, and not with a journal on PostgreSQL)"
                ),
                format!(
                    "第 {step} 步有 `after`，但服务器使用自己的时钟：只有沙箱自带的服务器才能快进时间（不带 --route-url，\
                     且日志不在 PostgreSQL 上）"
                ),
            ),
            Self::State { step } => language.pick(
                format!(
                    "step {step} has `state`, but the server does not report the states of its conversations: the server that \
                     the sandbox runs itself does (without --route-url)"
                ),
                format!(
                    "第 {step} 步有 `state`，但服务器不报告会话状态：沙箱自带的服务器会报告（不带 --route-url）"
                ),
            ),
        }
    }
}
