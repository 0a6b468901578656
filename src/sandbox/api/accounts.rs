//! The account calls: `/mc/add`, `/mc/refresh`, `/mc/info`, `/mc/route/…` (应用公众号设置).

use serde_json::Value;

use super::{
    Refusal,
    asked::{Asked, Form},
};
use crate::sandbox::{
    account::Account,
    platform::Platform,
    state::{MOST_ACCOUNTS, State},
};

/// Creates an account (创建应用公众号); the same `mcid` twice is refused.
pub(super) fn add(state: &mut State, platform: &Platform, asked: &Asked) -> Result<Value, Refusal> {
    let form = own_form(platform, asked)?;
    let id = form.filled("mcid")?.to_owned();
    if state.account(&id).is_some() {
        return Err(Refusal::parameter(format!("the mcid {id} exists already")));
    }
    if state.accounts.len() == MOST_ACCOUNTS {
        return Err(Refusal::parameter(format!("this sandbox holds {MOST_ACCOUNTS} accounts")));
    }
    let mut account = Account { id: id.clone(), route_open: true, ..Account::default() };
    account.followed_by_all = form.flag("isFollow")?;
    form.present("routeUrl")?.clone_into(&mut account.route_url);
    set_profile(&mut account, &form)?;
    account.number = state.number();
    let info = account.info();
    state.accounts.push(account);
    state.publish_account(&id);
    Ok(info)
}

/// Changes an account (修改应用公众号信息).
pub(super) fn refresh(state: &mut State, platform: &Platform, asked: &Asked) -> Result<Value, Refusal> {
    change(state, platform, asked, set_profile)
}

/// Looks an account up (查询应用公众号信息).
pub(super) fn info(state: &mut State, platform: &Platform, asked: &Asked) -> Result<Value, Refusal> {
    let form = own_form(platform, asked)?;
    Ok(existing(state, form.filled("mcid")?)?.info())
}

/// Says where messages go (设置应用公众号路由地址).
pub(super) fn set_url(state: &mut State, platform: &Platform, asked: &Asked) -> Result<Value, Refusal> {
    change(state, platform, asked, |account, form| {
        form.filled("routeUrl")?.clone_into(&mut account.route_url);
        Ok(())
    })
}

/// Says whether they do (设置应用公众号路由开关).
pub(super) fn set_switch(
    state: &mut State,
    platform: &Platform,
    asked: &Asked,
) -> Result<Value, Refusal> {
    change(state, platform, asked, |account, form| {
        account.route_open = form.flag("isOpen")?;
        Ok(())
    })
}

/// The account called `id`.
pub(super) fn existing<'s>(state: &'s mut State, id: &str) -> Result<&'s mut Account, Refusal> {
    state.account(id).ok_or_else(|| Refusal::parameter(format!("there is no account {id}")))
}

/// The form of a call, whose App Key must be the caller's.
fn own_form(platform: &Platform, asked: &Asked) -> Result<Form, Refusal> {
    let form = asked.form();
    if form.filled("RC-App-Key")? == platform.app_key.as_str() {
        return Ok(form);
    }
    Err(Refusal::parameter("the field RC-App-Key is not the App Key that the call is signed for"))
}

/// Changes a copy, so that a call which is refused has changed nothing.
fn change(
    state: &mut State,
    platform: &Platform,
    asked: &Asked,
    change: impl FnOnce(&mut Account, &Form) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    let form = own_form(platform, asked)?;
    let account = existing(state, form.filled("mcid")?)?;
    let mut changed = account.clone();
    change(&mut changed, &form)?;
    let (info, id) = (changed.info(), changed.id.clone());
    *account = changed;
    state.publish_account(&id);
    Ok(info)
}

fn set_profile(account: &mut Account, form: &Form) -> Result<(), Refusal> {
    form.filled("displayName")?.clone_into(&mut account.name);
    form.present("portraitUrl")?.clone_into(&mut account.portrait_url);
    form.present("introduction")?.clone_into(&mut account.introduction);
    account.ui_type = form.number("uiType")?;
    Ok(())
}
