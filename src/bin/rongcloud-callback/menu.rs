//! `menu`: the menus of public accounts.

use clap::Subcommand;
use rongcloud_callback::{
    Config,
    client::{Menu, NewMenu},
    ids::MenuId,
};
use serde_json::json;

use crate::{address::web, api_options::ApiOptions, failure::Failure, output::table};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Adds an entry to an account's menu.
    Add {
        /// The public account's id (mcid).
        account: String,
        /// The text of the entry, at most 10 characters.
        name: String,
        /// The page that the entry opens, which makes it one of type 1; without a page it does nothing, which is type 0.
        #[arg(long, value_parser = web)]
        url: Option<String>,
        /// The document's type of the entry, which --url decides: 1 opens a page, 0 does nothing.
        #[arg(long = "type", value_name = "TYPE", value_parser = clap::value_parser!(u8).range(0..=1))]
        kind: Option<u8>,
        /// The entry of level 1 below which it is on level 2; without one it is on level 1 itself.
        #[arg(long, value_name = "MENU")]
        below: Option<String>,
    },
    /// Deletes an entry of an account's menu.
    Delete {
        /// The public account's id (mcid).
        account: String,
        /// The id of the entry, as `add` prints it.
        menu: String,
    },
    /// Puts entries of one level, or below the same entry, into the order in which they are named.
    Reorder {
        /// The ids of the entries, as `add` prints them.
        #[arg(value_name = "MENU", required = true)]
        menus: Vec<String>,
    },
}

pub(crate) async fn run(config: &Config, options: &ApiOptions, command: Command) -> Result<(), Failure> {
    let client = options.client(config)?;
    let menus = client.menus();
    match command {
        Command::Add { account, name, url, kind, below } => {
            check_type(kind, url.as_deref())?;
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

/// Checks that `--type` fits `--url`: the document has a url for type 1 only (type 为 1 时有效), and an entry of type 1
/// without one would open nothing.
fn check_type(kind: Option<u8>, url: Option<&str>) -> Result<(), Failure> {
    let (what, hint) = match (kind, url) {
        (Some(0), Some(_)) => (
            "an entry of type 0 opens no page, so it has no url",
            "leave --type out, or say --type 1: an entry with --url is of type 1",
        ),
        (Some(1), None) => (
            "an entry of type 1 opens a page, and none is named",
            "name the page with --url, or leave --type out",
        ),
        _ => return Ok(()),
    };
    Err(Failure::yours(anyhow::anyhow!(what)).hint(hint))
}

/// The table that shows an entry of a menu.
fn text(menu: &Menu) -> String {
    table(&[
        ("menu", menu.id.as_str()),
        ("account", menu.account.as_str()),
        ("name", menu.name.as_deref().unwrap_or_default()),
        ("url", menu.url.as_deref().unwrap_or_default()),
        ("below", menu.parent.as_ref().map_or("", MenuId::as_str)),
    ])
}
