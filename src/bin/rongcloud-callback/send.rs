//! `send`: a message to users, or to all followers of a public account.

use std::io::{self, IsTerminal as _};

use clap::Args;
use rongcloud_callback::{
    Client, Config,
    client::ClientError,
    ids::UserId,
    portal::{Message, Portal},
    protocol::{Outgoing, Recipients, limits},
};
use serde_json::json;

use crate::{
    api::Api,
    api_options::ApiOptions,
    failure::Failure,
    log,
    message_arguments::{CardArguments, ContentArguments, PersonaArguments},
    prepared_message::PreparedMessage,
    terminal,
    user_list::ListArguments,
};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    /// The public account (mcid) that sends it; not needed with a file that names it (fromuser, channelId).
    #[arg(required_unless_present_any = ["news", "json_file"])]
    account: Option<String>,
    /// Sends to these users, separated by commas; several get it with one call for each 100 of them.
    #[arg(long, value_name = "USER", value_delimiter = ',')]
    to: Vec<String>,
    #[command(flatten)]
    list: ListArguments,
    /// Sends to all followers of the account, after asking: it cannot be taken back, and only one such message a day is
    /// possible.
    #[arg(long, conflicts_with_all = ["to", "users_file", "from"])]
    all: bool,
    /// Sends to all followers without asking, for scripts.
    #[arg(long, requires = "all", conflicts_with_all = ["to", "users_file", "from"])]
    yes: bool,
    #[command(flatten)]
    content: ContentArguments,
    #[command(flatten)]
    card: CardArguments,
    /// Sends through the calls for uploads (/message/send.json, /message/sendall.json) also where another would do.
    #[arg(long, conflicts_with = "portal")]
    stored: bool,
    /// Sends through the app's portal ([apps.portal]) instead of the platform's own API.
    #[arg(long)]
    portal: bool,
    #[command(flatten)]
    userinfo: PersonaArguments,
}

/// The API and the calls through which the message is sent.
enum Route {
    /// The platform's calls for contents with addresses.
    Platform(Client),
    /// The platform's calls for uploaded contents.
    Stored(Client),
    Portal(Portal),
}

pub(crate) async fn run(
    config: &Config,
    options: &ApiOptions,
    arguments: Arguments,
) -> Result<(), Failure> {
    let Arguments { account, to, list, all, yes, content, card, stored, portal, userinfo } = arguments;
    let api = if portal { Api::Portal } else { Api::Platform };
    let prepared = content.prepare(card, api, &options.section(config)?.key)?;
    let prepared = prepared.with_persona(userinfo.into_persona())?;
    let sender = prepared.parties.sender(account)?;
    let users = prepared.parties.users(list.names(&to)?, all)?;
    let route = if portal {
        Route::Portal(options.portal(config)?)
    } else if stored || prepared.parties.to_all {
        // Only the call for uploaded contents has a `filter`.
        Route::Stored(options.client(config)?)
    } else {
        Route::Platform(options.client(config)?)
    };
    let outgoing =
        |recipients| Outgoing { sender: sender.clone(), recipients, payload: prepared.payload.clone() };
    let Some(users) = users else {
        if prepared.persona.is_some() {
            let what = anyhow::anyhow!("a message to all followers cannot seem to come from a user");
            return Err(
                Failure::yours(what).hint("take userinfo out of the file, or name users with --to")
            );
        }
        let outgoing = outgoing(Recipients::Followers);
        if !(yes || options.dry_run) {
            route.confirm(&outgoing, &prepared).await?;
        }
        let sent = route.send(&outgoing, &prepared).await;
        return options.print(sent.map(|id| json!({ "msg_id": id })), |sent| {
            let id = sent["msg_id"].as_str().map(|id| format!(" as {}", terminal::line(id)));
            format!("sent to all followers{}", id.unwrap_or_default())
        });
    };
    let users = list.users(users)?;
    let recipients = |part: &[UserId]| match part {
        [user] if users.total() == 1 => Recipients::User(user.clone()),
        part => Recipients::Users(part.to_vec()),
    };
    users
        .in_parts(options, limits::RECIPIENTS, async |part| {
            route.send(&outgoing(recipients(part)), &prepared).await.map(|_| ())
        })
        .await
}

impl Route {
    /// Asks whether to send to all followers, after a dry run has shown that the message can be sent.
    async fn confirm(&self, outgoing: &Outgoing, prepared: &PreparedMessage) -> Result<(), Failure> {
        let rehearsal = match self {
            Self::Platform(client) => Self::Platform(client.clone().dry_run()),
            Self::Stored(client) => Self::Stored(client.clone().dry_run()),
            Self::Portal(portal) => Self::Portal(portal.clone().dry_run()),
        };
        match rehearsal.send(outgoing, prepared).await {
            Ok(_) | Err(ClientError::Unsent(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let account = &outgoing.sender;
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            // Scripts without a terminal are not asked: earlier versions sent without a question.
            log::print(&format!(
                "this goes to all followers of {} and cannot be taken back; nobody is here to be asked: say --yes if it is meant\n",
                terminal::line(account.as_str())
            ));
            return Ok(());
        }
        let once = match self {
            Self::Platform(_) | Self::Stored(_) => ", and only one a day is possible",
            Self::Portal(_) => "",
        };
        log::print(&format!(
            "{}\nSend this to all followers of {}? This cannot be taken back{once}. [y/N] ",
            terminal::block(&outgoing.payload.to_string()),
            terminal::line(account.as_str())
        ));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(Failure::ours)?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Failure::yours(anyhow::anyhow!("nothing was sent"))),
        }
    }

    /// Sends the message; returns the platform's id of a message to all followers.
    async fn send(
        &self,
        outgoing: &Outgoing,
        prepared: &PreparedMessage,
    ) -> Result<Option<String>, ClientError> {
        let portal = match self {
            Self::Platform(client) => {
                return client.messages().send(outgoing).await.map(|sent| sent.id);
            }
            Self::Stored(client) => {
                return client.messages().send_stored(outgoing).await.map(|sent| sent.id);
            }
            Self::Portal(portal) => portal,
        };
        let users = match &outgoing.recipients {
            Recipients::Followers => return portal.send(outgoing).await.map(|()| None),
            Recipients::User(user) => std::slice::from_ref(user),
            Recipients::Users(users) => users,
        };
        let message = match &prepared.cards {
            Some(cards) => cards.clone(),
            None => Message::try_from(&outgoing.payload)?,
        };
        let (messages, persona) = (portal.messages(), prepared.persona.as_ref());
        messages.to_users(&outgoing.sender, users, &message, persona).await.map(|()| None)
    }
}
