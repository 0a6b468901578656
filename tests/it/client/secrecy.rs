//! Secrets, signatures and signed addresses, which no error shows.

use rongcloud_callback::{client::ClientError, protocol::media::MediaKind};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

use super::support::{APP, SECRET, client};

fn shown(error: &ClientError) -> String {
    format!("{error} {error:?}")
}

/// A gateway that prints the address that it was asked for, as some do.
async fn echoing(status: u16) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(move |request: &Request| {
            ResponseTemplate::new(status).set_body_string(format!("cannot reach {}", request.url))
        })
        .mount(&server)
        .await;
    server
}

fn signature(request: &Request) -> String {
    request.url.query_pairs().find(|(name, _)| name == "RC-Signature").unwrap().1.into_owned()
}

#[tokio::test]
async fn an_error_of_an_upload_shows_nothing_of_its_signature() {
    for status in [200, 401, 502] {
        let server = echoing(status).await;
        let error = client(APP, [server.uri()])
            .media()
            .upload(MediaKind::Image, "\u{0}".into())
            .await
            .unwrap_err();
        assert!(matches!(error, ClientError::Media(_)));
        let picture = b"\x89PNG\r\n\x1a\n".as_slice().into();
        let error =
            client(APP, [server.uri()]).media().upload(MediaKind::Image, picture).await.unwrap_err();
        let request = &server.received_requests().await.unwrap()[0];
        let shown = shown(&error);
        assert!(shown.contains("cannot reach"), "{shown}");
        assert!(!shown.contains(&signature(request)) && !shown.contains(SECRET), "{shown}");
    }
}

#[tokio::test]
async fn an_error_of_the_transport_names_the_server_and_nothing_else_of_the_address() {
    let picture = b"\x89PNG\r\n\x1a\n".as_slice().into();
    let client = client(APP, ["http://127.0.0.1:1/secret-path".to_owned()]);
    let shown = shown(&client.media().upload(MediaKind::Image, picture).await.unwrap_err());
    assert!(shown.starts_with("no answer from http://127.0.0.1:1/…: "), "{shown}");
    for hidden in ["RC-Signature", "RC-Nonce", "secret-path", SECRET] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn a_client_shows_its_app_only() {
    let client = client(APP, ["http://user:password@a.example".to_owned()]);
    assert_eq!(format!("{client:?}"), format!("Client {{ app: AppKey({APP:?}), .. }}"));
    assert_eq!(format!("{:?}", client.menus()), format!("Menus {{ client: {client:?} }}"));
}
