//! What can come back instead of an answer, and which class of error it is.

use rongcloud_callback::client::{Client, ClientError};

use super::support::{Api, OK};

async fn text(client: &Client) -> Result<(), ClientError> {
    client.messages().text(&"a".into(), &"u".into(), "Hello").await
}

async fn failing(status: u16, body: &str) -> ClientError {
    text(&Api::answering(status, body).await.client).await.unwrap_err()
}

#[tokio::test]
async fn codes_have_their_class_whatever_the_http_status() {
    for status in [200, 400, 500] {
        for (code, retryable) in
            [(1000, true), (1002, false), (1003, false), (1004, false), (1007, false), (1008, true)]
        {
            let error = failing(status, &format!(r#"{{"errcode":{code},"errmsg":"why"}}"#)).await;
            assert_eq!(error.is_retryable(), retryable, "{status} {code}");
            assert_eq!(error.is_rate_limited(), code == 1008, "{status} {code}");
            assert_eq!((error.errcode().unwrap().0, error.errmsg()), (code, Some("why")));
            assert_eq!(error.answer().unwrap().status, status);
        }
    }
}

#[tokio::test]
async fn an_unknown_code_is_permanent_unless_the_status_is_5xx() {
    assert!(matches!(failing(200, r#"{"errcode":4242,"errmsg":""}"#).await, ClientError::Refused(_)));
    assert!(matches!(failing(503, r#"{"errcode":4242}"#).await, ClientError::Unavailable(_)));
}

#[tokio::test]
async fn a_refused_signature_says_what_to_look_at() {
    for (status, body) in [(401, ""), (401, OK), (200, r#"{"errcode":1004,"errmsg":"no"}"#)] {
        let error = failing(status, body).await;
        assert!(matches!(error, ClientError::Unauthorized(_)) && !error.is_retryable());
        assert!(
            error.to_string().starts_with("the platform refused our signature: check key and secret")
        );
    }
}

#[tokio::test]
async fn an_answer_of_no_known_shape_is_an_error_with_an_excerpt() {
    for body in [
        "",
        "<html>hello</html>",
        "{}",
        "[1]",
        "null",
        r#""ok""#,
        r#"{"code":200}"#,
        r#"{"errcode":"0"}"#,
    ] {
        let error = failing(200, body).await;
        assert!(
            matches!(error, ClientError::Unreadable(_)) && !error.is_retryable(),
            "{body}: {error:?}"
        );
        assert_eq!(error.errmsg(), Some(body));
        assert_eq!(error.errcode(), None);
    }
    let error = failing(404, OK).await;
    assert!(matches!(error, ClientError::Unreadable(_)), "a success is 2xx: {error:?}");
}

#[tokio::test]
async fn a_gateway_page_is_retryable_and_shown_in_part() {
    let page = format!("<html>\n<h1>502 Bad Gateway</h1>\r\n{}</html>", "汉".repeat(1000));
    for status in [500, 502, 503, 504] {
        let error = failing(status, &page).await;
        assert!(matches!(error, ClientError::Unavailable(_)) && error.is_retryable());
        let shown = error.errmsg().unwrap();
        assert!(shown.starts_with("<html> <h1>502 Bad Gateway</h1>") && shown.chars().count() == 200);
    }
    assert!(failing(500, "").await.is_retryable());
    assert!(failing(429, "slow down").await.is_rate_limited());
}

#[tokio::test]
async fn the_other_shapes_are_not_mistaken_for_each_other() {
    let api = Api::answering(200, OK).await;
    let error = api.client.accounts().show(&"a".into()).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreadable(_)), "{error:?}");

    let api = Api::answering(200, r#"{"info":{"mcid":"a"}}"#).await;
    assert!(matches!(text(&api.client).await, Err(ClientError::Unreadable(_))));
}
