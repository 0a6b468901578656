//! How a played conversation went, step by step, in English or in Chinese.

use std::fmt;

use super::{
    file::{Expected, Words},
    reason,
    words::{INDENT, Language, printable},
};
use crate::{
    ids::UserId,
    sandbox::{content::Content, platform::ActError, records::Delivery},
};

/// How a conversation went; shows itself step by step, with the differences.
#[derive(Debug, Clone)]
pub struct Report {
    pub(super) steps: Vec<Played>,
    /// The number of steps in the file.
    pub(super) total: usize,
    /// The replies that came after all steps, and that no step expects.
    pub(super) surplus: Vec<(UserId, Content)>,
}

/// A step that was played.
#[derive(Debug, Clone)]
pub(super) struct Played {
    pub(super) user: UserId,
    pub(super) does: Option<Content>,
    /// The replies that came as expected.
    pub(super) replies: Vec<Content>,
    pub(super) result: Result<Checked, Difference>,
    /// The delivery of the user's latest step, if this one has failed.
    pub(super) delivery: Option<Delivery>,
}

/// What was checked of a step that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checked {
    /// Its replies.
    Replies,
    /// That nothing came.
    Silence,
    /// That its delivery was accepted, and nothing else: the step has no `replies`.
    Delivery,
}

/// Why a step failed.
#[derive(Debug, Clone)]
pub(super) enum Difference {
    /// A reply is another one than expected, or too many, or missing.
    Reply { expected: Option<Box<Expected>>, received: Option<Content> },
    /// A reply came before the step, and no earlier step expects it.
    Early(Content),
    /// The user cannot do this.
    Impossible(ActError),
    /// The sandbox has ended.
    Ended,
    /// The step's delivery was not accepted.
    NotAccepted,
    /// Nothing came, but a reply may still come, or has failed.
    Unsettled,
    /// Nothing came, and nothing was accepted that could have been answered.
    NothingAccepted,
}

/// A report in one language.
struct Written<'r>(&'r Report, Language);

impl Report {
    /// Whether everything was delivered, and came back as it must.
    pub fn passed(&self) -> bool {
        self.surplus.is_empty() && self.steps.iter().all(|step| step.result.is_ok())
    }

    /// The same report in Chinese.
    pub fn in_chinese(&self) -> impl fmt::Display + '_ {
        Written(self, Language::Chinese)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Written(self, Language::English).fmt(f)
    }
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report, language) = *self;
        for (index, step) in report.steps.iter().enumerate() {
            let mark = if step.result.is_ok() { '✓' } else { '✗' };
            let number = index + 1;
            let act = language.act(&step.user, step.does.as_ref());
            let heading = language.pick(format!("step {number}: "), format!("第 {number} 步："));
            writeln!(f, "{mark} {heading}{act}")?;
            step.lines(language).iter().try_for_each(|line| writeln!(f, "{INDENT}{line}"))?;
        }
        for (user, content) in &report.surplus {
            let user = printable(user.as_str());
            let heading = language.pick(
                format!("after the last step, to {user}; no step expects it:"),
                format!("最后一步之后发给 {user}，没有任何步骤预期它："),
            );
            writeln!(f, "✗ {heading}\n{INDENT}{}", received(language, Some(content)))?;
        }
        writeln!(f, "{}", report.conclusion(language))
    }
}

impl Report {
    fn conclusion(&self, language: Language) -> String {
        let left = self.total - self.steps.len();
        match (self.passed(), left) {
            (true, _) => language.pick("passed", "通过").to_owned(),
            (false, 0) => language.pick("failed: it went differently", "未通过：与预期不同").to_owned(),
            (false, left) => language.pick(
                format!("failed: it went differently, and ends here; steps not played: {left}"),
                format!("未通过：与预期不同，到此结束；未执行的步骤数：{left}"),
            ),
        }
    }
}

impl Played {
    /// What there is to say of the step below its heading.
    fn lines(&self, language: Language) -> Vec<String> {
        let replies = self.replies.iter().map(|content| received(language, Some(content)));
        let rest = match &self.result {
            Ok(Checked::Replies) => Vec::new(),
            Ok(Checked::Silence) => vec![received(language, None)],
            Ok(Checked::Delivery) => {
                vec![language.pick("accepted; replies not checked", "已接受；未检查回复").to_owned()]
            }
            Err(difference) => self.difference(language, difference),
        };
        replies.chain(rest).collect()
    }

    fn difference(&self, language: Language, difference: &Difference) -> Vec<String> {
        let mut lines = match difference {
            Difference::Reply { expected, received: content } => {
                vec![self::expected(language, expected.as_deref()), received(language, content.as_ref())]
            }
            Difference::Early(content) => {
                let early = language.pick(
                    "before this step there came what no step expects:",
                    "这一步之前收到了没有任何步骤预期的消息：",
                );
                vec![early.to_owned(), received(language, Some(content))]
            }
            Difference::Impossible(error) => vec![reason::impossible(language, error)],
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
            match reason::why_not_accepted(language, delivery) {
                Some(why) => lines.push(why),
                None => lines.extend(reason::handling(language, delivery)),
            }
        }
        lines
    }
}

/// The line of a reply that must come, or of none.
fn expected(language: Language, expected: Option<&Expected>) -> String {
    let Some(Expected { kind, words }) = expected else {
        return language.pick("expected nothing", "预期：无").to_owned();
    };
    let any = language.pick("something", "任意消息");
    let kind = kind.as_deref().map_or(any, |kind| language.kind(kind));
    let (must, text) = match words {
        Words::Any => return language.pick(format!("expected {kind}"), format!("预期{kind}")),
        Words::Exact(text) => (language.pick(" that is exactly", "，内容为"), text.as_str()),
        Words::Contains(text) => (language.pick(" that contains", "，包含"), text.as_str()),
        Words::Matches(regex) => (language.pick(" that matches", "，匹配"), regex.as_str()),
    };
    let label = language.pick(format!("expected {kind}{must}"), format!("预期{kind}{must}"));
    language.labelled(&label, text)
}

/// The line of a reply that came, or of none.
fn received(language: Language, content: Option<&Content>) -> String {
    let Some(content) = content else {
        return language.pick("received nothing", "收到：无").to_owned();
    };
    let kind = language.kind(content.kind());
    let label = language.pick(format!("received {kind}"), format!("收到{kind}"));
    language.labelled(&label, &content.words())
}
