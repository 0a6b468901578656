//! Callbacks inside an axum program that exists already, on its own listener and beside its own routes.

use axum::{Router, routing::get};
use rongcloud_callback::{CallbackService, Config, Text};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service =
        CallbackService::new(Config::load(None)?).on(|text: Text, _context| async move { text.content });
    let parts = service.into_parts().await?;

    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    tasks.spawn(parts.workers.run(stop.clone()));
    tasks.close();

    // The platform's requests arrive at `/rongcloud` followed by the app's path.
    let app = Router::new()
        .route("/", get(async || "the program's own page"))
        .nest("/rongcloud", parts.callbacks.router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;

    // After the last request: let handlers end, then close the journal.
    stop.cancel();
    tasks.wait().await;
    Ok(())
}
