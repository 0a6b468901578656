//! The metrics of calls, as a scrape shows them.

use metrics::set_default_local_recorder;
use rongcloud_callback::metrics::build_recorder;

use super::support::{APP, OK, answering, client};

#[tokio::test]
async fn calls_are_counted_by_path_and_outcome() {
    let recorder = build_recorder().unwrap();
    let _guard = set_default_local_recorder(&recorder);
    let (down, up) = (answering(502, "").await, answering(200, OK).await);
    let send = async |bases: [String; 2]| {
        client(APP, bases).messages().text(&"a".into(), &"u".into(), "Hello").await
    };
    send([down.uri(), up.uri()]).await.unwrap();
    send([down.uri(), down.uri()]).await.unwrap_err();

    let shown = recorder.handle().render();
    for (outcome, count) in [("ok", 1), ("unavailable", 1)] {
        let line = format!(
            r#"rongcloud_callback_api_calls_total{{call="/message/operation/send.json",outcome="{outcome}"}} {count}"#
        );
        assert!(shown.contains(&line), "{line} is not in\n{shown}");
    }
    assert!(shown.contains("rongcloud_callback_api_call_duration_seconds_count"), "{shown}");
}
