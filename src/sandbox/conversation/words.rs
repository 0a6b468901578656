//! The words of a report in two languages, and texts of strangers as a terminal may show them.

use crate::{ids::UserId, sandbox::content::Content};

/// How far the lines below a step are indented.
pub(super) const INDENT: &str = "    ";

/// The language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// One of the same thing in both languages.
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

    /// The step's heading: who does what.
    pub(super) fn act(self, user: &UserId, does: Option<&Content>) -> String {
        let user = printable(user.as_str());
        match does {
            None => self.pick(format!("{user} waits"), format!("{user} 等待")),
            Some(Content::Subscribe) => self.pick(format!("{user} follows"), format!("{user} 关注")),
            Some(Content::Unsubscribe) => {
                self.pick(format!("{user} unfollows"), format!("{user} 取消关注"))
            }
            Some(Content::Text { text }) => {
                self.labelled(&self.pick(format!("{user} says"), format!("{user} 说")), text)
            }
            Some(other) => {
                let kind = self.kind(other.kind());
                let sends = self.pick(format!("{user} sends {kind}"), format!("{user} 发送{kind}"));
                self.labelled(&sends, &other.words())
            }
        }
    }

    /// A text behind what it is: on the same line if it has only one, else below it.
    pub(super) fn labelled(self, label: &str, text: &str) -> String {
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

/// A text in which nothing but its line feeds moves what is printed: characters that a terminal obeys, and those that turn
/// the direction of writing, are written as escapes.
pub(super) fn printable(text: &str) -> String {
    let turns = |char| matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let mut printable = String::with_capacity(text.len());
    for char in text.chars() {
        if char != '\n' && (char.is_control() || turns(char)) {
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
    fn a_text_of_several_lines_stands_below_its_label_and_moves_no_terminal() {
        let language = Language::English;
        assert_eq!(language.labelled("received text", "a \"b\""), "received text: “a \"b\"”");
        assert_eq!(
            language.labelled("received text", "one\ntwo\u{1b}[2J\n\u{202e}three\r"),
            "received text:\n      “one\n       two\\u{1b}[2J\n       \\u{202e}three\\r”"
        );
        assert_eq!(
            Language::Chinese.labelled("收到文本", "好\u{1f468}\u{200d}\u{1f469}"),
            "收到文本：“好\u{1f468}\u{200d}\u{1f469}”"
        );
    }
}
