//! The steps that a sandbox cannot play against its server.

use super::{action::Action, file::Step, language::Language};
use crate::sandbox::platform::Platform;

/// The number of a step that the sandbox cannot play, because of which it plays nothing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unplayable {
    /// The step lets time pass, and the server's clock is not the sandbox's.
    After(usize),
    /// The step looks at the state of its conversation, which the server does not report.
    State(usize),
    /// A person acts in the step, and the sandbox reaches no desk of the server.
    Person(usize),
}

impl Unplayable {
    /// The first step that this sandbox cannot play, if there is one.
    pub(super) fn first_of(steps: &[Step], platform: &Platform) -> Option<Self> {
        let can_advance = platform.clock.can_advance();
        let (is_observed, has_desk) = {
            let state = platform.state.lock();
            (state.deliveries.is_observed, state.desk.is_some())
        };
        let problem = |(number, step): (usize, &Step)| match step {
            Step { after: Some(_), .. } if !can_advance => Some(Self::After(number)),
            Step { state: Some(_), .. } if !is_observed => Some(Self::State(number)),
            Step { action: Some(Action::Person(_)), .. } if !has_desk => Some(Self::Person(number)),
            _ => None,
        };
        (1..).zip(steps).find_map(problem)
    }

    /// The reason, and what to do.
    pub(super) fn describe(self, language: Language) -> String {
        match self {
            Self::After(step) => language.pick(
                format!(
                    "step {step} has `after`, but the server goes by a clock of its own: time passes only for the server that \
                     the sandbox runs itself (without --route-url, and not with a journal on PostgreSQL)"
                ),
                format!(
                    "第 {step} 步有 `after`，但服务器使用自己的时钟：只有沙箱自带的服务器才能快进时间（不带 --route-url，\
                     且 journal 不在 PostgreSQL 上）"
                ),
            ),
            Self::State(step) => language.pick(
                format!(
                    "step {step} has `state`, but the server does not report the states of its conversations: the server that \
                     the sandbox runs itself does (without --route-url)"
                ),
                format!(
                    "第 {step} 步有 `state`，但服务器不报告会话状态：沙箱自带的服务器会报告（不带 --route-url）"
                ),
            ),
            Self::Person(step) => language.pick(
                format!(
                    "a person acts in step {step}, but the sandbox reaches no desk of the server: it reaches that of the server \
                     that it runs itself (without --route-url)"
                ),
                format!(
                    "第 {step} 步由人工操作，但沙箱无法访问服务器的人工台：只能访问沙箱自带的服务器（不带 --route-url）"
                ),
            ),
        }
    }
}
