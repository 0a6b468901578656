//! `follower`: who follows a public account.

use clap::{Args, Subcommand};
use rongcloud_callback::{Config, ids::AccountId, protocol::limits};

use crate::{calls::Options, failure::Failure, users::List};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes users follow an account, 50 in one call.
    Add(Followers),
    /// Makes users no longer follow an account, 50 in one call.
    Remove(Followers),
}

#[derive(Debug, Args)]
struct Followers {
    /// The account's id (mcid).
    account: String,
    /// The users' ids.
    #[arg(value_name = "USER", required_unless_present = "users_file")]
    users: Vec<String>,
    #[command(flatten)]
    list: List,
}

pub(crate) async fn run(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { options, command } = arguments;
    let client = options.client(config)?;
    let followers = client.followers();
    let (Command::Add(who) | Command::Remove(who)) = &command;
    let account = AccountId::from(who.account.as_str());
    who.list
        .users(&who.users)?
        .in_parts(&options, limits::FOLLOWERS, async |part| {
            let done = match &command {
                Command::Add(_) => followers.add(&account, part).await,
                Command::Remove(_) => followers.remove(&account, part).await,
            };
            done.map_err(|error| error.cause)
        })
        .await
}
