//! The answer of a server, read as one of its console.

use serde::de::DeserializeOwned;

use super::error::ConsoleError;
use crate::{console::error::ErrorBody, http::single_server::ServerAnswer};

/// Reads an answer of the console.
pub(super) fn read<T: DeserializeOwned>(
    answer: &ServerAnswer,
    path: &str,
    server: String,
) -> Result<T, ConsoleError> {
    let ServerAnswer { status, media_type, body } = answer;
    let is_json = media_type.starts_with("application/json");
    if is_json && (200..300).contains(status) {
        return serde_json::from_slice(body).map_err(|error| {
            let what = format!("its answer to {path} is not the one of this version's API ({error})");
            ConsoleError::Foreign { server, what }
        });
    }
    if is_json && let Ok(body) = serde_json::from_slice::<ErrorBody>(body) {
        return Err(ConsoleError::Refused { server, status: *status, body: Box::new(body) });
    }
    if *status == 404 && !media_type.starts_with("text/html") {
        return Err(ConsoleError::Older { server, path: path.to_owned() });
    }
    let media_type = media_type.split(';').next().filter(|name| !name.is_empty());
    let what =
        format!("it answered {path} with HTTP {status} and {}", media_type.unwrap_or("no media type"));
    Err(ConsoleError::Foreign { server, what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::api::Jobs;

    #[test]
    fn an_answer_that_is_not_the_consoles_is_told_from_a_refusal() {
        let read = |status, media_type: &str, body: &'static str| {
            let media_type = media_type.to_owned();
            let answer = ServerAnswer { status, media_type, body: body.into() };
            read::<Jobs>(&answer, "/api/v1/jobs", "http://a".to_owned()).unwrap_err()
        };
        let refused = read(403, "application/json", r#"{"error": "no", "missing": "operate"}"#);
        assert_eq!((refused.status(), refused.missing()), (Some(403), Some("operate")));
        assert_eq!(refused.to_string(), "http://a answered: no");
        for (answer, printed) in [
            (
                read(200, "text/html; charset=utf-8", "<html>"),
                "it answered /api/v1/jobs with HTTP 200 and text/html",
            ),
            (read(404, "text/html", "<html>"), "it answered /api/v1/jobs with HTTP 404 and text/html"),
            (read(302, "", ""), "it answered /api/v1/jobs with HTTP 302 and no media type"),
            (
                read(200, "application/json", "{}"),
                "its answer to /api/v1/jobs is not the one of this version",
            ),
        ] {
            assert!(
                answer.to_string().starts_with(&format!("http://a is no console: {printed}")),
                "{answer}"
            );
        }
        assert_eq!(read(404, "", "").to_string(), "http://a has no /api/v1/jobs");
    }
}
