//! The platform's API from its own side: signatures verified, limits kept, the documented answers and codes.
//!
//! A second reading of the documents, independent of [`client`](crate::client). What they leave open is decided so:
//! an account must exist, a user is created when first named; the App Keys in a call must be the caller's own; a call
//! that is refused has no effect at all.

mod accounts;
mod answer;
mod asked;
mod body;
mod followers;
mod media;
mod menus;
mod messages;
mod portal;
mod signed;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use futures_util::stream;
use http::StatusCode;
use serde_json::Value;

use self::{
    answer::{Dialect, Refusal, json},
    asked::Asked,
    body::Read,
};
use super::{
    guard,
    platform::Platform,
    records::{AnswerFault, Call},
    state,
};

/// How much of a body and of an answer is kept, in characters.
const EXCERPT: usize = 4000;
/// How much of a path, of a reason, and of the body of a call by nobody knows whom is kept, in characters.
const SHORT_EXCERPT: usize = 500;
/// A call that is never answered is let go after this time.
const SILENCE: Duration = Duration::from_mins(2);

/// Answers the platform's API.
pub(super) fn router() -> Router<Arc<Platform>> {
    Router::new()
        .route("/mc/{*call}", any(answer))
        .route("/message/{*call}", any(answer))
        .route("/media/{*call}", any(answer))
        .route("/interface/{*call}", any(answer))
}

/// No body is read before it is known who calls: the signature and the token are in the head and do not cover it.
async fn answer(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let dialect = Dialect::of(head.uri.path());
    if let Some(reason) = guard::foreign_page(&head.headers, &head.uri) {
        body::beginning(body).await;
        return (StatusCode::FORBIDDEN, reason).into_response();
    }
    let mut asked = Asked::new(platform.clock.now(), head);
    if let Err(refusal) = check(&platform, &asked, dialect) {
        asked.body = body::beginning(body).await;
        return refuse(&platform, &asked, dialect, refusal, SHORT_EXCERPT);
    }
    let Read { bytes, over } = body::read(&asked.path, body).await;
    if let Some(most) = over {
        asked.body = bytes;
        let refusal = Refusal::parameter(format!("the body has more than {most} bytes"));
        return refuse(&platform, &asked, dialect, refusal, EXCERPT);
    }
    asked.take(bytes).await;
    let (fault, slow) = {
        let injector = &mut platform.state().injector;
        (injector.answer_fault(), Duration::from_millis(injector.switches().slow_ms))
    };
    tokio::time::sleep(slow).await;
    match fault {
        None => settle(&platform, &asked, dialect),
        Some(fault) => fail(&platform, &asked, dialect, fault).await,
    }
}

/// Who calls, and with what right.
fn check(platform: &Platform, asked: &Asked, dialect: Dialect) -> Result<(), Refusal> {
    match dialect {
        Dialect::RongCloud => signed::check(platform, asked)?,
        Dialect::Portal => portal::check_token(platform, asked)?,
    }
    if asked.method != http::Method::POST {
        return Err(Refusal::parameter(format!("{} is called with POST", asked.path)));
    }
    Ok(())
}

/// Refuses a call.
fn refuse(
    platform: &Platform,
    asked: &Asked,
    dialect: Dialect,
    refusal: Refusal,
    excerpt: usize,
) -> Response {
    let answer = dialect.refused(&refusal, platform.clock.now()).to_string();
    let status = refusal.status(dialect);
    let outcome = Outcome { refused: Some(refusal.message), ..Outcome::of(status, &answer) };
    record(&mut platform.state(), asked, outcome, excerpt);
    json(status, answer)
}

/// Carries a call out, or refuses it.
fn settle(platform: &Platform, asked: &Asked, dialect: Dialect) -> Response {
    let mut state = platform.state();
    match run(&mut state, platform, asked) {
        Ok(answer) => {
            let answer = dialect.done(answer, platform.clock.now()).to_string();
            record(&mut state, asked, Outcome::of(200, &answer), EXCERPT);
            json(200, answer)
        }
        Err(refusal) => {
            drop(state);
            refuse(platform, asked, dialect, refusal, EXCERPT)
        }
    }
}

fn run(state: &mut state::State, platform: &Platform, asked: &Asked) -> Result<Value, Refusal> {
    match asked.path.as_str() {
        "/mc/add.json" => accounts::add(state, platform, asked),
        "/mc/refresh.json" => accounts::refresh(state, platform, asked),
        "/mc/info.json" => accounts::info(state, platform, asked),
        "/mc/route/setUrl.json" => accounts::set_url(state, platform, asked),
        "/mc/route/setSwitch.json" => accounts::set_switch(state, platform, asked),
        "/mc/menu/refresh.json" => menus::refresh(state, asked),
        "/mc/menu/delete.json" => menus::delete(state, asked),
        "/mc/menu/order.json" => menus::order(state, asked),
        "/mc/subscribe.json" => followers::set(state, asked, true),
        "/mc/unsubscribe.json" => followers::set(state, asked, false),
        "/media/upload" => media::upload(state, platform, asked),
        "/media/uploadnews" => media::upload_news(state, platform, asked),
        path if path.starts_with("/message/") => messages::send(state, platform, asked),
        path if path.starts_with("/interface/") => portal::call(state, platform, asked),
        path => Err(Refusal::parameter(format!("there is no call {path}"))),
    }
}

/// Answers with `fault`; nothing is carried out.
async fn fail(platform: &Platform, asked: &Asked, dialect: Dialect, fault: AnswerFault) -> Response {
    let now = platform.clock.now();
    let refusal = match fault {
        AnswerFault::InternalError => Some(Refusal::internal()),
        AnswerFault::RateExceeded => Some(Refusal::rate_exceeded()),
        AnswerFault::Status500 | AnswerFault::Cut | AnswerFault::Silent => None,
    };
    let (status, answer) = match (&refusal, fault) {
        (Some(refusal), _) => (Some(refusal.status(dialect)), dialect.refused(refusal, now).to_string()),
        (None, AnswerFault::Status500) => {
            (Some(500), "<html>500 Internal Server Error</html>".to_owned())
        }
        (None, _) => (None, String::new()),
    };
    {
        let outcome = Outcome { status, answer: &answer, refused: None, fault: Some(fault) };
        record(&mut platform.state(), asked, outcome, EXCERPT);
    }
    match (status, refusal) {
        (Some(status), Some(_)) => json(status, answer),
        (Some(_), None) => (StatusCode::INTERNAL_SERVER_ERROR, answer).into_response(),
        (None, _) => {
            if fault == AnswerFault::Silent {
                let _ = tokio::time::timeout(SILENCE, platform.stop.cancelled()).await;
            }
            cut()
        }
    }
}

/// An answer whose connection breaks before it is complete.
fn cut() -> Response {
    let broken = stream::once(async { Err::<&[u8], _>(std::io::Error::other("cut")) });
    Body::from_stream(broken).into_response()
}

/// What came of a call.
struct Outcome<'a> {
    status: Option<u16>,
    answer: &'a str,
    refused: Option<String>,
    fault: Option<AnswerFault>,
}

impl<'a> Outcome<'a> {
    fn of(status: u16, answer: &'a str) -> Self {
        Self { status: Some(status), answer, refused: None, fault: None }
    }
}

/// Remembers a call with the first `excerpt` characters of its body.
fn record(state: &mut state::State, asked: &Asked, outcome: Outcome<'_>, excerpt: usize) {
    let (account, mut users) = asked.names();
    let delivery = match (&account, &users[..]) {
        (Some(account), [user]) => state.latest_delivery(account, user),
        _ => None,
    };
    if outcome.refused.is_some() {
        users.clear();
    }
    let call = Call {
        id: state.calls.next_id(),
        at: asked.at,
        ms: asked.started.elapsed().as_millis().try_into().unwrap_or(u64::MAX),
        method: beginning(asked.method.as_str(), SHORT_EXCERPT),
        path: beginning(&asked.path, SHORT_EXCERPT),
        account,
        users,
        delivery,
        body_type: asked.body_type(),
        body: beginning(&asked.shown(), excerpt),
        status: outcome.status,
        answer: beginning(outcome.answer, EXCERPT),
        refused: outcome.refused.map(|reason| beginning(&reason, SHORT_EXCERPT)),
        fault: outcome.fault,
    };
    state.feed.publish("call", &call);
    state.calls.push(call);
}

/// The first characters of a text.
fn beginning(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
