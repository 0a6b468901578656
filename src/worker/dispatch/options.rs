//! The options of the work on the Inbox.

use crate::desk;

/// The options of the work on the Inbox.
#[derive(Debug, Clone, Default)]
pub(crate) struct DispatchOptions {
    pub(crate) dialogue: DialogueOptions,
    pub(crate) desk: desk::Options,
}

/// The options of all dialogues.
#[derive(Debug, Clone)]
pub(crate) struct DialogueOptions {
    /// The words of a user that leave any dialogue, in lower case.
    pub(crate) exit_words: Vec<String>,
    /// The sentence to a user who has left a dialogue; none is said if it is empty.
    pub(crate) exit_reply: String,
    /// The way to treat a message to a dialogue whose stored state cannot be read.
    pub(crate) unreadable: OnUnreadable,
    /// The sentence to a user whose dialogue begins anew for that reason; none is said if it is empty.
    pub(crate) restart_reply: String,
}

/// The way to treat a message to a dialogue whose stored state cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnUnreadable {
    /// The dialogue ends, and the user is told to begin anew.
    Restart,
    /// The message is a dead letter, and the state stays.
    DeadLetter,
}

impl Default for DialogueOptions {
    fn default() -> Self {
        Self {
            exit_words: ["取消", "退出"].map(str::to_owned).into(),
            exit_reply: "已退出。".to_owned(),
            unreadable: OnUnreadable::Restart,
            restart_reply: "抱歉，刚才的对话已失效，请重新开始。".to_owned(),
        }
    }
}
