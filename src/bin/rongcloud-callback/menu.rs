//! `menu`: the menus of public accounts.

use clap::{Args, Subcommand};
use rongcloud_callback::{
    Config,
    client::{Menu, NewMenu},
    ids::MenuId,
};
use serde_json::json;

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
    /// Adds an entry to an account's menu.
    Add {
        /// The account's id (mcid).
        account: String,
        /// What the entry says, at most 10 characters.
        name: String,
        /// The page that it opens; without one it does nothing.
        #[arg(long)]
        url: Option<String>,
        /// The entry of level 1 that it is below; without one it is of level 1 itself.
        #[arg(long, value_name = "MENU")]
        below: Option<String>,
    },
    /// Deletes an entry of an account's menu.
    Delete {
        /// The account's id (mcid).
        account: String,
        /// The entry's id, as `add` prints it.
        menu: String,
    },
    /// Puts entries of one level, or below the same entry, into the order in which they are named.
    Reorder {
        /// The entries' ids, as `add` prints them.
        #[arg(value_name = "MENU", required = true)]
        menus: Vec<String>,
    },
}

pub(crate) async fn run(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { options, command } = arguments;
    let client = options.client(config)?;
    let menus = client.menus();
    match command {
        Command::Add { account, name, url, below } => {
            let new = NewMenu { account: account.into(), name, url, parent: below.map(MenuId::from) };
            options.print(menus.add(&new).await, text)
        }
        Command::Delete { account, menu } => {
            let deleted = menus.delete(&account.into(), &menu.as_str().into()).await;
            options.print(deleted.map(|()| json!({ "deleted": menu })), |_| format!("{menu} is deleted"))
        }
        Command::Reorder { menus: ids } => {
            let positions: Vec<(MenuId, u32)> = ids.into_iter().map(MenuId::from).zip(1..).collect();
            let reordered = menus.reorder(&positions).await;
            let count = positions.len();
            options.print(reordered.map(|()| json!({ "reordered": count })), |_| {
                format!("{count} entries are in their new order")
            })
        }
    }
}

fn text(menu: &Menu) -> String {
    table(&[
        ("menu", menu.id.as_str()),
        ("account", menu.account.as_str()),
        ("name", menu.name.as_deref().unwrap_or_default()),
        ("url", menu.url.as_deref().unwrap_or_default()),
        ("below", menu.parent.as_ref().map_or("", MenuId::as_str)),
    ])
}
