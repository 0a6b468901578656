//! The OpenAPI document: every route with its right, which is the one that is asked for.

use serde_json::{Value, json};

use super::bot::BotServer;

/// The rights of each one of the tokens.
const RIGHTS: [(&str, &[&str]); 4] = [
    ("reader", &["read"]),
    ("bea", &["read", "answer"]),
    ("olga", &["read", "operate"]),
    ("sven", &["read", "send"]),
];

/// The method, the path below `/api/v1/` and the right of each route in the document.
async fn routes(server: &BotServer) -> Vec<(String, String, Option<String>)> {
    let document = server.read_as("reader", "openapi.json").await;
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let right = operation["x-right"].as_str().map(str::to_owned);
            let path = path.strip_prefix("/api/v1/").unwrap().replace("{id}", "1");
            routes.push((method.to_uppercase(), path, right));
        }
    }
    routes
}

#[tokio::test]
async fn every_route_of_the_document_is_there_and_asks_for_the_right_that_it_names() {
    let server = BotServer::start().await;
    let routes = routes(&server).await;
    assert_eq!(routes.len(), 27, "{routes:#?}");
    for (method, path, right) in routes {
        let body = (method == "POST").then(|| json!({}));
        let nobody = server
            .ask(
                &method,
                &format!("/api/v1/{path}"),
                &[],
                body.as_ref().map(Value::to_string).as_deref(),
            )
            .await;
        assert!([200, 204, 400, 401].contains(&nobody.status), "{method} {path}: {nobody:?}");
        let Some(right) = right else { continue };
        assert_eq!(nobody.status, 401, "{method} {path}: {nobody:?}");
        for (who, rights) in RIGHTS {
            if path == "events" {
                continue;
            }
            let answer = server.ask_as(who, &method, &path, body.clone()).await;
            let is_refused = answer.status == 403;
            assert_eq!(
                !is_refused,
                rights.contains(&right.as_str()),
                "{who}: {method} {path}: {answer:?}"
            );
            if is_refused {
                assert!(answer.body.contains(&format!("\"missing\":\"{right}\"")), "{answer:?}");
            }
            assert_ne!(answer.status, 405, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_document_is_openapi_and_every_schema_that_it_names_is_in_it() {
    let server = BotServer::start().await;
    let document = server.read_as("reader", "openapi.json").await;
    assert_eq!(document["openapi"], json!("3.1.0"));
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    let mut named = 0;
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
        named += 1;
    }
    assert!(named > 50, "{named}");
    let parameters = &document["paths"]["/api/v1/entries"]["get"]["parameters"];
    let names: Vec<_> =
        parameters.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    let expected = [
        "queue",
        "state",
        "app",
        "account",
        "user",
        "kind",
        "since",
        "until",
        "text",
        "reason",
        "group",
        "conversation",
        "before",
        "after",
        "order",
        "limit",
        "bodies",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        schemas["EntryRow"]["properties"]["accepted_at"]["$ref"],
        json!("#/components/schemas/UnixMillis")
    );
}
