//! Callbacks inside an axum program that exists already, on its own listener and beside its own routes.

use std::{future::IntoFuture, sync::Arc};

use axum::{Router, routing::get};
use rongcloud_callback::{CallbackService, Config, Text, telemetry};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::load(None)?;
    // A program with a `tracing` subscriber of its own leaves this out.
    telemetry::start(&config.log.options(), None)?;
    let service = CallbackService::new(config).on(|text: Text, _context| async move { text.content });
    let parts = service.into_parts().await?;

    let (mut workers, stop) = (JoinSet::new(), CancellationToken::new());
    workers.spawn(parts.workers.run(stop.clone()));

    // The platform's requests arrive at `/rongcloud` followed by the app's path. Whoever may read the metrics is up to the
    // program: here it is everybody.
    let metrics = Arc::new(parts.metrics);
    let app = Router::new()
        .route("/", get(async || "the program's own page"))
        .route("/metrics", get(async move || metrics.render().await.unwrap_or_default()))
        .nest("/rongcloud", parts.callbacks.router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    let serving = axum::serve(listener, app).with_graceful_shutdown(async {
        let _ = tokio::signal::ctrl_c().await;
    });
    tokio::select! {
        served = serving.into_future() => served?,
        // The workers end by themselves only if something is broken. This program ends then, too.
        Some(ended) = workers.join_next() => return Ok(ended??),
    }

    // After the last request: let handlers end, then close the journal.
    stop.cancel();
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    Ok(())
}
