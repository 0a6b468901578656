//! A server that is bound: the listeners, the workers, and the order in which they end.

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc};

use axum::Router;
use tokio_util::sync::CancellationToken;

use super::{error::ServiceError, parts::Parts, ready_line::ReadyLine, watch::run_watched};
use crate::{
    clock::Clock,
    config::AdminSection,
    desk::Desk,
    journal::Queues,
    metrics,
    server::{ConnectionLimits, Listener, admin},
    statistics::Statistics,
};

/// A service that listens but does not answer yet.
#[derive(Debug)]
pub struct Server {
    /// The callbacks' router, which the listener serves, and the workers, which run until the listener has drained.
    pub(super) parts: Parts,
    /// The listener of the callbacks, which starts with [`run`](Self::run). The stop of the server stops the listener first.
    pub(super) listener: Listener,
    /// The operators' endpoints, which answer from the start until the workers have ended.
    pub(super) admin: AdminServer,
    /// The limits of the callbacks' connections.
    pub(super) limits: ConnectionLimits,
    pub(super) clock: Clock,
    /// The log line that the server writes when it starts to answer.
    pub(super) ready_line: ReadyLine,
}

/// The listener of the operators' endpoints, with the tokens that open the metrics.
#[derive(Debug)]
pub(super) struct AdminServer {
    pub(super) listener: Listener,
    pub(super) section: AdminSection,
}

impl Server {
    /// The address on which callbacks are answered.
    pub fn callback_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// The address on which health, readiness and metrics are answered.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin.listener.local_addr()
    }

    /// The journal, which survives a crash.
    pub fn journal(&self) -> Arc<dyn Queues> {
        Arc::clone(&self.parts.journal)
    }

    /// The conversations that persons have, for whoever answers them.
    pub fn desk(&self) -> Desk {
        self.parts.desk.clone()
    }

    /// The statistics of this server and of those that share its journal.
    pub fn statistics(&self) -> Statistics {
        self.parts.statistics.clone()
    }

    /// Runs until `stop`, then ends in this order: readiness off, no new connections, open requests finished, no new leases,
    /// handlers ended within the grace period, the journal closed.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Ended`] if a part of the server has ended although nobody has stopped it. The other parts are stopped
    /// then.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), ServiceError> {
        let Self { parts, listener, admin, limits, clock, ready_line } = self;
        #[cfg(feature = "console")]
        let console = parts.console;
        #[cfg(not(feature = "console"))]
        let console = Router::new();
        let Parts { callbacks, workers, journal, .. } = parts;
        ready_line.log(listener.local_addr(), admin.listener.local_addr());
        admin.warn_if_remote();
        let stopping = CancellationToken::new();
        let served = CancellationToken::new();
        let stop = async {
            tokio::select! {
                () = stop => tracing::info!("stopping"),
                () = stopping.cancelled() => {}
            }
            stopping.cancel();
        };
        let serve = async {
            let router = callbacks.standalone_router();
            let serving = listener.serve(router, limits, stopping.clone());
            let result = run_watched("the listener of server.listen", serving, &stopping).await;
            served.cancel();
            result
        };
        // The operators' endpoints answer until the very end.
        let operate = async {
            let serving = admin.serve(journal, clock, stopping.clone(), console);
            let mut work = pin!(async {
                let result = workers.run(served.clone()).await;
                stopping.cancel();
                result
            });
            tokio::select! {
                result = &mut work => result,
                ended = run_watched("the listener of admin.listen", serving, &stopping) => {
                    work.await.and(ended)
                }
            }
        };
        let ((), served, operated) = tokio::join!(stop, serve, operate);
        tracing::info!("stopped");
        served.and(operated)
    }
}

impl AdminServer {
    fn warn_if_remote(&self) {
        if self.section.is_remote() {
            tracing::warn!(
                admin = %self.listener.local_addr(),
                "other machines can reach the operators' endpoints: the metrics ask for a token, health and readiness do not"
            );
        }
    }

    /// Serves the operators' endpoints for as long as the future lives. Readiness ends once `stopping` is cancelled.
    async fn serve(
        self,
        journal: Arc<dyn Queues>,
        clock: Clock,
        stopping: CancellationToken,
        console: Router,
    ) -> io::Result<()> {
        let render =
            metrics::install_recorder().map(|handle| Arc::new(move || handle.render()) as admin::Render);
        let tokens = self.section.tokens.into_iter().collect();
        let router = admin::router(journal, clock, stopping, render, tokens).merge(console);
        let never = CancellationToken::new();
        self.listener.serve(router, ConnectionLimits::default(), never).await
    }
}
