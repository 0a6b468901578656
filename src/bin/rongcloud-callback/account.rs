//! `account`: the public accounts of an app.

use clap::{Args, Subcommand, ValueEnum};
use rongcloud_callback::{
    Config,
    client::{Account, NewAccount, Profile},
};

use crate::{
    calls::{Options, table},
    failure::Failure,
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Creates an account.
    Create {
        #[command(flatten)]
        profile: ProfileArguments,
        /// Where the platform posts what users write to it: the routeUrl.
        #[arg(long, value_name = "URL")]
        route_url: String,
        /// Every user of the app follows it.
        #[arg(long)]
        followed_by_all: bool,
    },
    /// Changes what users see of an account, all of it.
    Update(ProfileArguments),
    /// Prints an account as the platform has it.
    Show {
        /// The account's id (mcid).
        account: String,
    },
    /// Says where the platform posts what users write to an account.
    SetRoute {
        /// The account's id (mcid).
        account: String,
        /// The routeUrl: the address of a callback server and the path of the app.
        url: String,
    },
    /// Switches that posting on or off.
    Route {
        /// Whether the platform posts.
        switch: Switch,
        /// The account's id (mcid).
        account: String,
    },
}

#[derive(Debug, Args)]
struct ProfileArguments {
    /// The account's id (mcid), unique within the app.
    account: String,
    /// The name that users see.
    #[arg(long)]
    name: String,
    /// The address of its picture.
    #[arg(long, value_name = "URL")]
    portrait_url: String,
    /// A description.
    #[arg(long, value_name = "TEXT")]
    introduction: String,
    /// How it is shown; 0 is in the list of conversations.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    ui_type: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Switch {
    On,
    Off,
}

pub(crate) async fn run(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { options, command } = arguments;
    let client = options.client(config)?;
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

fn text(account: &Account) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_default();
    let route = if account.route_open { "on" } else { "off" };
    let followers = if account.followed_by_all { "every user of the app" } else { "who follows it" };
    table(&[
        ("account", account.id.as_str()),
        ("name", &or_none(&account.name)),
        ("followers", followers),
        ("route", &format!("{route}, {}", or_none(&account.route_url))),
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
