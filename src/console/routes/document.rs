//! The OpenAPI document of the API.

use std::sync::{Arc, LazyLock};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use utoipa::openapi::{
    ComponentsBuilder, HttpMethod, InfoBuilder, OpenApiBuilder, PathItem, PathsBuilder,
    SecurityRequirement,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::{
    super::state::Console,
    route::{Method, Route},
    table::routes,
};

const PREFIX: &str = "/api/v1";
const BEARER: &str = "token";

/// The document as JSON, written when somebody first asks for it.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| write(routes()));

/// Writes the document of the routes as JSON.
fn write(routes: Vec<Route>) -> String {
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new();
    for Route { method, path, right, description, .. } in routes {
        let (operation, schemas) = description.finish(path, right);
        let method = match method {
            Method::Get => HttpMethod::Get,
            Method::Post => HttpMethod::Post,
            Method::Delete => HttpMethod::Delete,
        };
        paths = paths.path(format!("{PREFIX}{path}"), PathItem::new(method, operation));
        components = components.schemas_from_iter(schemas);
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = components.security_scheme(BEARER, SecurityScheme::Http(bearer)).build();
    let info = InfoBuilder::new()
        .title("The console of rongcloud-callback")
        .version(env!("CARGO_PKG_VERSION"))
        .build();
    let document = OpenApiBuilder::new()
        .info(info)
        .paths(paths.build())
        .components(Some(components))
        .security(Some([SecurityRequirement::new(BEARER, Vec::<String>::new())]))
        .build();
    document.to_pretty_json().unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}

/// The route of the document, for whoever is known.
pub(super) fn router() -> Router<Arc<Console>> {
    let show = async || ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str());
    Router::new().route("/openapi.json", get(show))
}
