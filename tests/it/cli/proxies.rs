//! The proxies that the environment names: the calls that use one, and the commands that show it.

use wiremock::{MockServer, Request};

use super::{
    calls::{OK, command},
    outcome,
};
use crate::{
    client::support::answering,
    support::{messages::text, process::Home, until},
};

/// An address that only a proxy can find.
const FAR: &str = "http://api.rongcloud.invalid";

const SEND: &[&str] = &["send", "news", "--to", "u1", "--text", "hi"];

/// Sends a message with this environment; `proxy` in it stands for the address of a proxy that answers every request.
async fn sent(api_url: &str, environment: &[(&str, &str)]) -> (Option<i32>, String, Vec<Request>) {
    let proxy = answering(200, OK).await;
    let mut command = command("test-app", api_url, SEND);
    command.envs(environment.iter().map(|(name, value)| (name, value.replace("proxy", &proxy.uri()))));
    let (code, _, errors) = outcome(command.output().unwrap());
    (code, errors, proxy.received_requests().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_through_the_proxy_that_the_environment_names() {
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let (code, errors, requests) = sent(FAR, &[(name, "proxy")]).await;
        assert_eq!((code, requests.len()), (Some(0), 1), "{name}: {errors}");
        assert_eq!(requests[0].headers["host"], "api.rongcloud.invalid", "{name}");
        assert_eq!(requests[0].url.path(), "/message/operation/send.json", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_environment_excepts_does_not_go_through_it() {
    for no_proxy in ["NO_PROXY", "no_proxy"] {
        for excepted in ["rongcloud.invalid", "*"] {
            let environment = [("HTTP_PROXY", "proxy"), (no_proxy, excepted)];
            let (code, errors, requests) = sent(FAR, &environment).await;
            assert_eq!((code, requests.len()), (Some(2), 0), "{no_proxy}={excepted}: {errors}");
        }
    }
    let (code, _, requests) = sent(FAR, &[("HTTPS_PROXY", "proxy")]).await;
    assert_eq!((code, requests.len()), (Some(2), 0), "it is for https:// only");
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_itself_is_never_called_through_a_proxy() {
    let here = answering(200, OK).await;
    let port = here.address().port();
    for host in ["127.0.0.1", "localhost"] {
        let (code, errors, requests) =
            sent(&format!("http://{host}:{port}"), &[("HTTP_PROXY", "proxy"), ("ALL_PROXY", "proxy")])
                .await;
        assert_eq!((code, requests.len()), (Some(0), 0), "{host}: {errors}");
    }
    assert_eq!(here.received_requests().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_gets_the_credentials_that_are_in_its_address_and_nobody_else_sees_them() {
    let proxy = answering(200, OK).await;
    let address = format!("http://bot:pa%20ss@{}", proxy.address());
    let mut send = command("test-app", FAR, SEND);
    let (code, _, errors) = outcome(send.env("HTTP_PROXY", &address).output().unwrap());
    assert_eq!(code, Some(0), "{errors}");
    let requests = proxy.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["proxy-authorization"], "Basic Ym90OnBhIHNz");

    let gone = address.replace(&proxy.address().to_string(), "127.0.0.1:9");
    let mut send = command("test-app", FAR, SEND);
    let (code, _, errors) = outcome(send.env("HTTP_PROXY", &gone).output().unwrap());
    assert_eq!(code, Some(2));
    assert!(errors.contains("through the proxy http://127.0.0.1:9"), "{errors}");
    assert!(!errors.contains("pa%20ss") && !errors.contains("bot:"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secure_address_is_reached_through_a_tunnel() {
    let proxy = MockServer::start().await;
    let mut send = command("test-app", "https://api.rongcloud.invalid", SEND);
    let (code, ..) = outcome(send.env("https_proxy", proxy.uri()).output().unwrap());
    assert_eq!(code, Some(2), "nobody is behind it");
    let requests = proxy.received_requests().await.unwrap();
    assert_eq!(requests[0].method.as_str(), "CONNECT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_a_rule_forwards_goes_through_the_proxy() {
    let proxy = answering(200, "[]").await;
    let rule = "[[rules]]\non = \"text\"\nforward = { url = \"http://orders.invalid/bot?code=s3cr3t-code\", secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\" }\n";
    let home = Home::new().with(rule).within([("HTTP_PROXY", proxy.uri().into())]);
    let server = home.start().await;
    server.deliver(&text("user1", "m1", "hello")).await.assert_ack();
    until("a request", async || (!proxy.received_requests().await?.is_empty()).then_some(())).await;
    let requests = proxy.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["host"], "orders.invalid");

    let mut check = home.command(&["check"]);
    let (code, printed, errors) =
        outcome(check.env("HTTP_PROXY", "http://proxy.example:3128").output().unwrap());
    assert_eq!(code, Some(0), "{errors}");
    let told = "forwarding: http://orders.invalid/bot?… through the proxy http://proxy.example:3128";
    assert!(printed.contains(told) && !printed.contains("s3cr3t-code"), "{printed}");
}

#[test]
fn a_check_says_which_proxy_is_used_for_which_address() {
    let check = |environment: &[(&str, &str)], api_url: &str| {
        let mut check = command("test-app", api_url, &["check"]);
        check.envs(environment.iter().copied());
        let (code, printed, errors) = outcome(check.output().unwrap());
        assert_eq!(code, Some(0), "{errors}");
        printed
    };
    let proxy = ("HTTP_PROXY", "http://bot:s3cret@proxy.example:3128");
    let told = check(&[proxy], FAR);
    assert!(
        told.contains("http://api.rongcloud.invalid/ through the proxy http://proxy.example:3128"),
        "{told}"
    );
    assert!(!told.contains("s3cret"), "{told}");
    for (environment, api_url) in [
        (&[][..], FAR),
        (&[proxy, ("NO_PROXY", "rongcloud.invalid")], FAR),
        (&[proxy], "http://127.0.0.1:8081"),
        (&[proxy], "http://[::1]:8081"),
        (&[proxy], "https://api.rongcloud.invalid"),
    ] {
        let told = check(environment, api_url);
        assert!(!told.contains("proxy"), "{api_url}: {told}");
    }
}
