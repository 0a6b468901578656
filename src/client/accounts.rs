//! Public accounts: the calls `/mc/add`, `/mc/refresh`, `/mc/info` and those below `/mc/route`.

use serde::{Deserialize, Serialize};

use super::{answer::InfoAnswer, api::Client};
use crate::{
    http::{error::ClientError, lenient},
    ids::AccountId,
};

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

/// The parts of a public account that users see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The account's id (`mcid`), unique within the app.
    pub id: AccountId,
    /// The name shown to users (`displayName`).
    pub name: String,
    /// The address of the account's picture (`portraitUrl`).
    pub portrait_url: String,
    /// How the account is shown (`uiType`): 0 = in the list of conversations.
    pub ui_type: i64,
    /// A description (`introduction`).
    pub introduction: String,
}

/// A public account that does not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The parts that users see.
    pub profile: Profile,
    /// Whether every user of the app follows the account (`isFollow`).
    pub followed_by_all: bool,
    /// The address that the platform posts the account's messages and events to (`routeUrl`).
    pub route_url: String,
}

/// A public account as the platform has it (`info`).
///
/// A field that the platform left out, or wrote in a form that cannot be read, is empty, 0 or false.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the platform's own shape")]
pub struct Account {
    /// The platform's number.
    #[serde(rename = "id", default, deserialize_with = "lenient::integer")]
    pub number: i64,
    /// The account's id.
    #[serde(rename = "mcid", deserialize_with = "lenient::text")]
    pub id: AccountId,
    /// The platform's hash of the id.
    #[serde(rename = "mcidHash", default, deserialize_with = "lenient::integer")]
    pub hash: i64,
    /// A field that the document does not explain.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub fcid: i64,
    /// The name shown to users.
    #[serde(rename = "DisplayName", default, deserialize_with = "lenient::optional_text")]
    pub name: Option<String>,
    /// Whether every user of the app follows the account.
    #[serde(rename = "IsFollow", default, deserialize_with = "lenient::flag")]
    pub followed_by_all: bool,
    /// The address of the account's picture.
    #[serde(rename = "PortraitUrl", default, deserialize_with = "lenient::optional_text")]
    pub portrait_url: Option<String>,
    /// The address that the platform posts the account's messages and events to.
    #[serde(rename = "RouteUrl", default, deserialize_with = "lenient::optional_text")]
    pub route_url: Option<String>,
    /// A field that the document does not explain.
    #[serde(rename = "FuncRouteUrl", default, deserialize_with = "lenient::optional_text")]
    pub func_route_url: Option<String>,
    /// How the account is shown: 0 = in the list of conversations.
    #[serde(rename = "uiType", default, deserialize_with = "lenient::integer")]
    pub ui_type: i64,
    /// Whether the platform posts the account's messages and events.
    #[serde(rename = "isRouteOpen", default, deserialize_with = "lenient::flag")]
    pub route_open: bool,
    /// A field that the document does not explain.
    #[serde(rename = "IsAuthorization", default, deserialize_with = "lenient::flag")]
    pub is_authorization: bool,
    /// A field that the document does not explain.
    #[serde(rename = "IsGetUserInfo", default, deserialize_with = "lenient::flag")]
    pub is_get_user_info: bool,
    /// A description.
    #[serde(rename = "Introduction", default, deserialize_with = "lenient::optional_text")]
    pub introduction: Option<String>,
    /// A field that the document does not explain.
    #[serde(rename = "isCustom", default, deserialize_with = "lenient::flag")]
    pub is_custom: bool,
}

impl Account {
    /// An account of which only the id is known.
    fn with_id(id: &AccountId) -> Self {
        Self {
            number: 0,
            id: id.clone(),
            hash: 0,
            fcid: 0,
            name: None,
            followed_by_all: false,
            portrait_url: None,
            route_url: None,
            func_route_url: None,
            ui_type: 0,
            route_open: false,
            is_authorization: false,
            is_get_user_info: false,
            introduction: None,
            is_custom: false,
        }
    }

    /// An account of which only the parts that users see are known.
    fn with_profile(profile: &Profile) -> Self {
        Self {
            name: Some(profile.name.clone()),
            portrait_url: Some(profile.portrait_url.clone()),
            ui_type: profile.ui_type,
            introduction: Some(profile.introduction.clone()),
            ..Self::with_id(&profile.id)
        }
    }
}

impl Client {
    /// Public accounts (应用公众号设置).
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts { client: self }
    }
}

impl Accounts<'_> {
    /// Creates an account.
    ///
    /// `POST /mc/add.json`, 创建应用公众号.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn create(&self, new: &NewAccount) -> Result<Account, ClientError> {
        let ui_type = new.profile.ui_type.to_string();
        let mut fields = self.profile_fields(&new.profile, &ui_type);
        fields.push(("isFollow", flag(new.followed_by_all)));
        fields.push(("routeUrl", &new.route_url));
        let requested = || Account {
            followed_by_all: new.followed_by_all,
            route_url: Some(new.route_url.clone()),
            ..Account::with_profile(&new.profile)
        };
        self.change("/mc/add.json", &fields, requested).await
    }

    /// Changes the parts of an account that users see.
    ///
    /// `POST /mc/refresh.json`, 修改应用公众号信息.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn update(&self, profile: &Profile) -> Result<Account, ClientError> {
        let ui_type = profile.ui_type.to_string();
        let requested = || Account::with_profile(profile);
        self.change("/mc/refresh.json", &self.profile_fields(profile, &ui_type), requested).await
    }

    /// Looks an account up.
    ///
    /// `POST /mc/info.json`, 查询应用公众号信息.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn show(&self, account: &AccountId) -> Result<Account, ClientError> {
        self.call("/mc/info.json", &self.account_fields(account)).await
    }

    /// Sets the address that the platform posts an account's messages and events to.
    ///
    /// `POST /mc/route/setUrl.json`, 设置应用公众号路由地址.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn set_route(&self, account: &AccountId, route_url: &str) -> Result<Account, ClientError> {
        let [id, app] = self.account_fields(account);
        let requested =
            || Account { route_url: Some(route_url.to_owned()), ..Account::with_id(account) };
        self.change("/mc/route/setUrl.json", &[id, app, ("routeUrl", route_url)], requested).await
    }

    /// Switches the posting of an account's messages and events on or off.
    ///
    /// `POST /mc/route/setSwitch.json`, 设置应用公众号路由开关.
    ///
    /// # Errors
    ///
    /// See [`ClientError`].
    pub async fn switch_route(&self, account: &AccountId, open: bool) -> Result<Account, ClientError> {
        let [id, app] = self.account_fields(account);
        let requested = || Account { route_open: open, ..Account::with_id(account) };
        self.change("/mc/route/setSwitch.json", &[id, app, ("isOpen", flag(open))], requested).await
    }

    fn account_fields<'f>(&'f self, account: &'f AccountId) -> [(&'f str, &'f str); 2] {
        [("mcid", account.as_str()), ("RC-App-Key", self.client.app().as_str())]
    }

    fn profile_fields<'f>(&'f self, profile: &'f Profile, ui_type: &'f str) -> Vec<(&'f str, &'f str)> {
        vec![
            ("mcid", profile.id.as_str()),
            ("displayName", &profile.name),
            ("portraitUrl", &profile.portrait_url),
            ("uiType", ui_type),
            ("introduction", &profile.introduction),
            ("RC-App-Key", self.client.app().as_str()),
        ]
    }

    /// Makes a call that changes an account. `requested` is what is known of the account if the answer says only that the
    /// call was carried out.
    async fn change(
        &self,
        path: &'static str,
        fields: &[(&str, &str)],
        requested: impl Fn() -> Account,
    ) -> Result<Account, ClientError> {
        match self.call(path, fields).await {
            Err(ClientError::Incomplete(_)) => Ok(requested()),
            result => result,
        }
    }

    async fn call(&self, path: &'static str, fields: &[(&str, &str)]) -> Result<Account, ClientError> {
        self.client.post_form(path, fields).await.map(|InfoAnswer { info }| info)
    }
}

fn flag(on: bool) -> &'static str {
    if on { "true" } else { "false" }
}
