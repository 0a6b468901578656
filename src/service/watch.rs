//! The watch over the parts of a server: if one ends by itself, the others are stopped.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::error::ServiceError;

/// Runs a part of the server that should run until `stop`. If it ends before, or panics, it stops the other parts as well.
pub(super) async fn run_watched<T>(
    part: &'static str,
    run: impl Future<Output = T>,
    stop: &CancellationToken,
) -> Result<(), ServiceError> {
    let ended = AssertUnwindSafe(run).catch_unwind().await;
    if ended.is_ok() && stop.is_cancelled() {
        return Ok(());
    }
    tracing::error!(
        part,
        "a part of the server ended by itself, so the rest is stopped: what was accepted is handled after the next start; \
         this is a defect, please report it with the lines before this one"
    );
    stop.cancel();
    Err(ServiceError::Ended { part })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_ends_before_it_is_told_to_stops_the_others_and_is_named() {
        for returns in [true, false] {
            let stop = CancellationToken::new();
            let part = async move { assert!(returns, "a part that panics") };
            let ended = run_watched("the listener", part, &stop).await;
            assert!(matches!(ended, Err(ServiceError::Ended { part: "the listener" })), "{ended:?}");
            assert!(stop.is_cancelled());
        }
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(run_watched("the listener", async {}, &stop).await.is_ok());
    }
}
