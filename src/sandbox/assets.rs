//! The page and its files, compiled in, and what a browser is told about everything that is served.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderMap, HeaderValue, StatusCode, Uri,
    header::{
        CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};

use super::{
    platform::Platform,
    uploads::{PICTURE, PICTURE_PATH, VOICE_PATH, voice},
};

/// Scripts and styles are our own; pictures may be anywhere, as a bot's are.
const POLICY: &str = "default-src 'self'; img-src 'self' data: http: https:; \
    media-src 'self' data: http: https:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; object-src 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Path, media type and contents of each file of the page.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("page/index.html")),
    ("/base.css", CSS, include_str!("page/base.css")),
    ("/chat.css", CSS, include_str!("page/chat.css")),
    ("/deliveries.css", CSS, include_str!("page/deliveries.css")),
    ("/down.svg", SVG, include_str!("page/down.svg")),
    ("/icon.svg", SVG, include_str!("page/icon.svg")),
    ("/chat.js", JAVASCRIPT, include_str!("page/chat.js")),
    ("/composer.js", JAVASCRIPT, include_str!("page/composer.js")),
    ("/contents.js", JAVASCRIPT, include_str!("page/contents.js")),
    ("/deliveries.js", JAVASCRIPT, include_str!("page/deliveries.js")),
    ("/dialog.js", JAVASCRIPT, include_str!("page/dialog.js")),
    ("/dom.js", JAVASCRIPT, include_str!("page/dom.js")),
    ("/list.js", JAVASCRIPT, include_str!("page/list.js")),
    ("/menu.js", JAVASCRIPT, include_str!("page/menu.js")),
    ("/page.js", JAVASCRIPT, include_str!("page/page.js")),
    ("/preferences.js", JAVASCRIPT, include_str!("page/preferences.js")),
    ("/recording.js", JAVASCRIPT, include_str!("page/recording.js")),
    ("/sandbox.js", JAVASCRIPT, include_str!("page/sandbox.js")),
    ("/switches.js", JAVASCRIPT, include_str!("page/switches.js")),
    ("/texts.js", JAVASCRIPT, include_str!("page/texts.js")),
];

/// Serves the page and the samples.
pub(super) fn router() -> Router<Arc<Platform>> {
    let samples = Router::new()
        .route(PICTURE_PATH, get(async || ([(CONTENT_TYPE, "image/jpeg")], PICTURE)))
        .route(VOICE_PATH, get(async || ([(CONTENT_TYPE, "audio/amr")], voice())));
    FILES.iter().fold(samples, |router, (path, kind, contents)| {
        router.route(path, get(async move || ([(CONTENT_TYPE, *kind)], *contents)))
    })
}

/// Refuses what another site makes a browser ask, and says how far a browser may trust the answer.
pub(super) async fn guard(
    State(platform): State<Arc<Platform>>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(reason) = foreign(request.headers(), request.uri(), platform.allow_remote) {
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    let mut response = next.run(request).await;
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Why a request is not one of our own page or of a script on this machine.
///
/// A name that is not this machine's may be another site's that was pointed here (DNS rebinding); an `Origin` that
/// is not ours is another site's page.
fn foreign(headers: &HeaderMap, uri: &Uri, allow_remote: bool) -> Option<&'static str> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host =
        text(HOST).or_else(|| uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
    if !allow_remote && !is_loopback(host) {
        return Some("this sandbox answers on this machine only; --allow-remote opens it");
    }
    let origin = headers.get(ORIGIN).map(|value| value.to_str().unwrap_or_default());
    match origin {
        Some(origin) if origin.split_once("://").map(|(_, host)| host) != Some(host) => {
            Some("another site's page may not use this sandbox")
        }
        _ => None,
    }
}

fn is_loopback(host: &str) -> bool {
    let Ok(url) = url::Url::parse(&format!("http://{host}/")) else { return false };
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_s_names_and_our_own_page_get_in() {
        let check = |host: &'static str, origin: Option<&'static str>, allow_remote| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            origin.map(|origin| headers.insert(ORIGIN, HeaderValue::from_static(origin)));
            foreign(&headers, &Uri::from_static("/sandbox/state"), allow_remote).is_none()
        };
        for host in ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "localhost"] {
            assert!(check(host, None, false), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:8000", "192.168.1.2:8000", ""] {
            assert!(!check(host, None, false), "{host}");
        }
        assert!(check("evil.example", None, true));
        assert!(check("127.0.0.1:8000", Some("http://127.0.0.1:8000"), false));
        for origin in ["http://evil.example", "null", "http://127.0.0.1:8001", "http://localhost:8000"] {
            assert!(!check("127.0.0.1:8000", Some(origin), true), "{origin}");
        }
    }
}
