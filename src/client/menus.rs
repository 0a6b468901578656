//! Menus of public accounts: the calls below `/mc/menu`.

use serde::{Deserialize, Serialize};

use super::{
    answer::{CodeAnswer, InfoAnswer},
    api::Client,
};
use crate::{
    http::{error::ClientError, lenient},
    ids::{AccountId, MenuId},
    protocol::{Limit, Measure},
};

/// The limit of an entry's name.
const NAME: Limit =
    Limit { what: "menu name", measure: Measure::Characters, min: 1, max: 10, advice: "shorten it" };

/// Menus of public accounts (公众号菜单设置).
///
/// # Examples
///
/// ```no_run
/// # use rongcloud_callback::client::{Client, ClientError};
/// use rongcloud_callback::client::NewMenu;
///
/// # async fn example(client: Client) -> Result<(), ClientError> {
/// let help = client.menus().add(&NewMenu::new("news", "Help")).await?;
/// let page = NewMenu::new("news", "FAQ").opening("https://example.com/faq").below(help.id);
/// client.menus().add(&page).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Menus<'a> {
    client: &'a Client,
}

/// A menu entry that does not exist yet.
///
/// There are two levels: the entry is of level 2 if it is [`below`](Self::below) another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMenu {
    /// The account that the entry belongs to (`mcid`).
    pub account: AccountId,
    /// The text of the entry (`name`), 1 to 10 characters.
    pub name: String,
    /// The page that the entry opens (`url`); without one the entry does nothing (`type` = 0).
    pub url: Option<String>,
    /// The entry of level 1 that this one is below (`pid`).
    pub parent: Option<MenuId>,
}

impl NewMenu {
    /// An entry of level 1 that does nothing.
    pub fn new(account: impl Into<AccountId>, name: impl Into<String>) -> Self {
        Self { account: account.into(), name: name.into(), url: None, parent: None }
    }

    /// Makes the entry open a page.
    #[must_use]
    pub fn opening(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Puts the entry on level 2, below one of level 1.
    #[must_use]
    pub fn below(mut self, parent: impl Into<MenuId>) -> Self {
        self.parent = Some(parent.into());
        self
    }
}

/// A menu entry as the platform has it (`info`).
///
/// A field that the platform left out, or wrote in a form that cannot be read, is empty or 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu {
    /// The platform's number.
    #[serde(rename = "id", default, deserialize_with = "lenient::integer")]
    pub number: i64,
    /// The entry's id.
    #[serde(rename = "menuId", deserialize_with = "lenient::text")]
    pub id: MenuId,
    /// The action of the entry: 0 = none, 1 = open `url`.
    #[serde(rename = "Type", default, deserialize_with = "lenient::integer")]
    pub action: i64,
    /// The text of the entry.
    #[serde(rename = "Name", default, deserialize_with = "lenient::optional_text")]
    pub name: Option<String>,
    /// The page that the entry opens.
    #[serde(rename = "Url", default, deserialize_with = "lenient::optional_text")]
    pub url: Option<String>,
    /// The level of the entry, 1 or 2.
    #[serde(rename = "Level", default, deserialize_with = "lenient::integer")]
    pub level: i64,
    /// The entry of level 1 that this one is below; empty on level 1.
    #[serde(rename = "Pid", default, deserialize_with = "lenient::optional_text")]
    pub parent: Option<MenuId>,
    /// The account that the entry belongs to.
    #[serde(rename = "mcid", deserialize_with = "lenient::text")]
    pub account: AccountId,
    /// When the entry was changed, in the platform's own form.
    #[serde(rename = "UpdateTime", default, deserialize_with = "lenient::optional_text")]
    pub updated_at: Option<String>,
    /// When the entry was made, in the platform's own form.
    #[serde(rename = "CreateTime", default, deserialize_with = "lenient::optional_text")]
    pub created_at: Option<String>,
    /// The position among the entries of the same level.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub order: i64,
}

impl Client {
    /// Menus of public accounts (公众号菜单设置).
    pub fn menus(&self) -> Menus<'_> {
        Menus { client: self }
    }
}

impl Menus<'_> {
    /// Adds an entry to an account's menu.
    ///
    /// `POST /mc/menu/refresh.json`, 添加公众号菜单.
    ///
    /// # Errors
    ///
    /// [`ClientError::Limit`] for a name that is too long, or any other [`ClientError`].
    pub async fn add(&self, new: &NewMenu) -> Result<Menu, ClientError> {
        NAME.check(new.name.chars().count())?;
        let kind = if new.url.is_some() { "1" } else { "0" };
        let level = if new.parent.is_some() { "2" } else { "1" };
        let mut fields =
            vec![("mcid", new.account.as_str()), ("level", level), ("name", &new.name), ("type", kind)];
        fields.extend(new.url.as_deref().map(|url| ("url", url)));
        fields.extend(new.parent.as_ref().map(|parent| ("pid", parent.as_str())));
        self.client.post_form("/mc/menu/refresh.json", &fields).await.map(|InfoAnswer { info }| info)
    }

    /// Deletes an entry of an account's menu.
    ///
    /// `POST /mc/menu/delete.json`, 删除公众号菜单.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn delete(&self, account: &AccountId, menu: &MenuId) -> Result<(), ClientError> {
        let fields = [("mcid", account.as_str()), ("menuId", menu.as_str())];
        self.client.post_form("/mc/menu/delete.json", &fields).await.map(|_: CodeAnswer| ())
    }

    /// Sets the positions of entries, from 1.
    ///
    /// `POST /mc/menu/order.json`, 公众号菜单排序. A position counts among the entries of level 1, or
    /// among those below the same entry.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn reorder(&self, positions: &[(MenuId, u32)]) -> Result<(), ClientError> {
        let orders: Vec<String> = positions.iter().map(|(_, order)| order.to_string()).collect();
        let mut fields = Vec::with_capacity(2 * positions.len());
        for ((menu, _), order) in positions.iter().zip(&orders) {
            fields.extend([("menuIds", menu.as_str()), ("orders", order.as_str())]);
        }
        self.client.post_form("/mc/menu/order.json", &fields).await.map(|_: CodeAnswer| ())
    }
}
