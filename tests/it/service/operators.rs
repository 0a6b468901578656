//! The operators' endpoints where other machines can reach them: never without a token.

use std::net::SocketAddr;

use crate::support::{
    http::{Answer, Connection},
    process::{Home, free_address},
    until,
};

const TOKEN: &str = "t0ken-of-the-operators";

async fn get(address: SocketAddr, path: &str, header: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n{header}\r\n");
    Connection::open(address).await.ask(request).await
}

#[test]
fn without_a_token_they_are_on_this_machine_only_and_nothing_is_served() {
    let home = Home::new().with_admin("listen = \"0.0.0.0:0\"");
    for command in ["check", "serve"] {
        let output = home.command(&[command]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            errors.contains("admin.listen: 0.0.0.0:0 can be reached from other machines"),
            "{errors}"
        );
        assert!(errors.contains("token_files"), "{errors}");
    }
    assert!(!home.database().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_in_a_file_the_metrics_ask_for_it_and_the_log_says_so_without_it() {
    let port = free_address().port();
    let home =
        Home::new().with_admin(&format!("listen = \"0.0.0.0:{port}\"\ntoken_files = [\"admin-token\"]"));
    std::fs::write(home.path().join("admin-token"), format!("{TOKEN}\n")).unwrap();
    let server = home.start().await;
    let admin = SocketAddr::from(([127, 0, 0, 1], port));
    until("an admin listener", async || Connection::try_open(admin).await.ok().map(drop)).await;
    assert_eq!(get(admin, "/healthz", "").await.status, 200);
    assert_eq!(get(admin, "/readyz", "").await.status, 200);
    assert_eq!(get(admin, "/metrics", "").await.status, 401);
    let metrics = get(admin, "/metrics", &format!("authorization: Bearer {TOKEN}\r\n")).await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.body.contains("rongcloud_callback_callbacks_total"), "{}", metrics.body);
    assert!(!metrics.body.contains(TOKEN));
    server.terminate();
    let (_, log) = server.ended();
    let said = log.iter().filter(|line| line.contains("other machines can reach")).count();
    assert_eq!(said, 1, "{log:#?}");
}
