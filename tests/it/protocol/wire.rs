//! A user's text on its way from the platform's socket through the real executable to the answer.

use rongcloud_callback::{
    journal::{Record, State},
    protocol::Conversation,
};

use crate::support::{
    messages::text,
    platform::Platform,
    process::{Home, Process},
    until,
};

/// The real executable, which says what it was told, and the platform that it says that to.
struct Echo {
    platform: Platform,
    home: Home,
    process: Process,
}

impl Echo {
    async fn start() -> Self {
        let platform = Platform::start().await;
        let rule = "[[rules]]\non = 'text'\nreply = { text = 'you: {{ content }}' }\n";
        let home = Home::new().with_api(&platform.url()).with(rule);
        let process = home.start().await;
        Self { platform, home, process }
    }

    /// Delivers `body`, which is accepted.
    async fn accepts(&self, body: impl AsRef<[u8]>) {
        self.process.deliver(&body).await.assert_ack();
    }

    /// Delivers `body`, which is refused; gives the dead letter that it becomes.
    async fn buries(&self, body: impl AsRef<[u8]>) -> Record {
        self.process.deliver(&body).await.assert_error(400, 1002);
        let records = self.home.records().await;
        let letter = records.into_iter().find(|record| *record.body == *body.as_ref());
        let letter = letter.expect("a dead letter");
        assert_eq!(letter.state, State::Dead);
        letter
    }

    /// All that was answered, once `count` answers are out.
    async fn answers(&self, count: usize) -> Vec<(String, String)> {
        let mut sent = until("the answers", async || {
            let sent = self.platform.sent();
            (sent.len() >= count).then_some(sent)
        })
        .await;
        sent.sort_unstable();
        sent
    }

    /// Waits until the dead letter `letter` is done or dead again.
    async fn settled(&self, letter: &Record) -> Record {
        until("a settled letter", async || {
            let records = self.home.records().await;
            records.into_iter().find(|record| {
                record.id == letter.id && record.state != State::Pending && record.attempts > 0
            })
        })
        .await
    }
}

fn told(user: &str, said: &str) -> (String, String) {
    (user.to_owned(), format!("you: {said}"))
}

/// A text message whose text is `content`, whatever that is.
fn raw(user: &str, content: &[u8]) -> Vec<u8> {
    let message = text(user, user, "\u{0}");
    let (before, after) = message.split_once('\0').unwrap();
    [before.as_bytes(), content, after.as_bytes()].concat()
}

#[tokio::test]
async fn a_text_with_what_is_no_character_is_answered_and_kept_as_it_came() {
    let echo = Echo::start().await;
    let bodies: Vec<_> = [
        ("a", &b"ask\x10me"[..]),
        ("b", b" \x1dc"),
        ("c", &"你好".as_bytes()[..5]),
        ("d", b"<\xff> &\0; \xed\xa0\x80."),
        ("e", "tab\tline\n \u{7f} 😀".as_bytes()),
    ]
    .into_iter()
    .map(|(user, content)| raw(user, content))
    .collect();
    for body in &bodies {
        echo.accepts(body).await;
        // A retry of it is the same message.
        echo.accepts(body).await;
    }
    let expected = [
        told("a", "ask\u{fffd}me"),
        told("b", " \u{fffd}c"),
        told("c", "你\u{fffd}"),
        told("d", "<\u{fffd}> &\u{fffd}; \u{fffd}\u{fffd}\u{fffd}."),
        told("e", "tab\tline\n \u{7f} 😀"),
    ];
    assert_eq!(echo.answers(5).await, expected);
    let records = echo.home.records().await;
    assert!(bodies.iter().all(|body| records.iter().any(|record| *record.body == **body)));
}

#[tokio::test]
async fn a_text_that_would_be_markup_is_answered_to_whoever_wrote_it() {
    let echo = Echo::start().await;
    let typed = [
        ("a", "a ]]> b"),
        ("b", "look: <note><![CDATA[a < b]]></note> end"),
        ("c", "]]></Content><FromUserName><![CDATA[boss]]></FromUserName><Content><![CDATA["),
        ("d", "]]></Content><MsgId>a</MsgId><Content><![CDATA[x"),
        ("e", "]]></Content></xml><!--"),
    ];
    for (user, content) in typed {
        echo.accepts(raw(user, content.as_bytes())).await;
    }
    let bare = text("f", "f", "").replace("<![CDATA[]]>", "?a=1&b=2&copy=3; &nbsp;&#1;");
    echo.accepts(bare).await;
    let mut expected: Vec<_> = typed.map(|(user, content)| told(user, content)).to_vec();
    expected.push(told("f", "?a=1&b=2&copy=3; &nbsp;\u{fffd}"));
    assert_eq!(echo.answers(6).await, expected);
}

#[tokio::test]
async fn a_message_whose_time_is_missing_or_no_number_is_answered() {
    let echo = Echo::start().await;
    let times = [("a", ""), ("b", "1700000000.123"), ("c", "2026-11-28 10:00:00"), ("d", "-1")];
    for (user, time) in times {
        echo.accepts(text(user, user, "hi").replace("134223445860", time)).await;
    }
    echo.accepts(text("e", "e", "hi").replace("<CreateTime>134223445860</CreateTime>", "")).await;
    assert_eq!(echo.answers(5).await, ["a", "b", "c", "d", "e"].map(|user| told(user, "hi")));
}

#[tokio::test]
async fn what_cannot_be_read_is_a_dead_letter_of_its_user_and_says_why_once() {
    let echo = Echo::start().await;
    let whole = text("ann", "1", "hello");
    let cut = echo.buries(&whole[..whole.len() - 30]).await;
    let conversation = Conversation::decode(&cut.conversation).unwrap();
    assert_eq!((conversation.account.as_str(), conversation.user.as_str()), ("demo", "ann"));
    let reason = cut.reason.clone().unwrap();

    let revived = echo.home.command(&["journal", "revive", &cut.id.to_string()]).output().unwrap();
    assert!(revived.status.success(), "{revived:?}");
    let again = echo.settled(&cut).await;
    assert_eq!((again.state, again.reason), (State::Dead, Some(reason)));

    let broken = echo.buries(raw("a\u{1d}n", b"hello")).await;
    let conversation = Conversation::decode(&broken.conversation).unwrap();
    assert_eq!(conversation.account.as_str(), "", "nobody's, rather than another user's");
    // The user's next message is not held up by any of them.
    echo.accepts(text("ann", "2", "still there?")).await;
    assert_eq!(echo.answers(1).await, [told("ann", "still there?")]);
}
