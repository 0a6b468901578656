//! Jobs over HTTP: counted, started once, done by the server, cancelled.

use serde_json::{Value, json};

use super::bot::{BotServer, is_settled};
use crate::support::until;

/// Waits until the newest job has ended.
async fn ended(server: &BotServer) -> Value {
    until("the job has ended", async || {
        let jobs = server.read_as("reader", "jobs").await;
        let job = jobs["jobs"][0].clone();
        (job["state"] != json!("running")).then_some(job)
    })
    .await
}

#[tokio::test]
async fn a_filter_is_counted_and_then_revived_by_a_job() {
    let server = BotServer::start().await;
    let mut dead = Vec::new();
    for what in ["错一", "错二", "错三"] {
        dead.push(server.say("ann", what, is_settled).await);
    }
    server.say("bob", "错四", is_settled).await;
    let filter = json!({ "user": "ann", "kind": "text" });
    let (status, counted) =
        server.act_as("olga", "jobs/count", json!({ "action": "revive", "filter": filter })).await;
    assert_eq!((status, &counted["count"]), (200, &json!(3)), "{counted}");
    let by_text = json!({ "action": "discard", "filter": { "text": "错一" } });
    assert_eq!(server.act_as("olga", "jobs/count", by_text.clone()).await.1["missing"], json!("bodies"));
    assert_eq!(server.act_as("all", "jobs/count", by_text).await.1["count"], json!(1));

    let until = counted["until"].clone();
    let start =
        json!({ "action": "discard", "filter": filter, "total": 3, "until": until, "rate": 1000 });
    for (field, value) in
        [("rate", json!(0)), ("rate", json!(1001)), ("action", json!("drop")), ("more", json!(1))]
    {
        let mut wrong = start.clone();
        wrong[field] = value;
        let (status, error) = server.act_as("olga", "jobs", wrong).await;
        assert_eq!(status, 400, "{field}: {error}");
    }
    let mut outdated = start.clone();
    outdated["total"] = json!(5);
    assert_eq!(server.act_as("olga", "jobs", outdated).await.0, 409);
    let (status, job) = server.act_as("olga", "jobs", start.clone()).await;
    assert_eq!((status, &job["state"], &job["by"]), (201, &json!("running"), &json!("olga")), "{job}");
    assert_eq!(server.act_as("olga", "jobs", start).await.0, 409, "one job at a time");
    let job = ended(&server).await;
    assert_eq!(
        (&job["state"], &job["done"], &job["skipped"]),
        (&json!("done"), &json!(3), &json!(0)),
        "{job}"
    );
    for id in dead {
        let row = &server.read_as("reader", &format!("entries/{id}")).await["entry"];
        assert_eq!(row["discarded"], json!(true), "{row}");
    }
    assert_eq!(server.read_as("reader", "dead-letters").await["total"], json!(1), "bob's is left alone");
    let audit = server.audit().await;
    let noted = audit.iter().find(|it| it.1 == "discard by filter").unwrap();
    assert_eq!(noted.3, 3);
    assert!(noted.2.contains("\"user\":\"ann\""), "{noted:?}");
}

#[tokio::test]
async fn a_job_that_is_asked_for_twice_is_one_and_a_cancelled_one_stays_cancelled() {
    let server = BotServer::start().await;
    server.say("ann", "错一", is_settled).await;
    let filter = json!({});
    let counted =
        server.act_as("olga", "jobs/count", json!({ "action": "revive", "filter": filter })).await.1;
    let start = json!({ "action": "revive", "filter": filter, "total": 1, "until": counted["until"], "rate": 1 });
    let headers = ["authorization: Bearer 0123456789abcdef-olga", "idempotency-key: form-1"];
    let first = server.post("/api/v1/jobs", &headers, &start).await;
    let second = server.post("/api/v1/jobs", &headers, &start).await;
    assert_eq!((first.status, second.status), (201, 201), "{second:?}");
    let id = super::setup::json(&first)["id"].clone();
    assert_eq!(super::setup::json(&second)["id"], id);
    let (status, job) = server.act_as("olga", &format!("jobs/{id}/cancel"), json!({})).await;
    assert_eq!((status, &job["state"]), (200, &json!("cancelled")), "{job}");
    assert_eq!(server.act_as("olga", &format!("jobs/{id}/cancel"), json!({})).await.0, 404);
    assert_eq!(server.read_as("reader", "jobs").await["jobs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn those_who_may_not_read_texts_see_a_job_without_its_text() {
    let server = BotServer::start().await;
    server.say("ann", "错秘密", is_settled).await;
    let filter = json!({ "text": "秘密" });
    let counted =
        server.act_as("all", "jobs/count", json!({ "action": "discard", "filter": filter })).await.1;
    let start = json!({ "action": "discard", "filter": filter, "total": 1, "until": counted["until"] });
    assert_eq!(server.act_as("all", "jobs", start).await.0, 201);
    assert_eq!(server.read_as("all", "jobs").await["jobs"][0]["filter"]["text"], json!("秘密"));
    assert_eq!(server.read_as("reader", "jobs").await["jobs"][0]["filter"]["text"], json!(null));
}
