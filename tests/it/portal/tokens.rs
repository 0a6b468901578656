//! The sources of the access token, which is never shown.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use rongcloud_callback::{
    client::ClientError,
    portal::{MassMessage, Portal, TokenSource},
};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use crate::client::support::{answering, options};

const DONE: &str = r#"{"msg":"","code":200}"#;

fn portal(server: &MockServer, token: TokenSource) -> Portal {
    Portal::new("ec", token, [server.uri().parse().unwrap()], options()).unwrap()
}

async fn call(portal: &Portal) -> Result<(), ClientError> {
    portal.messages().to_all(&"mc".into(), &MassMessage::Text("t".into())).await
}

async fn tokens(server: &MockServer) -> Vec<String> {
    let token = |request: &Request| request.url.query_pairs().next().unwrap().1.into_owned();
    server.received_requests().await.unwrap().iter().map(token).collect()
}

#[tokio::test]
async fn a_token_file_is_read_again_for_each_call() {
    let server = answering(200, DONE).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let portal = portal(&server, TokenSource::file(&path));
    let error = call(&portal).await.unwrap_err();
    assert!(matches!(error, ClientError::Token(_)) && error.is_retryable(), "{error:?}");

    for token in ["first\n", " second "] {
        fs::write(&path, token).unwrap();
        call(&portal).await.unwrap();
    }
    fs::write(&path, "\n").unwrap();
    assert_eq!(
        call(&portal).await.unwrap_err().to_string(),
        "no valid access token for the portal: it is empty"
    );
    assert_eq!(tokens(&server).await, ["first", "second"]);
}

#[tokio::test]
async fn a_token_function_is_asked_for_each_call() {
    let server = answering(200, DONE).await;
    let asked = Arc::new(AtomicU32::new(0));
    let source = TokenSource::function(move || {
        let asked = Arc::clone(&asked);
        async move {
            match asked.fetch_add(1, Ordering::SeqCst) {
                1 => Err("the login is down".into()),
                n => Ok(format!("token{n}").into()),
            }
        }
    });
    let portal = portal(&server, source);
    call(&portal).await.unwrap();
    let error = call(&portal).await.unwrap_err().to_string();
    assert_eq!(error, "no valid access token for the portal: the login is down");
    call(&portal).await.unwrap();
    assert_eq!(tokens(&server).await, ["token0", "token2"]);
}

#[tokio::test]
async fn the_token_is_shown_neither_by_an_error_nor_by_the_portal() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(|request: &Request| {
            let token = request.url.query_pairs().next().unwrap().1.into_owned();
            let body = format!(r#"{{"msg":"bad {token} in {}","code":401}}"#, request.url);
            ResponseTemplate::new(200).set_body_string(body)
        })
        .mount(&server)
        .await;
    let portal = portal(&server, TokenSource::fixed("t0p+secret".into()));
    let error = call(&portal).await.unwrap_err();
    let shown = format!("{error} {error:?} {portal:?}");
    assert!(shown.contains("bad … in") && shown.contains("access_token=…"), "{shown}");
    assert!(!shown.contains("t0p"), "{shown}");
}
