//! What a service's answer means: replies, another attempt, or the end.

use url::Url;

use crate::{
    client::transport::{Received, excerpt},
    config::rules::WrittenReply,
    handler::{HandlerError, HandlerResult, Reply},
    protocol::Payload,
};

/// Most replies of one answer.
const MOST_REPLIES: usize = 100;

/// Reads an answer.
pub(super) fn read(received: &Received, url: &Url) -> HandlerResult {
    let Received { status, retry_after, text } = received;
    let answered = |what: &str| {
        let beginning = excerpt(text);
        let colon = if beginning.is_empty() { "" } else { ": " };
        format!("{url} answered {status}{what}{colon}{beginning}")
    };
    match *status {
        200..300 if text.trim().is_empty() => Ok(Reply::none()),
        200..300 => {
            let replies: Vec<WrittenReply> = serde_json::from_str(text).map_err(|error| {
                HandlerError::permanent(answered(&format!(" with what is no list of replies ({error})")))
            })?;
            if replies.len() > MOST_REPLIES {
                let many = format!(" with {} replies, more than {MOST_REPLIES}", replies.len());
                return Err(HandlerError::permanent(answered(&many)));
            }
            let payloads: Vec<Payload> = replies.into_iter().map(Payload::from).collect();
            for payload in &payloads {
                payload.check().map_err(|limit| {
                    HandlerError::permanent(answered(&format!(" with what cannot be sent ({limit})")))
                })?;
            }
            Ok(payloads.into_iter().collect())
        }
        408 | 429 | 500.. => Err(match retry_after {
            Some(span) => HandlerError::retryable_after(answered(""), *span),
            None => HandlerError::retryable(answered("")),
        }),
        _ => Err(HandlerError::permanent(answered(""))),
    }
}

/// What came of an answer in one word, for metrics: the words are those of the client's other calls.
pub(super) fn class(received: &Received, result: &HandlerResult) -> &'static str {
    match (received.status, result) {
        (_, Ok(_)) => "ok",
        (200..300, Err(_)) => "unreadable",
        (429, Err(_)) => "rate_limited",
        (_, Err(error)) if error.is_permanent() => "refused",
        (_, Err(_)) => "unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, text: &str) -> HandlerResult {
        let received = Received { status, retry_after: None, text: text.to_owned() };
        read(&received, &"http://x/y".parse().unwrap())
    }

    #[test]
    fn a_list_of_replies_is_sent_in_its_order() {
        let text = r#"[{"text":"a"},{"image":{"url":"u"}},{"voice":{"media_id":"m"}},
            {"news":[{"title":"t","picurl":"p"}]}]"#;
        let reply = answer(200, text).unwrap();
        let kinds: Vec<_> = reply.payloads().iter().map(Payload::msgtype).collect();
        assert_eq!(kinds, ["text", "image", "voice", "news"]);
        for nothing in ["", " \n", "[]"] {
            assert_eq!(answer(204, nothing).unwrap(), Reply::none());
        }
    }

    #[test]
    fn what_is_no_list_of_replies_is_the_end_and_is_shown() {
        for (status, text, words) in [
            (200, "<html>\nhello", "http://x/y answered 200 with what is no list of replies ("),
            (200, "{}", "answered 200 with"),
            (200, r#"[{"txt":"a"}]"#, "unknown variant `txt`"),
            (200, r#"[{"text":""}]"#, "with what cannot be sent (text in bytes is 0"),
            (302, "moved", "http://x/y answered 302: moved"),
            (404, "", "http://x/y answered 404"),
        ] {
            let error = answer(status, text).unwrap_err();
            assert!(error.is_permanent() && error.to_string().contains(words), "{error}");
        }
        assert!(answer(200, "<html>\nhello").unwrap_err().to_string().ends_with(": <html> hello"));
        let many = format!("[{}]", vec![r#"{"text":"a"}"#; 101].join(","));
        assert!(answer(200, &many).unwrap_err().to_string().contains("101 replies"));
    }

    #[test]
    fn what_may_pass_is_tried_again_when_the_service_asks_for_it() {
        for status in [408, 429, 500, 503, 599] {
            let error = answer(status, "busy").unwrap_err();
            assert!(!error.is_permanent() && error.retry_after().is_none(), "{error}");
        }
    }
}
