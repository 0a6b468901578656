//! The check before every request of the console.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue,
        header::{CACHE_CONTROL, SET_COOKIE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    browser, local, session_cookie,
    throttle::Throttle,
    who::{Identity, Who},
};
use crate::{
    clock::Clock,
    console::error::ApiError,
    origin::bound_rights,
    server::admin::{AdminToken, AdminTokens, Right, bearer},
};

/// The tokens and the way in: they decide who may what.
#[derive(Debug)]
pub(in crate::console) struct Access {
    mode: Mode,
    tokens: AdminTokens,
    log_ins: Throttle,
    clock: Clock,
}

/// The way in.
#[derive(Debug)]
enum Mode {
    /// There is no token, and only this machine can reach the listener: everybody on it may do everything.
    Local,
    /// There are tokens, and some of them may read.
    Tokens,
    /// Nobody may do anything, for this reason.
    Closed(&'static str),
}

/// A session that has begun: its maker, and the header that gives the page its cookie.
pub(in crate::console) struct NewSession {
    pub(in crate::console) who: Who,
    pub(in crate::console) cookie: (axum::http::HeaderName, String),
}

impl Access {
    /// The access by `tokens`, or without any for this machine, unless the listener is one that others can reach.
    pub(in crate::console) fn new(tokens: AdminTokens, is_remote: bool, clock: Clock) -> Self {
        let mode = if tokens.is_empty() && !is_remote {
            Mode::Local
        } else if tokens.is_empty() {
            Mode::Closed("there is no token in admin.tokens, and other machines can reach the console")
        } else if tokens.iter().any(|token| token.rights.has(Right::Read)) {
            Mode::Tokens
        } else {
            Mode::Closed(
                "no token of admin.tokens may read: write [[admin.tokens]] with name, token and may = [\"read\"]",
            )
        };
        Self { mode, tokens, log_ins: Throttle::new(clock.clone()), clock }
    }

    /// Begins a session of the page with a token.
    ///
    /// # Errors
    ///
    /// 401: there is no such token. 403: it may not read. 429: too many log-ins have failed.
    pub(in crate::console) fn log_in(
        &self,
        token: &str,
        headers: &HeaderMap,
    ) -> Result<NewSession, ApiError> {
        if let Mode::Closed(reason) = self.mode {
            return Err(ApiError::forbidden(reason));
        }
        if !self.log_ins.may_try() {
            return Err(ApiError::too_many("too many log-ins have failed: try again in a second"));
        }
        let Some(token) = self.tokens.find(token.as_bytes()) else {
            self.log_ins.count_failure();
            return Err(ApiError::unauthorized("there is no such token in admin.tokens"));
        };
        let name = reader(token)?;
        let (cookie, expires_at) = session_cookie::set(token, name, self.clock.now(), is_tls(headers));
        let who = Who::new(name.to_owned(), token.rights.clone(), Some(expires_at));
        Ok(NewSession { who, cookie: (SET_COOKIE, cookie) })
    }

    /// The header that ends the session of a page.
    pub(in crate::console) fn log_out(headers: &HeaderMap) -> (axum::http::HeaderName, String) {
        (SET_COOKIE, session_cookie::clear(is_tls(headers)))
    }

    /// The maker of a request.
    ///
    /// # Errors
    ///
    /// 401: nobody is logged in. 403: nobody may be, or the request must not be believed.
    fn identify(&self, request: &Request) -> Result<Who, ApiError> {
        match self.mode {
            Mode::Local => return local::admit(request),
            Mode::Closed(reason) => return Err(ApiError::forbidden(reason)),
            Mode::Tokens => {}
        }
        let headers = request.headers();
        if let Some(given) = bearer(headers) {
            let token = self.tokens.find(given);
            let token =
                token.ok_or_else(|| ApiError::unauthorized("there is no such token in admin.tokens"))?;
            return Ok(Who::new(reader(token)?.to_owned(), token.rights.clone(), None));
        }
        let Some(session) = session_cookie::given(headers) else {
            return Err(ApiError::unauthorized("nobody is logged in: send a token of admin.tokens"));
        };
        if browser::changes(request.method()) && !browser::tells_origin(headers) {
            let reason =
                "a session is for the page in a browser: send the token itself, Authorization: Bearer …";
            return Err(ApiError::forbidden(reason));
        }
        let session = session_cookie::read(session, &self.tokens, self.clock.now());
        let (token, expires_at) =
            session.ok_or_else(|| ApiError::unauthorized("the session has ended: log in again"))?;
        Ok(Who::new(reader(token)?.to_owned(), token.rights.clone(), Some(expires_at)))
    }
}

/// Refuses what another site makes a browser send, finds out who makes a request, and bounds what the answer may do in a
/// browser.
pub(in crate::console) async fn check(
    State(access): State<Arc<Access>>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut response = if let Err(refused) = browser::refuse_foreign(&request) {
        refused.into_response()
    } else {
        let identity = Identity(access.identify(&request));
        request.extensions_mut().insert(identity);
        next.run(request).await
    };
    let headers = response.headers_mut();
    bound_rights(headers);
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// The name of the person or program that has a token which may read.
fn reader(token: &AdminToken) -> Result<&str, ApiError> {
    let name = token.name.as_deref().unwrap_or("this token");
    if token.rights.has(Right::Read) { Ok(name) } else { Err(ApiError::missing(Right::Read, name)) }
}

/// Whether a proxy says that the browser came over TLS.
fn is_tls(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|protocol| protocol == "https")
}
