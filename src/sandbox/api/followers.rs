//! The follower calls: `/mc/subscribe`, `/mc/unsubscribe` (关注、取消关注公众号); these calls push no event.

use serde_json::Value;

use super::{
    accounts,
    answer::Refusal,
    fields::{filled, list, user_id},
    request::ApiRequest,
};
use crate::{ids::UserId, sandbox::state::State};

/// The largest number of users of one call (最多支持 50 个用户同时关注).
const MAX_USERS: usize = 50;

/// Makes users follow an account, or no longer follow it.
pub(super) fn set_followers(
    state: &mut State,
    request: &ApiRequest,
    follows: bool,
) -> Result<Value, Refusal> {
    let body = request.json()?;
    let id = filled(&body, "mcId")?;
    accounts::existing(state, id)?;
    let users = list(&body, "userId", MAX_USERS)?;
    let text = |user: &Value| user_id("userId", user.as_str().unwrap_or_default());
    let users: Vec<UserId> = users.iter().map(text).collect::<Result<_, _>>()?;
    for user in &users {
        state.user(user).map_err(|full| Refusal::parameter(full.to_string()))?;
    }
    let account = accounts::existing(state, id)?;
    for user in &users {
        account.set_follower(user, follows);
    }
    state.publish_account(id);
    Ok(Value::Null)
}
