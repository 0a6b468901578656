//! The reading of a service's answer: what it says, another attempt, or a permanent failure.

use super::service_answer::{self, ADVICE, Asker, ServiceAnswer};
use crate::{
    handler::HandlerError,
    http::{
        exchange::{AnswerBody, RawAnswer},
        redaction::{excerpt, mask},
    },
    rules::language::Forward,
};

/// Reads an answer.
pub(super) fn read(
    answer: &RawAnswer,
    target: &Forward,
    asker: Asker,
) -> Result<ServiceAnswer, HandlerError> {
    let wrong = |what: &str| HandlerError::permanent(describe(answer, target, what));
    match (answer.status, &answer.body) {
        (200..300, AnswerBody::Text(text)) => {
            let read = service_answer::read(text, asker, |text| beginning(text, target));
            read.map_err(|what| wrong(&format!(" with {what}")))
        }
        (200..300, AnswerBody::NotUtf8(_)) => Err(wrong(&format!(" with what is not UTF-8; {ADVICE}"))),
        (status @ 200..300, AnswerBody::TooLarge) => {
            let url = target.shown_url();
            Err(HandlerError::permanent(format!("{url} answered HTTP {status}: {}", answer.text())))
        }
        (408 | 425 | 429 | 500.., _) => {
            let busy = describe(answer, target, "");
            Err(match answer.retry_after {
                Some(span) => HandlerError::retryable_after(busy, span),
                None => HandlerError::retryable(busy),
            })
        }
        (300..400, _) => {
            let location = header(answer, "location", target);
            let location = location.map_or_else(String::new, |to| format!(", a redirect to {to}"));
            Err(wrong(&format!(
                "{location}; redirects are not followed, so write in forward.url the address that answers; {ADVICE}"
            )))
        }
        _ => Err(wrong(&format!("; {ADVICE}"))),
    }
}

/// Describes an answer: its status, then `what`, its type and its beginning.
fn describe(answer: &RawAnswer, target: &Forward, what: &str) -> String {
    let (url, status) = (target.shown_url(), answer.status);
    let beginning = beginning(&answer.text(), target);
    if beginning.is_empty() {
        return format!("{url} answered {status}{what}");
    }
    let form: Vec<_> = ["content-type", "content-encoding"]
        .into_iter()
        .filter_map(|name| header(answer, name, target))
        .collect();
    let form = if form.is_empty() { String::new() } else { format!(" ({})", form.join(", ")) };
    if what.is_empty() {
        format!("{url} answered {status}{form}: {beginning}")
    } else {
        format!("{url} answered {status}{what}. It answered{form}: {beginning}")
    }
}

fn header(answer: &RawAnswer, name: &str, target: &Forward) -> Option<String> {
    answer.header(name).map(|value| beginning(&value, target))
}

/// Cuts out the beginning of a text of the service, without the keys in the service's address.
fn beginning(text: &str, target: &Forward) -> String {
    excerpt(&mask(text, &target.hidden_parts()))
}

/// The class of an answer in one word, for metrics; the words are those of the client's calls.
pub(super) fn class<T>(answer: &RawAnswer, result: &Result<T, HandlerError>) -> &'static str {
    match (answer.status, result) {
        (_, Ok(_)) => "ok",
        (200..300, Err(_)) => "unreadable",
        (429, Err(_)) => "rate_limited",
        (_, Err(error)) if error.is_permanent() => "refused",
        (_, Err(_)) => "unavailable",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::header::{CONTENT_TYPE, HeaderName, LOCATION};

    use super::*;
    use crate::{http::call::Call, protocol::Payload};

    fn answer(status: u16, text: &str) -> Result<ServiceAnswer, HandlerError> {
        asked("http://x/y", status, &[], text)
    }

    fn asked(
        url: &str,
        status: u16,
        headers: &[(HeaderName, &'static str)],
        text: &str,
    ) -> Result<ServiceAnswer, HandlerError> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let answer = RawAnswer {
            status,
            retry_after: None,
            headers: headers.collect(),
            body: AnswerBody::Text(text.to_owned()),
            call: Call::default(),
        };
        let minute = Duration::from_mins(1);
        let url = url.parse().unwrap();
        let target = Forward { url, secrets: Vec::new(), timeout: minute, concurrency: 1 };
        read(&answer, &target, Asker::Rule)
    }

    #[test]
    fn a_list_of_replies_is_sent_in_its_order() {
        let text = r#"[{"text":"a"},{"image":{"url":"u"}},{"voice":{"media_id":"m"}},
            {"news":[{"title":"t","picurl":"p"}]}]"#;
        let answered = answer(200, text).unwrap();
        let kinds: Vec<_> = answered.replies.iter().map(Payload::msgtype).collect();
        assert_eq!(kinds, ["text", "image", "voice", "news"]);
        for nothing in ["", " \n", "[]"] {
            assert_eq!(answer(204, nothing).unwrap(), ServiceAnswer::default());
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_the_end_and_is_shown() {
        for (status, text, words) in [
            (200, "<html>\nhello", "http://x/y answered 200 with what is no list of replies ("),
            (200, r#"{"ok":1}"#, "answered 200 with an object that cannot be read (unknown field `ok`"),
            (200, r#"[{"txt":"a"}]"#, "unknown variant `txt`"),
            (200, r#"[{"text":""}]"#, "with what cannot be sent (the reply's text is empty"),
            (302, "moved", "http://x/y answered 302; redirects are not followed"),
            (404, "", "http://x/y answered 404"),
        ] {
            let error = answer(status, text).unwrap_err();
            assert!(error.is_permanent() && error.to_string().contains(words), "{error}");
        }
        assert!(
            answer(200, "<html>\nhello").unwrap_err().to_string().ends_with("It answered: <html> hello")
        );
    }

    #[test]
    fn a_key_in_the_address_is_not_told_though_the_service_says_it_again() {
        let url = "http://x/y?code=s3cr%3Dt-key&v=1";
        let parrot = [(LOCATION, "http://z/?v=1&code=s3cr%3Dt-key"), (CONTENT_TYPE, "s3cr=t-key")];
        for status in [200, 302, 404, 503] {
            let error =
                asked(url, status, &parrot, "no v=1 with s3cr=t-key or s3cr%3Dt-key").unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with("http://x/y?… answered"), "{error}");
            assert!(error.ends_with("no v=1 with … or …") && !error.contains("s3cr"), "{error}");
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_when_the_service_asks_for_it() {
        for status in [408, 425, 429, 500, 503, 599] {
            let error = answer(status, "busy").unwrap_err();
            assert!(!error.is_permanent() && error.retry_after().is_none(), "{error}");
        }
    }
}
