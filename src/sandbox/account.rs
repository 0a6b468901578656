//! A public account: its profile, its route, its followers, and its menu of two levels.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    clock::UnixMillis,
    ids::{MenuId, UserId},
};

/// The largest number of an account's menu entries.
pub(super) const MAX_MENU_ENTRIES: usize = 50;

const DAY_MS: i64 = 86_400_000;
/// The document counts natural days (按自然天计算); the platform's are those of Beijing, eight hours ahead.
const BEIJING_MS: i64 = 8 * 3_600_000;

/// A public account.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    pub(super) id: String,
    /// The number that the documents call `id`.
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) portrait_url: String,
    pub(super) ui_type: i64,
    pub(super) introduction: String,
    pub(super) followed_by_all: bool,
    pub(super) route_url: String,
    pub(super) route_open: bool,
    pub(super) followers: BTreeSet<String>,
    pub(super) menu: Vec<MenuEntry>,
    /// The day of the last message to all followers, counted from 1970.
    pub(super) broadcast_day: Option<i64>,
}

/// An entry of an account's menu.
#[derive(Debug, Clone)]
pub(super) struct MenuEntry {
    pub(super) id: MenuId,
    /// The number that the documents call `id`.
    pub(super) number: u64,
    /// 0 = nothing, 1 = opens `url`.
    pub(super) action: i64,
    pub(super) name: String,
    pub(super) url: String,
    /// The entry of level 1 above this one; none for an entry of level 1.
    pub(super) parent: Option<MenuId>,
    pub(super) order: i64,
}

impl Account {
    /// The account as the documents print it.
    pub(super) fn info(&self) -> Value {
        json!({ "info": {
            "id": self.number,
            "mcid": self.id,
            "mcidHash": 0,
            "fcid": 0,
            "DisplayName": self.name,
            "IsFollow": self.followed_by_all,
            "PortraitUrl": self.portrait_url,
            "RouteUrl": self.route_url,
            "FuncRouteUrl": "",
            "uiType": self.ui_type,
            "isRouteOpen": self.route_open,
            "IsAuthorization": false,
            "IsGetUserInfo": true,
            "Introduction": self.introduction,
            "isCustom": false,
        } })
    }

    /// The account as the page shows it.
    pub(super) fn view(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "portrait_url": self.portrait_url,
            "introduction": self.introduction,
            "followed_by_all": self.followed_by_all,
            "followers": self.followers,
            "route_url": self.route_url,
            "route_open": self.route_open,
            "menu": self.menu_view(),
        })
    }

    fn menu_view(&self) -> Vec<Value> {
        let view = |entry: &MenuEntry| {
            let url = (entry.action == 1).then_some(&entry.url);
            json!({ "id": entry.id, "name": entry.name, "url": url })
        };
        let with_children = |entry: &MenuEntry| {
            let mut parent = view(entry);
            parent["children"] = self.level(Some(&entry.id)).into_iter().map(view).collect();
            parent
        };
        self.level(None).into_iter().map(with_children).collect()
    }

    /// The entries below `parent`, in the order in which they are shown.
    fn level(&self, parent: Option<&MenuId>) -> Vec<&MenuEntry> {
        let mut entries: Vec<_> =
            self.menu.iter().filter(|entry| entry.parent.as_ref() == parent).collect();
        entries.sort_by_key(|entry| (entry.order, entry.number));
        entries
    }

    /// Makes `user` follow the account, or no longer follow it.
    pub(super) fn set_follower(&mut self, user: &UserId, follows: bool) {
        if follows {
            self.followers.insert(user.to_string());
        } else {
            self.followers.remove(user.as_str());
        }
    }

    /// Uses up this day's message to all followers; false if it was used up before.
    pub(super) fn take_broadcast(&mut self, now: UnixMillis) -> bool {
        let day = (now.0 + BEIJING_MS).div_euclid(DAY_MS);
        self.broadcast_day.replace(day) != Some(day)
    }
}

impl MenuEntry {
    /// The entry as the documents print it.
    pub(super) fn info(&self, account: &str) -> Value {
        json!({ "info": {
            "id": self.number,
            "menuId": self.id,
            "Type": self.action,
            "Name": self.name,
            "Url": self.url,
            "Level": if self.parent.is_some() { 2 } else { 1 },
            "Pid": self.parent.as_ref().map_or("", MenuId::as_str),
            "mcid": account,
            "UpdateTime": null,
            "CreateTime": null,
            "order": self.order,
        } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_natural_day_begins_at_midnight_in_beijing() {
        let mut account = Account::default();
        let before = UnixMillis(1_760_025_599_000); // 2025-10-09 23:59:59 there
        assert!(account.take_broadcast(before));
        assert!(!account.take_broadcast(before.plus(std::time::Duration::from_millis(999))));
        assert!(account.take_broadcast(before.plus(std::time::Duration::from_secs(1))));
    }
}
