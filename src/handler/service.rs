//! The seam to tower: a handler as a service and back, for layers around it.

use std::{
    fmt,
    marker::PhantomData,
    sync::Arc,
    task::{self, Poll},
};

use futures_util::future::BoxFuture;
use tower::{Service, ServiceExt};

use super::{Context, FromInbound, Handler, HandlerError, HandlerResult, IntoReply, Reply};

/// A handler as a [`Service`] of `(I, Context)`; made by [`Handler::into_service`].
pub struct HandlerService<H, I> {
    handler: Arc<H>,
    item: PhantomData<fn(I)>,
}

impl<H, I> HandlerService<H, I> {
    pub(super) fn new(handler: H) -> Self {
        Self { handler: Arc::new(handler), item: PhantomData }
    }
}

impl<H, I> Clone for HandlerService<H, I> {
    fn clone(&self) -> Self {
        Self { handler: Arc::clone(&self.handler), item: PhantomData }
    }
}

impl<H, I> fmt::Debug for HandlerService<H, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandlerService")
    }
}

/// An error of a handler behind the seam; unlike [`HandlerError`] it implements [`std::error::Error`], as
/// layers ask for. On the way back it is the same [`HandlerError`] again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ServiceHandlerError(HandlerError);

impl<H: Handler<I>, I: FromInbound> Service<(I, Context)> for HandlerService<H, I> {
    type Response = Reply;
    type Error = ServiceHandlerError;
    type Future = BoxFuture<'static, Result<Reply, ServiceHandlerError>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (item, context): (I, Context)) -> Self::Future {
        let handler = Arc::clone(&self.handler);
        Box::pin(async move { handler.handle(item, context).await.map_err(ServiceHandlerError) })
    }
}

/// A [`Service`] as a handler; made by [`from_service`].
#[derive(Debug, Clone)]
pub struct ServiceHandler<S>(S);

/// Makes a handler of a [`Service`] of `(I, Context)`, for example a handler with tower's layers around it.
///
/// # Examples
///
/// At most two of these run at once:
///
/// ```
/// use rongcloud_callback::{Handler, Routes, Text, handler::from_service};
/// use tower::{ServiceBuilder, limit::ConcurrencyLimitLayer};
///
/// let slow = |text: Text, _context| async move { text.content };
/// let limited = ServiceBuilder::new().layer(ConcurrencyLimitLayer::new(2)).service(slow.into_service());
/// let routes = Routes::new().on::<Text, _>(from_service(limited));
/// ```
pub fn from_service<S>(service: S) -> ServiceHandler<S> {
    ServiceHandler(service)
}

impl<S, I, E> Handler<I> for ServiceHandler<S>
where
    I: FromInbound,
    S: Service<(I, Context), Response: IntoReply, Error = E, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    async fn handle(&self, item: I, context: Context) -> HandlerResult {
        match self.0.clone().oneshot((item, context)).await {
            Ok(response) => response.into_reply(),
            Err(error) => Err(match error.into().downcast::<ServiceHandlerError>() {
                Ok(handlers_own) => handlers_own.0,
                Err(layers) => layers.into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tower::timeout::Timeout;

    use super::*;
    use crate::{
        client::{Client, Options},
        handler::{Route, Routes},
        protocol::{Content, Event, Inbound, Subscribe},
    };

    async fn refuse(_: Inbound, _: Context) -> Result<(), HandlerError> {
        Err(HandlerError::permanent("no"))
    }

    fn context() -> Context {
        let client = Client::new(
            "app".into(),
            "secret".into(),
            ["http://127.0.0.1:9".parse().unwrap()],
            Options::default(),
        );
        let inbound = Inbound::new("account", "user", 1, Content::Event(Event::Subscribe(Subscribe {})));
        Context::new("app".into(), inbound, client.unwrap(), 1)
    }

    #[tokio::test]
    async fn a_handler_s_own_error_passes_the_seam_unchanged() {
        let layered = from_service(Timeout::new(refuse.into_service(), Duration::from_mins(1)));
        let error = Routes::new().on::<Inbound, _>(layered).take(&context()).unwrap().await.unwrap_err();
        assert!(error.is_permanent());
        assert_eq!(error.to_string(), "no");
    }

    #[tokio::test]
    async fn a_layer_s_error_is_tried_again() {
        let never = async |_: Inbound, _: Context| std::future::pending::<()>().await;
        let layered = from_service(Timeout::new(never.into_service(), Duration::from_millis(1)));
        let error = Routes::new().on::<Inbound, _>(layered).take(&context()).unwrap().await.unwrap_err();
        assert!(!error.is_permanent());
    }
}
