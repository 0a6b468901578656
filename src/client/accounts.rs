//! Public accounts: the calls `/mc/add`, `/mc/refresh`, `/mc/info` and those below `/mc/route`.

use serde::{Deserialize, Serialize};

use super::{Client, ClientError, request::Answered};
use crate::ids::AccountId;

/// Public accounts (应用公众号设置).
///
/// # Examples
///
/// ```no_run
/// # use rongcloud_callback::client::{Client, ClientError};
/// # async fn example(client: Client) -> Result<(), ClientError> {
/// let account = client.accounts().set_route(&"news".into(), "https://bot.example.com/callback").await?;
/// if !account.route_open {
///     client.accounts().switch_route(&"news".into(), true).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Accounts<'a> {
    client: &'a Client,
}

/// What users see of a public account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The account's id (`mcid`), unique within the app.
    pub id: AccountId,
    /// The name shown to users (`displayName`).
    pub name: String,
    /// The address of its picture (`portraitUrl`).
    pub portrait_url: String,
    /// How it is shown (`uiType`): 0 = in the list of conversations.
    pub ui_type: i64,
    /// A description (`introduction`).
    pub introduction: String,
}

/// A public account that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// What users see of it.
    pub profile: Profile,
    /// Whether every user of the app follows it (`isFollow`).
    pub followed_by_all: bool,
    /// Where the platform posts what users write to it (`routeUrl`).
    pub route_url: String,
}

/// A public account as the platform has it (`info`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the platform's own shape")]
pub struct Account {
    /// The platform's number.
    #[serde(rename = "id", default)]
    pub number: i64,
    /// The account's id.
    #[serde(rename = "mcid")]
    pub id: AccountId,
    /// The platform's hash of the id.
    #[serde(rename = "mcidHash", default)]
    pub hash: i64,
    /// Not explained by the document.
    #[serde(default)]
    pub fcid: i64,
    /// The name shown to users.
    #[serde(rename = "DisplayName", default)]
    pub name: Option<String>,
    /// Whether every user of the app follows it.
    #[serde(rename = "IsFollow", default)]
    pub followed_by_all: bool,
    /// The address of its picture.
    #[serde(rename = "PortraitUrl", default)]
    pub portrait_url: Option<String>,
    /// Where the platform posts what users write to it.
    #[serde(rename = "RouteUrl", default)]
    pub route_url: Option<String>,
    /// Not explained by the document.
    #[serde(rename = "FuncRouteUrl", default)]
    pub func_route_url: Option<String>,
    /// How it is shown: 0 = in the list of conversations.
    #[serde(rename = "uiType", default)]
    pub ui_type: i64,
    /// Whether the platform posts what users write to it.
    #[serde(rename = "isRouteOpen", default)]
    pub route_open: bool,
    /// Not explained by the document.
    #[serde(rename = "IsAuthorization", default)]
    pub is_authorization: bool,
    /// Not explained by the document.
    #[serde(rename = "IsGetUserInfo", default)]
    pub is_get_user_info: bool,
    /// A description.
    #[serde(rename = "Introduction", default)]
    pub introduction: Option<String>,
    /// Not explained by the document.
    #[serde(rename = "isCustom", default)]
    pub is_custom: bool,
}

impl<'a> Accounts<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// Creates an account.
    ///
    /// `POST /mc/add.json`, 创建应用公众号.
    ///
    /// # Errors
    ///
    /// What went wrong on the way.
    pub async fn create(&self, new: &NewAccount) -> Result<Account, ClientError> {
        let ui_type = new.profile.ui_type.to_string();
        let mut fields = self.profile(&new.profile, &ui_type);
        fields.push(("isFollow", flag(new.followed_by_all)));
        fields.push(("routeUrl", &new.route_url));
        self.call("/mc/add.json", &fields).await
    }

    /// Changes what users see of an account.
    ///
    /// `POST /mc/refresh.json`, 修改应用公众号信息.
    ///
    /// # Errors
    ///
    /// What went wrong on the way.
    pub async fn update(&self, profile: &Profile) -> Result<Account, ClientError> {
        let ui_type = profile.ui_type.to_string();
        self.call("/mc/refresh.json", &self.profile(profile, &ui_type)).await
    }

    /// Looks an account up.
    ///
    /// `POST /mc/info.json`, 查询应用公众号信息.
    ///
    /// # Errors
    ///
    /// What went wrong on the way.
    pub async fn show(&self, account: &AccountId) -> Result<Account, ClientError> {
        self.call("/mc/info.json", &self.account(account)).await
    }

    /// Says where the platform posts what users write to an account.
    ///
    /// `POST /mc/route/setUrl.json`, 设置应用公众号路由地址.
    ///
    /// # Errors
    ///
    /// What went wrong on the way.
    pub async fn set_route(&self, account: &AccountId, route_url: &str) -> Result<Account, ClientError> {
        let [account, app] = self.account(account);
        self.call("/mc/route/setUrl.json", &[account, app, ("routeUrl", route_url)]).await
    }

    /// Switches on or off that the platform posts what users write to an account.
    ///
    /// `POST /mc/route/setSwitch.json`, 设置应用公众号路由开关.
    ///
    /// # Errors
    ///
    /// What went wrong on the way.
    pub async fn switch_route(&self, account: &AccountId, open: bool) -> Result<Account, ClientError> {
        let [account, app] = self.account(account);
        self.call("/mc/route/setSwitch.json", &[account, app, ("isOpen", flag(open))]).await
    }

    fn account<'f>(&'f self, account: &'f AccountId) -> [(&'f str, &'f str); 2] {
        [("mcid", account.as_str()), ("RC-App-Key", self.client.app().as_str())]
    }

    fn profile<'f>(&'f self, profile: &'f Profile, ui_type: &'f str) -> Vec<(&'f str, &'f str)> {
        vec![
            ("mcid", profile.id.as_str()),
            ("displayName", &profile.name),
            ("portraitUrl", &profile.portrait_url),
            ("uiType", ui_type),
            ("introduction", &profile.introduction),
            ("RC-App-Key", self.client.app().as_str()),
        ]
    }

    async fn call(&self, path: &'static str, fields: &[(&str, &str)]) -> Result<Account, ClientError> {
        self.client.post_form(path, fields).await.map(|Answered { info }| info)
    }
}

fn flag(on: bool) -> &'static str {
    if on { "true" } else { "false" }
}
