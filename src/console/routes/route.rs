//! A route of the API: method, path, right, handler and description in one place.

use std::{future::Future, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{
    super::{access::Who, error::ApiError, state::Console},
    call::Call,
    description::Description,
    input::{Parameters, read_body},
};
use crate::server::admin::Right;

/// A route of the API.
pub(super) struct Route {
    pub(super) method: Method,
    /// The path below `/api/v1`.
    pub(super) path: &'static str,
    /// The right without which the route answers 403; none if whoever is known may use it.
    pub(super) right: Option<Right>,
    pub(super) description: Description,
    /// The handler; none where the route is served elsewhere.
    handler: Option<MethodRouter<Arc<Console>>>,
}

/// The method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Delete,
}

impl Route {
    /// A route that shows something.
    pub(super) fn get<I, O, F, Fut>(
        path: &'static str,
        right: Right,
        summary: &'static str,
        handler: F,
    ) -> Self
    where
        I: Parameters + Send + 'static,
        O: Serialize + ToSchema + 'static,
        F: Fn(Call, I) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ApiError>> + Send + 'static,
    {
        let description = Description::new(summary).answers::<O>(StatusCode::OK);
        Self::stream(path, right, description, move |call, input| {
            let answer = handler(call, input);
            async move { Ok(Json(answer.await?).into_response()) }
        })
    }

    /// A route that shows something in a form of its own.
    pub(super) fn stream<I, F, Fut>(
        path: &'static str,
        right: Right,
        description: Description,
        handler: F,
    ) -> Self
    where
        I: Parameters + Send + 'static,
        F: Fn(Call, I) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response, ApiError>> + Send + 'static,
    {
        let handle = move |call, request: Request| {
            let handler = handler.clone();
            async move { handler(call, I::read(request.uri().query().unwrap_or_default())?).await }
        };
        let description = description.parameters(I::described());
        Self::new(Method::Get, path, right, description).handled_by(right, handle)
    }

    /// A route that changes something, or asks with a body.
    pub(super) fn post<I, O, F, Fut>(
        path: &'static str,
        right: Right,
        summary: &'static str,
        handler: F,
    ) -> Self
    where
        I: DeserializeOwned + ToSchema + Send + 'static,
        O: Serialize + ToSchema + 'static,
        F: Fn(Call, I) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ApiError>> + Send + 'static,
    {
        Self::post_with(StatusCode::OK, path, right, Description::new(summary), handler)
    }

    /// A route that changes something and answers with this status.
    pub(super) fn post_with<I, O, F, Fut>(
        status: StatusCode,
        path: &'static str,
        right: Right,
        description: Description,
        handler: F,
    ) -> Self
    where
        I: DeserializeOwned + ToSchema + Send + 'static,
        O: Serialize + ToSchema + 'static,
        F: Fn(Call, I) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<O, ApiError>> + Send + 'static,
    {
        let description = description.body::<I>().answers::<O>(status);
        let handle = move |call, request: Request| {
            let handler = handler.clone();
            async move {
                let input = read_body(request.into_body()).await?;
                Ok((status, Json(handler(call, input).await?)).into_response())
            }
        };
        Self::new(Method::Post, path, right, description).handled_by(right, handle)
    }

    /// A route that is served elsewhere, for the API's document.
    pub(super) fn elsewhere(method: Method, path: &'static str, description: Description) -> Self {
        Self { method, path, right: None, description, handler: None }
    }

    fn new(method: Method, path: &'static str, right: Right, description: Description) -> Self {
        Self { method, path, right: Some(right), description, handler: None }
    }

    /// The route with its handler, which is called only for those who have the right.
    fn handled_by<F, Fut>(self, right: Right, handle: F) -> Self
    where
        F: Fn(Call, Request) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Response, ApiError>> + Send + 'static,
    {
        let handler = async move |State(console): State<Arc<Console>>,
                                  who: Who,
                                  id: Option<Path<String>>,
                                  request: Request|
                    -> Result<Response, ApiError> {
            who.demand(right)?;
            let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
            let call = Call {
                console,
                who,
                target: target.trim_start_matches('/').to_owned(),
                id: id.map(|Path(id)| id),
                headers: request.headers().clone(),
            };
            handle(call, request).await
        };
        let filter = match self.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Delete => MethodFilter::DELETE,
        };
        Self { handler: Some(on(filter, handler)), ..self }
    }

    /// Adds the route to a router.
    pub(super) fn add_to(self, router: Router<Arc<Console>>) -> Router<Arc<Console>> {
        match self.handler {
            Some(handler) => router.route(self.path, handler),
            None => router,
        }
    }
}
