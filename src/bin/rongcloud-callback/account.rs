//! `account`: the public accounts of an app.

use clap::{Args, Subcommand, ValueEnum};
use rongcloud_callback::{
    Config,
    client::{Account, NewAccount, Profile},
    config::AppSection,
};

use crate::{
    address::{self, Reach, web},
    api_options::ApiOptions,
    failure::Failure,
    log,
    output::table,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Creates a public account.
    Create {
        #[command(flatten)]
        profile: ProfileArguments,
        /// The address to which the platform posts what users write to the account (routeUrl).
        #[arg(long, value_name = "URL", value_parser = web)]
        route_url: String,
        /// Makes every user of the app follow the account (isFollow).
        #[arg(long)]
        followed_by_all: bool,
    },
    /// Changes what users see of an account: its name, picture, introduction and type, all of them.
    Update(ProfileArguments),
    /// Prints an account as the platform has it.
    Show {
        /// The public account's id (mcid).
        account: String,
    },
    /// Sets the address to which the platform posts what users write to an account.
    SetRoute {
        /// The public account's id (mcid).
        account: String,
        /// The address of a callback server and the path of the app (routeUrl).
        #[arg(value_parser = web)]
        url: String,
    },
    /// Switches on or off whether the platform posts what users write to an account.
    Route {
        /// Whether the platform posts it.
        switch: Switch,
        /// The public account's id (mcid).
        account: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ProfileArguments {
    /// The public account's id (mcid), unique within the app.
    account: String,
    /// The name that users see.
    #[arg(long)]
    name: String,
    /// The address of the account's picture.
    #[arg(long, value_name = "URL", value_parser = web)]
    portrait_url: String,
    /// A description of the account.
    #[arg(long, value_name = "TEXT")]
    introduction: String,
    /// How the account is shown (uiType); 0 is in the list of conversations.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    ui_type: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

pub(crate) async fn run(config: &Config, options: &ApiOptions, command: Command) -> Result<(), Failure> {
    let client = options.client(config)?;
    if let Command::Create { route_url: url, .. } | Command::SetRoute { url, .. } = &command {
        warn_of_unreachable(options.section(config)?, url);
    }
    let accounts = client.accounts();
    let account = match command {
        Command::Create { profile, route_url, followed_by_all } => {
            let profile = profile.into();
            accounts.create(&NewAccount { profile, followed_by_all, route_url }).await
        }
        Command::Update(profile) => accounts.update(&profile.into()).await,
        Command::Show { account } => accounts.show(&account.into()).await,
        Command::SetRoute { account, url } => accounts.set_route(&account.into(), &url).await,
        Command::Route { switch, account } => {
            accounts.switch_route(&account.into(), switch == Switch::On).await
        }
    };
    options.print(account, text)
}

/// Warns of an address that cannot be opened from where the platform is.
fn warn_of_unreachable(app: &AppSection, route_url: &str) {
    let Ok(url) = address::check(route_url) else { return };
    let reach = Reach::of(&url);
    // A platform on this machine, such as the sandbox, or in this network reaches addresses that others do not.
    let Some(api) = app.api_urls.iter().find(|api| Reach::of(api) > reach) else { return };
    log::warn(&format!(
        "the platform at {api} cannot post to {route_url}, which can be opened {}: name an address that it reaches",
        reach.limit()
    ));
}

/// The table that shows an account.
fn text(account: &Account) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    let route = if account.route_open { "on" } else { "off" };
    let route_url = account.route_url.as_deref().filter(|url| !url.is_empty());
    let followers =
        if account.followed_by_all { "every user of the app" } else { "not every user of the app" };
    table(&[
        ("account", account.id.as_str()),
        ("name", &or_none(&account.name)),
        ("followers", followers),
        ("route", &format!("{route}, {}", route_url.unwrap_or("no routeUrl is set"))),
        ("portrait", &or_none(&account.portrait_url)),
        ("introduction", &or_none(&account.introduction)),
    ])
}

impl From<ProfileArguments> for Profile {
    fn from(arguments: ProfileArguments) -> Self {
        let ProfileArguments { account, name, portrait_url, introduction, ui_type } = arguments;
        Self { id: account.into(), name, portrait_url, ui_type, introduction }
    }
}
