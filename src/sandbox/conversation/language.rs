//! The language of a report, and texts of strangers in a form that is safe on a terminal.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;

use super::{action::Action, expected_state::ExpectedState};
use crate::{
    ids::UserId,
    sandbox::{content::ChatContent, desk::DeskAction, dialogue_log::DialogueState},
};

/// The indentation of the lines below a step.
pub(super) const INDENT: &str = "    ";

/// The language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// The one of two equivalent values that is in this language.
    pub(super) fn pick<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// The name of a kind of message, as in `"kind"`.
    pub(super) fn kind(self, name: &str) -> &str {
        let chinese = match name {
            "text" => "文本",
            "image" => "图片",
            "voice" => "语音",
            "location" => "位置",
            "imgtxt" => "图文",
            "news" => "图文消息",
            "mpnews" => "图文消息（mpnews）",
            other => other,
        };
        self.pick(name, chinese)
    }

    /// The heading of a step: the user and the action.
    pub(super) fn describe_action(self, user: &UserId, action: Option<&Action>) -> String {
        let user = printable(user.as_str());
        match action {
            None => self.pick(format!("{user} waits"), format!("{user} 等待")),
            Some(Action::User(content)) => self.describe_content(&user, content),
            Some(Action::Person(DeskAction::TakeOver)) => self.pick(
                format!("a person takes over the conversation of {user}"),
                format!("人工接管 {user} 的会话"),
            ),
            Some(Action::Person(DeskAction::Answer(text))) => self
                .label(&self.pick(format!("a person answers {user}"), format!("人工回复 {user}")), text),
            Some(Action::Person(DeskAction::HandBack)) => self.pick(
                format!("a person hands back the conversation of {user}"),
                format!("人工交还 {user} 的会话"),
            ),
        }
    }

    fn describe_content(self, user: &str, content: &ChatContent) -> String {
        match content {
            ChatContent::Subscribe => self.pick(format!("{user} follows"), format!("{user} 关注")),
            ChatContent::Unsubscribe => {
                self.pick(format!("{user} unfollows"), format!("{user} 取消关注"))
            }
            ChatContent::Text { text } => {
                self.label(&self.pick(format!("{user} says"), format!("{user} 说")), text)
            }
            other => {
                let kind = self.kind(other.kind());
                let sends = self.pick(format!("{user} sends {kind}"), format!("{user} 发送{kind}"));
                self.label(&sends, &other.words())
            }
        }
    }

    /// The heading of a step before which time passes.
    pub(super) fn describe_after(self, after: Option<Duration>, action: &str) -> String {
        let Some(span) = after.and_then(|span| SignedDuration::try_from(span).ok()) else {
            return action.to_owned();
        };
        self.pick(format!("{span:#} later, {action}"), format!("{span:#} 后，{action}"))
    }

    /// The line for the state that a conversation must have.
    pub(super) fn describe_expected_state(self, expected: &ExpectedState) -> String {
        let label = self.pick("expected state", "预期状态");
        match expected {
            ExpectedState::None => self.describe_state(label, None),
            ExpectedState::Dialogue { name, body } => {
                self.describe_state(label, Some((name, body.as_ref())))
            }
        }
    }

    /// The line for the state that a conversation has.
    pub(super) fn describe_stored_state(self, stored: Option<&DialogueState>) -> String {
        let state = stored.map(|stored| (stored.name.as_str(), Some(&stored.body)));
        self.describe_state(self.pick("its state", "实际状态"), state)
    }

    fn describe_state(self, label: &str, state: Option<(&str, Option<&Value>)>) -> String {
        let colon = self.pick(": ", "：");
        let state = match state {
            None => self.pick("none", "无").to_owned(),
            Some((name, None)) => name.to_owned(),
            Some((name, Some(body))) => format!("{name} {body}"),
        };
        format!("{label}{colon}{}", printable(&state))
    }

    /// A label and a text: on one line, or the text below the label if it has several lines.
    pub(super) fn label(self, label: &str, text: &str) -> String {
        let (colon, space) = self.pick((":", " "), ("：", ""));
        let text = printable(text);
        if !text.contains('\n') {
            return format!("{label}{colon}{space}“{text}”");
        }
        // The lines stand below each other behind the opening quotation mark.
        let text = text.replace('\n', &format!("\n{INDENT}   "));
        format!("{label}{colon}\n{INDENT}  “{text}”")
    }
}

/// A text that is safe on a terminal: control characters other than line feeds, and characters that change the direction
/// of writing, are written as escapes.
pub(super) fn printable(text: &str) -> String {
    let changes_direction = |char| matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let mut printable = String::with_capacity(text.len());
    for char in text.chars() {
        if char != '\n' && (char.is_control() || changes_direction(char)) {
            printable.extend(char.escape_default());
        } else {
            printable.push(char);
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_several_lines_stands_below_its_label_and_controls_no_terminal() {
        let language = Language::English;
        assert_eq!(language.label("received text", "a \"b\""), "received text: “a \"b\"”");
        assert_eq!(
            language.label("received text", "one\ntwo\u{1b}[2J\n\u{202e}three\r"),
            "received text:\n      “one\n       two\\u{1b}[2J\n       \\u{202e}three\\r”"
        );
        assert_eq!(
            Language::Chinese.label("收到文本", "好\u{1f468}\u{200d}\u{1f469}"),
            "收到文本：“好\u{1f468}\u{200d}\u{1f469}”"
        );
    }
}
