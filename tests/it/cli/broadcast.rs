//! The errors and hints when a message to all followers is refused.

use super::calls::run;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_message_to_all_followers_in_a_day_is_told_to_wait_for_tomorrow() {
    let refused = r#"{"errcode":1007,"errmsg":"limited"}"#;
    for (way, path) in
        [(&[][..], "/message/operation/sendall.json"), (&["--stored"], "/message/sendall.json")]
    {
        let arguments = [&["send", "news", "--all", "--text", "hello"], way].concat();
        let done = run(200, refused, &arguments).await;
        assert_eq!(done.requests[0].url.path(), path);
        let failed = done.failed();
        assert!(
            failed.contains("hint: the platform takes one message to all followers a day"),
            "{failed}"
        );
        assert!(failed.contains("tomorrow (Beijing time)"), "{failed}");
    }
    let other = run(200, refused, &["send", "news", "--to", "ann", "--text", "hello"]).await.failed();
    assert!(other.contains("hint: ask the platform's operator to allow this call"), "{other}");
}
