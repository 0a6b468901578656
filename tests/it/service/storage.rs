//! The journal's disk runs full: 503 until there is space, then the platform's retry is accepted.

use std::{fs, path::Path, process::Command};

use rongcloud_callback::journal::State;

use crate::support::{messages::text, process::Home, skip, until};

/// A small file system. Dropping it unmounts it.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// Mounts the file system, which needs root. `None` without root; under CI it must be there.
    fn mount(path: &'a Path) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(path).output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(Self(path));
        }
        skip("a small file system can only be mounted as root");
        None
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_acknowledged_and_with_room_the_retry_is() {
    let home = Home::new().with_server("");
    let data = home.path().join("data");
    let Some(_disk) = SmallDisk::mount(&data) else { return };
    let server = home.start().await;
    server.deliver(&text("user", "before", "hello")).await.assert_ack();

    let filler = data.join("filler");
    let _ = fs::write(&filler, vec![0; 1 << 20]);
    // The free pages of the database are used up first.
    let mut number = 0;
    let refused = until("a full disk", async || {
        number += 1;
        let body = text("user", &format!("m{number}"), &"long ".repeat(2000));
        let answer = server.deliver(&body).await;
        (answer.status != 200).then_some((answer, body))
    });
    let (answer, body) = refused.await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.starts_with("{\"errcode\":1000,"), "{}", answer.body);
    // A small commit may still find space, which makes the server ready again until the next commit fails.
    let not_ready = async || {
        server.deliver(&body).await;
        (server.readiness().await.0 == 503).then_some(())
    };
    until("no readiness", not_ready).await;

    fs::remove_file(&filler).unwrap();
    until("readiness", async || (server.readiness().await.0 == 200).then_some(())).await;
    until("room", async || (server.deliver(&body).await.status == 200).then_some(())).await;
    server.terminate();
    assert_eq!(server.ended().0.code(), Some(0));
    let records = home.records().await;
    assert_eq!(records.len(), number + 1, "all that was acknowledged, and nothing else");
    // Messages that were handled on the full disk, but not settled, are handled again.
    let _server = home.start().await;
    let done =
        async || home.records().await.iter().all(|record| record.state == State::Done).then_some(());
    until("all done", done).await;
}
