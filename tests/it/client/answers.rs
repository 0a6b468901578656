//! Answers that are odd or none at all, and the class of error that each of them is.

use rongcloud_callback::{
    client::{Client, ClientError, NewMenu},
    ids::MenuId,
    protocol::{Payload, media::MediaKind},
};

use super::support::{Api, OK};

async fn send_text(client: &Client) -> Result<(), ClientError> {
    client.messages().text(&"a".into(), &"u".into(), "Hello").await
}

async fn error_of(status: u16, body: &str) -> ClientError {
    send_text(&Api::answering(status, body).await.client).await.unwrap_err()
}

#[tokio::test]
async fn codes_have_their_class_whatever_the_http_status() {
    for status in [200, 400, 500] {
        for (code, retryable) in
            [(1000, true), (1002, false), (1003, false), (1004, false), (1007, false), (1008, true)]
        {
            let error = error_of(status, &format!(r#"{{"errcode":{code},"errmsg":"why"}}"#)).await;
            assert_eq!(error.is_retryable(), retryable, "{status} {code}");
            assert_eq!(error.is_rate_limited(), code == 1008, "{status} {code}");
            assert_eq!((error.errcode().unwrap().0, error.errmsg()), (code, Some("why")));
            assert_eq!(error.answer().unwrap().status, status);
        }
    }
}

#[tokio::test]
async fn an_unknown_code_is_permanent_unless_the_status_is_5xx() {
    assert!(matches!(error_of(200, r#"{"errcode":4242,"errmsg":""}"#).await, ClientError::Refused(_)));
    assert!(matches!(error_of(503, r#"{"errcode":4242}"#).await, ClientError::Unavailable(_)));
}

#[tokio::test]
async fn a_refused_signature_says_what_to_look_at() {
    for (status, body) in [(401, ""), (401, "<html>"), (200, r#"{"errcode":1004,"errmsg":"no"}"#)] {
        let error = error_of(status, body).await;
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
        r#"{"errcode":null}"#,
        r#"{"errcode":"none"}"#,
    ] {
        let error = error_of(200, body).await;
        assert!(
            matches!(error, ClientError::Unreadable(_)) && !error.is_retryable(),
            "{body}: {error:?}"
        );
        assert_eq!(error.errmsg(), Some(body));
        assert_eq!(error.errcode(), None);
    }
    let error = error_of(404, r#"{"info":{"mcid":"a"}}"#).await;
    assert!(matches!(error, ClientError::Unreadable(_)), "a success without a code is 2xx: {error:?}");
}

#[tokio::test]
async fn what_was_carried_out_is_done_however_oddly_it_is_said() {
    for (status, body) in [
        (200, r#"{"errcode":"0","errmsg":"ok"}"#),
        (200, r#"{"errcode":" 0 ","errmsg":17}"#),
        (200, r#"{"errcode":0.0,"errmsg":{"text":"ok"}}"#),
        (200, r#"{"errcode":0,"errmsg":null,"msg_id":null,"more":[{"a":null}]}"#),
        (200, "\u{feff}{\"errcode\":0,\"errmsg\":\"ok\"}"),
        (200, "\r\n{\"errcode\":0}\n\n"),
        (200, "{\"errcode\":0}<!-- a gateway's remark -->"),
        (202, OK),
        (404, OK),
        (401, OK),
        (500, OK),
        (503, r#"{"errcode":"0"}"#),
    ] {
        let sent = send_text(&Api::answering(status, body).await.client).await;
        assert!(sent.is_ok(), "{status} {body}: {sent:?}");
    }
}

#[tokio::test]
async fn a_code_that_comes_as_a_string_is_that_code() {
    assert!(error_of(200, r#"{"errcode":"1008","errmsg":"rate"}"#).await.is_rate_limited());
    let error = error_of(200, "\u{feff}{\"errcode\":\"1002\",\"errmsg\":5}").await;
    assert!(matches!(error, ClientError::Refused(_)), "{error:?}");
    assert_eq!((error.errcode().unwrap().0, error.errmsg()), (1002, Some("5")));
}

#[tokio::test]
async fn the_id_of_a_broadcast_may_be_a_number() {
    let api = Api::answering(200, r#"{"errcode":0,"errmsg":"ok","msg_id":445263598701395969}"#).await;
    let sent = api.client.messages().to_followers(&"a".into(), &Payload::text("t")).await.unwrap();
    assert_eq!(sent.id.as_deref(), Some("445263598701395969"));
}

#[tokio::test]
async fn fields_of_an_upload_may_have_the_other_type_or_be_null() {
    for (body, id, created_at) in [
        (r#"{"type":"image","media_id":"m1","created_at":"1391857799"}"#, "m1", 1_391_857_799),
        (r#"{"type":null,"media_id":17,"created_at":null}"#, "17", 0),
        (r#"{"errcode":0,"media_id":"m1","created_at":1391857799.0}"#, "m1", 1_391_857_799),
        (r#"{"errcode":0,"media_id":"m1","created_at":{"seconds":1}}"#, "m1", 0),
    ] {
        let api = Api::answering(200, body).await;
        let picture = b"\xff\xd8\xff".as_slice();
        let uploaded = api.client.media().upload(MediaKind::Image, picture.into()).await;
        let uploaded = uploaded.unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!((uploaded.id.as_str(), uploaded.created_at), (id, created_at), "{body}");
    }
}

#[tokio::test]
async fn fields_of_an_account_and_of_a_menu_may_have_the_other_type_or_be_null() {
    let body = r#"{"info":{"mcid":17,"id":"5","mcidHash":null,"uiType":null,"isRouteOpen":"true","IsFollow":1,
        "isCustom":null,"DisplayName":99,"RouteUrl":null,"unknown":{}}}"#;
    let api = Api::answering(200, body).await;
    let account = api.client.accounts().show(&"a".into()).await.unwrap();
    assert_eq!((account.id.as_str(), account.number, account.hash, account.ui_type), ("17", 5, 0, 0));
    assert_eq!((account.route_open, account.followed_by_all, account.is_custom), (true, true, false));
    assert_eq!((account.name.as_deref(), account.route_url), (Some("99"), None));

    let body =
        r#"{"info":{"menuId":8,"mcid":"a","Type":"1","Level":"2","Pid":7,"order":null,"UpdateTime":1}}"#;
    let api = Api::answering(200, body).await;
    let menu = api.client.menus().add(&NewMenu::new("a", "Help")).await.unwrap();
    assert_eq!((menu.id.as_str(), menu.action, menu.level, menu.order), ("8", 1, 2, 0));
    assert_eq!(menu.parent.as_ref().map(MenuId::as_str), Some("7"));
    assert_eq!(menu.updated_at.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_change_of_an_account_that_was_carried_out_is_one_although_the_answer_does_not_show_it() {
    for body in [OK, r#"{"errcode":0,"info":null}"#, r#"{"errcode":"0","info":[]}"#] {
        let api = Api::answering(200, body).await;
        let accounts = api.client.accounts();
        let account = accounts.set_route(&"a".into(), "https://x/y").await.unwrap();
        assert_eq!((account.id.as_str(), account.route_url.as_deref()), ("a", Some("https://x/y")));
        assert!(accounts.switch_route(&"a".into(), true).await.unwrap().route_open);
    }
}

#[tokio::test]
async fn what_the_caller_needs_and_did_not_get_is_an_error_that_says_that_it_was_carried_out() {
    let api = Api::answering(200, OK).await;
    let picture = b"\xff\xd8\xff".as_slice();
    let upload = api.client.media().upload(MediaKind::Image, picture.into()).await.unwrap_err();
    let menu = api.client.menus().add(&NewMenu::new("a", "Help")).await.unwrap_err();
    for error in [upload, menu] {
        assert!(!error.is_retryable(), "{error:?}");
        assert!(error.to_string().starts_with("the call was carried out"), "{error}");
    }
}

#[tokio::test]
async fn what_a_gateway_could_not_do_now_is_tried_again() {
    for status in [408, 425, 429, 500, 502, 503, 504, 599] {
        let error = error_of(status, "<html>").await;
        assert!(error.is_retryable(), "{status}: {error:?}");
        assert_eq!(error.is_rate_limited(), status == 429, "{status}: {error:?}");
    }
    for status in [400, 401, 403, 404, 405, 413, 421] {
        assert!(!error_of(status, "<html>").await.is_retryable(), "{status}");
    }
}

#[tokio::test]
async fn a_gateway_page_is_retryable_and_shown_in_part() {
    let page = format!("<html>\n<h1>502 Bad Gateway</h1>\r\n{}</html>", "汉".repeat(1000));
    for status in [500, 502, 503, 504] {
        let error = error_of(status, &page).await;
        assert!(matches!(error, ClientError::Unavailable(_)) && error.is_retryable());
        let shown = error.errmsg().unwrap();
        assert!(shown.starts_with("<html> <h1>502 Bad Gateway</h1>") && shown.chars().count() == 200);
    }
    assert!(error_of(500, "").await.is_retryable());
    assert!(error_of(429, "slow down").await.is_rate_limited());
}

#[tokio::test]
async fn the_other_shapes_are_not_mistaken_for_each_other() {
    let api = Api::answering(200, r#"{"media_id":"m"}"#).await;
    let error = api.client.accounts().show(&"a".into()).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreadable(_)), "{error:?}");

    let api = Api::answering(200, r#"{"info":{"mcid":"a"}}"#).await;
    assert!(matches!(send_text(&api.client).await, Err(ClientError::Unreadable(_))));
}
