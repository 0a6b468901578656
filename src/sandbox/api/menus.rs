//! The menu calls: `/mc/menu/…` (公众号菜单设置).

use serde_json::Value;

use super::{accounts, answer::Refusal, fields::Form, request::ApiRequest};
use crate::{
    ids::MenuId,
    sandbox::{
        account::{Account, MAX_MENU_ENTRIES, MenuEntry},
        state::State,
    },
};

/// The largest length of a name, in characters (最多不超过 10 个字符).
const MAX_NAME: usize = 10;

/// Adds an entry (添加公众号菜单).
pub(super) fn refresh(state: &mut State, request: &ApiRequest) -> Result<Value, Refusal> {
    let form = request.form();
    let number = state.next_number();
    let account = accounts::existing(state, form.filled("mcid")?)?;
    if account.menu.len() == MAX_MENU_ENTRIES {
        return Err(Refusal::parameter(format!(
            "an account holds {MAX_MENU_ENTRIES} menu entries here"
        )));
    }
    let entry = read_entry(account, &form, number)?;
    let (info, id) = (entry.info(&account.id), account.id.clone());
    account.menu.push(entry);
    state.publish_account(&id);
    Ok(info)
}

/// The new entry that a call describes.
fn read_entry(account: &Account, form: &Form, number: u64) -> Result<MenuEntry, Refusal> {
    let name = form.filled("name")?;
    if name.chars().count() > MAX_NAME {
        return Err(Refusal::parameter(format!("name has more than {MAX_NAME} characters")));
    }
    let url = form.optional("url")?;
    let action = match (form.filled("type")?, url) {
        ("0", _) => 0,
        ("1", "") => return Err(Refusal::parameter("an entry of type 1 needs a url")),
        ("1", _) => 1,
        _ => return Err(Refusal::parameter("type is neither 0 nor 1")),
    };
    let parent = match form.filled("level")? {
        "1" => None,
        "2" => Some(find_parent(account, form.filled("pid")?)?),
        _ => return Err(Refusal::parameter("level is neither 1 nor 2")),
    };
    let id = MenuId::new(format!("{:032x}", rand::random::<u128>()));
    Ok(MenuEntry { id, number, action, name: name.to_owned(), url: url.to_owned(), parent, order: 0 })
}

/// The id of the entry of level 1 that a call names.
fn find_parent(account: &Account, id: &str) -> Result<MenuId, Refusal> {
    let is_parent = |entry: &&MenuEntry| entry.parent.is_none() && entry.id.as_str() == id;
    account
        .menu
        .iter()
        .find(is_parent)
        .map(|entry| entry.id.clone())
        .ok_or_else(|| Refusal::parameter(format!("the account has no entry {id} of level 1")))
}

/// Deletes an entry with all entries below it (删除公众号菜单).
pub(super) fn delete(state: &mut State, request: &ApiRequest) -> Result<Value, Refusal> {
    let form = request.form();
    let account = accounts::existing(state, form.filled("mcid")?)?;
    let id = MenuId::from(form.filled("menuId")?);
    if !account.menu.iter().any(|entry| entry.id == id) {
        return Err(Refusal::parameter(format!("the account has no menu entry {id}")));
    }
    account.menu.retain(|entry| entry.id != id && entry.parent.as_ref() != Some(&id));
    let id = account.id.clone();
    state.publish_account(&id);
    Ok(Value::Null)
}

/// Sorts entries (公众号菜单排序) by pairs of `menuIds` and `orders`.
pub(super) fn order(state: &mut State, request: &ApiRequest) -> Result<Value, Refusal> {
    let form = request.form();
    let ids: Vec<_> = form.all("menuIds").collect();
    let orders: Vec<_> = form.all("orders").collect();
    if ids.is_empty() || ids.len() != orders.len() {
        return Err(Refusal::parameter("menuIds and orders come in pairs"));
    }
    let orders = orders.into_iter().map(str::parse).collect::<Result<Vec<i64>, _>>();
    let orders = orders.map_err(|_| Refusal::parameter("orders are whole numbers"))?;
    let is_known = |id: &str| state.accounts.iter().any(|account| has_entry(account, id));
    if let Some(unknown) = ids.iter().find(|id| !is_known(id)) {
        return Err(Refusal::parameter(format!("there is no menu entry {unknown}")));
    }
    for entry in state.accounts.iter_mut().flat_map(|account| &mut account.menu) {
        if let Some(at) = ids.iter().position(|id| *id == entry.id.as_str()) {
            entry.order = orders[at];
        }
    }
    state.publish_accounts(|account| ids.iter().any(|id| has_entry(account, id)));
    Ok(Value::Null)
}

fn has_entry(account: &Account, id: &str) -> bool {
    account.menu.iter().any(|entry| entry.id.as_str() == id)
}
