//! The account calls: `/mc/add`, `/mc/refresh`, `/mc/info`, `/mc/route/…` (应用公众号设置).

use serde_json::Value;

use super::{answer::Refusal, context::ApiContext, fields::Form, request::ApiRequest};
use crate::sandbox::{
    account::Account,
    state::{MAX_ACCOUNTS, State},
};

/// Creates an account (创建应用公众号); the same `mcid` twice is refused.
pub(super) fn add(state: &mut State, api: &ApiContext, request: &ApiRequest) -> Result<Value, Refusal> {
    let form = checked_form(api, request)?;
    let id = form.filled("mcid")?.to_owned();
    if state.account(&id).is_some() {
        return Err(Refusal::parameter(format!("the mcid {id} exists already")));
    }
    if state.accounts.len() == MAX_ACCOUNTS {
        return Err(Refusal::parameter(format!("this sandbox holds {MAX_ACCOUNTS} accounts")));
    }
    let mut account = Account { id: id.clone(), route_open: true, ..Account::default() };
    account.followed_by_all = form.flag("isFollow")?;
    form.present("routeUrl")?.clone_into(&mut account.route_url);
    set_profile(&mut account, &form)?;
    account.number = state.next_number();
    let info = account.info();
    state.accounts.push(account);
    state.publish_account(&id);
    Ok(info)
}

/// Changes an account (修改应用公众号信息).
pub(super) fn refresh(
    state: &mut State,
    api: &ApiContext,
    request: &ApiRequest,
) -> Result<Value, Refusal> {
    change(state, api, request, set_profile)
}

/// Looks an account up (查询应用公众号信息).
pub(super) fn info(state: &mut State, api: &ApiContext, request: &ApiRequest) -> Result<Value, Refusal> {
    let form = checked_form(api, request)?;
    Ok(existing(state, form.filled("mcid")?)?.info())
}

/// Sets the address that messages are posted to (设置应用公众号路由地址).
pub(super) fn set_url(
    state: &mut State,
    api: &ApiContext,
    request: &ApiRequest,
) -> Result<Value, Refusal> {
    change(state, api, request, |account, form| {
        form.filled("routeUrl")?.clone_into(&mut account.route_url);
        Ok(())
    })
}

/// Switches the posting of messages on or off (设置应用公众号路由开关).
pub(super) fn set_switch(
    state: &mut State,
    api: &ApiContext,
    request: &ApiRequest,
) -> Result<Value, Refusal> {
    change(state, api, request, |account, form| {
        account.route_open = form.flag("isOpen")?;
        Ok(())
    })
}

/// The account `id`, or a refusal.
pub(super) fn existing<'s>(state: &'s mut State, id: &str) -> Result<&'s mut Account, Refusal> {
    state.account(id).ok_or_else(|| Refusal::parameter(format!("there is no account {id}")))
}

/// The form of a call, whose App Key must be the one that the call is signed for.
fn checked_form(api: &ApiContext, request: &ApiRequest) -> Result<Form, Refusal> {
    let form = request.form();
    if form.filled("RC-App-Key")? == api.app_key.as_str() {
        return Ok(form);
    }
    Err(Refusal::parameter("the field RC-App-Key is not the App Key that the call is signed for"))
}

/// Changes an account; a call that is refused changes nothing, as `change` works on a copy.
fn change(
    state: &mut State,
    api: &ApiContext,
    request: &ApiRequest,
    change: impl FnOnce(&mut Account, &Form) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    let form = checked_form(api, request)?;
    let account = existing(state, form.filled("mcid")?)?;
    let mut changed = account.clone();
    change(&mut changed, &form)?;
    let (info, id) = (changed.info(), changed.id.clone());
    *account = changed;
    state.publish_account(&id);
    Ok(info)
}

/// Sets the fields of an account that its users see.
fn set_profile(account: &mut Account, form: &Form) -> Result<(), Refusal> {
    form.filled("displayName")?.clone_into(&mut account.name);
    form.present("portraitUrl")?.clone_into(&mut account.portrait_url);
    form.present("introduction")?.clone_into(&mut account.introduction);
    account.ui_type = form.number("uiType")?;
    Ok(())
}
