//! The page's calls that let time pass, and those of a person at the desk; [`sandbox`](crate::sandbox) lists them.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::post,
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::{
    desk::{DeskAction, DeskError, DeskRequest},
    page_api::{PageContext, PageError, answer, bad_request_error, read_json},
};
use crate::ids::{AccountId, UserId};

/// The largest span that passes at once.
const MAX_SPAN: Duration = Duration::from_hours(366 * 24);

/// Answers `/sandbox/advance` and `/sandbox/desk/…`.
pub(super) fn router(context: Arc<PageContext>) -> Router {
    Router::new()
        .route("/sandbox/advance", post(advance))
        .route("/sandbox/desk/take-over", post(take_over))
        .route("/sandbox/desk/answer", post(answer_as_person))
        .route("/sandbox/desk/hand-back", post(hand_back))
        .with_state(context)
}

async fn advance(State(page): State<Arc<PageContext>>, request: Request) -> Result<Response, PageError> {
    #[derive(Deserialize)]
    struct Body {
        by: String,
    }
    let Body { by } = read_json(request).await?;
    let span = by.parse().ok().and_then(|span: jiff::SignedDuration| Duration::try_from(span).ok());
    let span = span.filter(|span| *span <= MAX_SPAN).ok_or_else(|| {
        bad_request_error(format!(
            "`by` is \"{by}\", not a time such as \"31m\" or \"24h\", at most 366 days"
        ))
    })?;
    if !page.clock.can_advance() {
        let why =
            "the server under test goes by a clock of its own, so this sandbox cannot let time pass";
        return Err(PageError(StatusCode::CONFLICT, why.to_owned()));
    }
    page.platform.advance(span);
    Ok(answer(StatusCode::OK, &json!({ "now": page.clock.now() })))
}

/// The conversation that a call names.
#[derive(Deserialize)]
struct ConversationBody {
    account: AccountId,
    user: UserId,
}

async fn take_over(
    State(page): State<Arc<PageContext>>,
    request: Request,
) -> Result<Response, PageError> {
    let ConversationBody { account, user } = read_json(request).await?;
    act(&page, DeskRequest { account, user, action: DeskAction::TakeOver }).await
}

async fn answer_as_person(
    State(page): State<Arc<PageContext>>,
    request: Request,
) -> Result<Response, PageError> {
    #[derive(Deserialize)]
    struct Body {
        account: AccountId,
        user: UserId,
        text: String,
    }
    let Body { account, user, text } = read_json(request).await?;
    act(&page, DeskRequest { account, user, action: DeskAction::Answer(text) }).await
}

async fn hand_back(
    State(page): State<Arc<PageContext>>,
    request: Request,
) -> Result<Response, PageError> {
    let ConversationBody { account, user } = read_json(request).await?;
    act(&page, DeskRequest { account, user, action: DeskAction::HandBack }).await
}

async fn act(page: &PageContext, request: DeskRequest) -> Result<Response, PageError> {
    let result = page.platform.act_as_person(request).await;
    result.map_err(|error| {
        let status = match error {
            DeskError::NoDesk => StatusCode::NOT_IMPLEMENTED,
            DeskError::Refused(_) => StatusCode::CONFLICT,
        };
        PageError(status, error.to_string())
    })?;
    Ok(answer(StatusCode::OK, &json!({})))
}
