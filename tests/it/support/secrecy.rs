//! Secrets that no log may show, looked for in everything that is logged while the tests run.

use std::{io, sync::Once};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use super::messages::SECRET;

/// Stands in the body of every message that the tests send.
pub(crate) const REMARK: &str = "confidential-remark";

/// Secrets and tokens of the tests, and parts of bodies, replies and signed addresses.
const HIDDEN: [&str; 11] = [
    SECRET,
    "another-one-during-rotation",
    "t0ken",
    REMARK,
    "hello",
    "You said",
    "<xml",
    "CDATA",
    "rc-nonce=",
    "rc-timestamp=",
    "rc-signature=",
];
/// Hexadecimal digits of a signature.
const SIGNATURE: usize = 40;

/// The first secret in a log, with the text around it for a test's message.
pub(crate) fn leak(log: &str) -> Option<String> {
    let lower = log.to_lowercase();
    let hidden = HIDDEN.iter().find(|hidden| lower.contains(&hidden.to_lowercase()));
    hidden.map(|hidden| (*hidden).to_owned()).or_else(|| signature(&lower))
}

/// A run of exactly as many hexadecimal digits as a signature has; digests are longer.
pub(crate) fn signature(text: &str) -> Option<String> {
    let runs = text.split(|char: char| !char.is_ascii_hexdigit());
    runs.filter(|run| run.len() == SIGNATURE).map(str::to_owned).next()
}

/// Looks through all that this process logs from now on, and ends it, tests and all, at the first leak.
///
/// Ends it, because a panic in a server's task would fail no test.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = "off,rongcloud_callback=trace,hyper=trace,hyper_util=trace,reqwest=trace";
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter.parse::<EnvFilter>().unwrap())
            .with_ansi(false)
            .with_writer(Watch)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

struct Watch;

impl MakeWriter<'_> for Watch {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

impl io::Write for Watch {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if let Some(leak) = leak(&text) {
            // Not `eprintln`: a test's output is captured, and lost with it.
            let words = format!("{leak:?} is in the log: {text}");
            let _ = io::stderr().write_all(words.as_bytes());
            std::process::abort();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_must_not_be_in_a_log_is_seen_in_it() {
    for line in [
        "secret=Y1W2MeFwwwRxa0",
        "POST /callback?RC-Nonce=1",
        "given e107e3819638b81a00383951d1d871197910ffe6!",
        "body: b\"<xml>\"",
        "{\"content\":\"hello\"}",
    ] {
        assert!(leak(line).is_some(), "{line}");
    }
    let digest = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
    assert_eq!(leak(&format!("the query parameter rc-nonce is missing, user={digest}")), None);
}
