//! `follower`: the followers of a public account.

use clap::{Args, Subcommand};
use rongcloud_callback::{Config, ids::AccountId, protocol::limits};

use crate::{api_options::ApiOptions, failure::Failure, user_list::ListArguments};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes users follow an account, with one call for each 50 of them.
    Add(Followers),
    /// Makes users no longer follow an account, with one call for each 50 of them.
    Remove(Followers),
}

#[derive(Debug, Args)]
pub(crate) struct Followers {
    /// The public account's id (mcid).
    account: String,
    /// The ids of the users.
    #[arg(value_name = "USER", required_unless_present = "users_file")]
    users: Vec<String>,
    #[command(flatten)]
    list: ListArguments,
}

pub(crate) async fn run(config: &Config, options: &ApiOptions, command: Command) -> Result<(), Failure> {
    let client = options.client(config)?;
    let followers = client.followers();
    let (Command::Add(arguments) | Command::Remove(arguments)) = &command;
    let account = AccountId::from(arguments.account.as_str());
    let names = arguments.list.names(&arguments.users)?;
    arguments
        .list
        .users(names)?
        .in_parts(options, limits::FOLLOWERS, async |part| {
            let done = match &command {
                Command::Add(_) => followers.add(&account, part).await,
                Command::Remove(_) => followers.remove(&account, part).await,
            };
            done.map_err(|error| error.cause)
        })
        .await
}
