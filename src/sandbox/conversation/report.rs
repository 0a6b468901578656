//! The report of a played conversation, step by step, in English or in Chinese.

use std::{fmt, time::Duration};

use super::{
    action::Action,
    expected_state::ExpectedState,
    file::{Expected, TextCheck},
    language::{INDENT, Language, printable},
    reason,
    unplayable::Unplayable,
};
use crate::{
    ids::UserId,
    sandbox::{
        content::ChatContent, dialogue_log::DialogueState, history::Delivery, platform::WriteError,
    },
};

/// The report of a played conversation; its text lists the steps with their differences.
#[derive(Debug, Clone)]
pub struct Report {
    pub(super) steps: Vec<PlayedStep>,
    /// The number of steps in the file.
    pub(super) total: usize,
    /// The replies that came after all steps, and that no step expects.
    pub(super) surplus: Vec<(UserId, ChatContent)>,
    /// The step because of which nothing was played.
    pub(super) unplayable: Option<Unplayable>,
}

/// A step that was played.
#[derive(Debug, Clone)]
pub(super) struct PlayedStep {
    pub(super) user: UserId,
    /// The time that passed before the action.
    pub(super) after: Option<Duration>,
    pub(super) action: Option<Action>,
    /// The replies that came as expected.
    pub(super) replies: Vec<ChatContent>,
    pub(super) result: Result<Checked, Difference>,
    /// The delivery of the user's latest step, if this one has failed.
    pub(super) delivery: Option<Delivery>,
}

/// The check that a step has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checked {
    /// The expected replies came.
    Replies,
    /// No reply came.
    Silence,
    /// The delivery was accepted; replies are not checked, as the step has no `replies`.
    Delivery,
    /// Replies are not checked, and the user has sent nothing.
    Nothing,
}

/// The reason why a step failed.
#[derive(Debug, Clone)]
pub(super) enum Difference {
    /// A reply differs from the expected one, or is missing, or was not expected.
    Reply { expected: Option<Box<Expected>>, received: Option<ChatContent> },
    /// A reply came before the step, and no earlier step expects it.
    Early(ChatContent),
    /// The conversation does not have the expected state.
    State { expected: ExpectedState, stored: Option<DialogueState> },
    /// The user cannot write the message.
    Impossible(WriteError),
    /// The desk refuses the person's action, for this reason.
    Refused(String),
    /// The sandbox has stopped.
    Ended,
    /// The step's delivery was not accepted.
    NotAccepted,
    /// No reply came, but one may still come, or has failed.
    Unsettled,
    /// No reply came, and no message was accepted that could have been answered.
    NothingAccepted,
}

/// The text of a report in one language.
struct ReportText<'r>(&'r Report, Language);

impl Report {
    /// Whether every message was accepted, and every reply came as expected.
    pub fn has_passed(&self) -> bool {
        self.unplayable.is_none()
            && self.surplus.is_empty()
            && self.steps.iter().all(|step| step.result.is_ok())
    }

    /// The text of this report in Chinese.
    pub fn in_chinese(&self) -> impl fmt::Display + '_ {
        ReportText(self, Language::Chinese)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ReportText(self, Language::English).fmt(f)
    }
}

impl fmt::Display for ReportText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report, language) = *self;
        if let Some(unplayable) = report.unplayable {
            writeln!(f, "✗ {}", unplayable.describe(language))?;
        }
        for (index, step) in report.steps.iter().enumerate() {
            let mark = if step.result.is_ok() { '✓' } else { '✗' };
            let number = index + 1;
            let action = language.describe_action(&step.user, step.action.as_ref());
            let action = language.describe_after(step.after, &action);
            let heading = language.pick(format!("step {number}: "), format!("第 {number} 步："));
            writeln!(f, "{mark} {heading}{action}")?;
            step.lines(language).iter().try_for_each(|line| writeln!(f, "{INDENT}{line}"))?;
        }
        for (user, content) in &report.surplus {
            let user = printable(user.as_str());
            let heading = language.pick(
                format!("after the last step, to {user}; no step expects it:"),
                format!("最后一步之后发给 {user}，没有任何步骤预期它："),
            );
            writeln!(f, "✗ {heading}\n{INDENT}{}", describe_received(language, Some(content)))?;
        }
        writeln!(f, "{}", report.conclusion(language))
    }
}

impl Report {
    /// The last line.
    fn conclusion(&self, language: Language) -> String {
        let left = self.total - self.steps.len();
        match (self.has_passed(), left) {
            (true, _) => language.pick("passed", "通过").to_owned(),
            (false, _) if self.unplayable.is_some() => {
                language.pick("failed: nothing was played", "未通过：没有执行任何步骤").to_owned()
            }
            (false, 0) => language.pick("failed: it went differently", "未通过：与预期不同").to_owned(),
            (false, left) => language.pick(
                format!("failed: it went differently, and ends here; steps not played: {left}"),
                format!("未通过：与预期不同，到此结束；未执行的步骤数：{left}"),
            ),
        }
    }
}

impl PlayedStep {
    /// The lines below the step's heading.
    fn lines(&self, language: Language) -> Vec<String> {
        let replies = self.replies.iter().map(|content| describe_received(language, Some(content)));
        let rest = match &self.result {
            Ok(Checked::Replies) => Vec::new(),
            Ok(Checked::Silence) => vec![describe_received(language, None)],
            Ok(Checked::Delivery) => {
                vec![language.pick("accepted; replies not checked", "已接受；未检查回复").to_owned()]
            }
            Ok(Checked::Nothing) => vec![language.pick("replies not checked", "未检查回复").to_owned()],
            Err(difference) => self.difference(language, difference),
        };
        replies.chain(rest).collect()
    }

    /// The lines that explain why the step failed.
    fn difference(&self, language: Language, difference: &Difference) -> Vec<String> {
        let mut lines = match difference {
            Difference::Reply { expected, received: content } => {
                vec![
                    describe_expected(language, expected.as_deref()),
                    describe_received(language, content.as_ref()),
                ]
            }
            Difference::Early(content) => {
                let early = language.pick(
                    "before this step there came what no step expects:",
                    "这一步之前收到了没有任何步骤预期的消息：",
                );
                vec![early.to_owned(), describe_received(language, Some(content))]
            }
            Difference::State { expected, stored } => vec![
                language.describe_expected_state(expected),
                language.describe_stored_state(stored.as_ref()),
            ],
            Difference::Impossible(error) => vec![reason::describe_write_error(language, error)],
            Difference::Refused(reason) => {
                let refused = language.pick("the server's desk refuses it: ", "服务器的人工台拒绝：");
                vec![format!("{refused}{}", printable(reason))]
            }
            Difference::Ended => {
                vec![language.pick("the sandbox has ended", "沙箱已停止").to_owned()]
            }
            Difference::NotAccepted => Vec::new(),
            Difference::Unsettled => {
                let unsettled = language.pick(
                    "received nothing, but the message or a reply is not settled:",
                    "没有收到消息，但该消息或其回复尚未处理完：",
                );
                vec![unsettled.to_owned()]
            }
            Difference::NothingAccepted => {
                let nothing = language.pick(
                    "received nothing, but nothing could have been answered: no earlier step of this user was accepted",
                    "没有收到消息，但也不可能有回复：该用户之前没有任何一步被接受",
                );
                vec![nothing.to_owned()]
            }
        };
        if let Some(delivery) = &self.delivery {
            match reason::describe_refusal(language, delivery) {
                Some(reason) => lines.push(reason),
                None => lines.extend(reason::describe_handling(language, delivery)),
            }
        }
        lines
    }
}

/// The line for the reply that must come; `None` stands for no reply.
fn describe_expected(language: Language, expected: Option<&Expected>) -> String {
    let Some(Expected { kind, text: check }) = expected else {
        return language.pick("expected nothing", "预期：无").to_owned();
    };
    let any = language.pick("something", "任意消息");
    let kind = kind.as_deref().map_or(any, |kind| language.kind(kind));
    let (must, text) = match check {
        TextCheck::Any => return language.pick(format!("expected {kind}"), format!("预期{kind}")),
        TextCheck::Exact(text) => (language.pick(" that is exactly", "，内容为"), text.as_str()),
        TextCheck::Contains(text) => (language.pick(" that contains", "，包含"), text.as_str()),
        TextCheck::Matches(regex) => (language.pick(" that matches", "，匹配"), regex.as_str()),
    };
    let label = language.pick(format!("expected {kind}{must}"), format!("预期{kind}{must}"));
    language.label(&label, text)
}

/// The line for the reply that came; `None` stands for no reply.
fn describe_received(language: Language, content: Option<&ChatContent>) -> String {
    let Some(content) = content else {
        return language.pick("received nothing", "收到：无").to_owned();
    };
    let kind = language.kind(content.kind());
    let label = language.pick(format!("received {kind}"), format!("收到{kind}"));
    language.label(&label, &content.words())
}
