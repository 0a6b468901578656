//! A message that is ready to be sent, with the sender and the recipients that its file names.

use std::collections::HashSet;

use rongcloud_callback::{
    Payload,
    ids::{AccountId, UserId},
    portal::{Message, Persona},
};

use crate::failure::Failure;

/// A message that is ready to be sent.
#[derive(Debug)]
pub(crate) struct PreparedMessage {
    pub(crate) payload: Payload,
    /// The message with cards whose links only the portal has.
    pub(crate) cards: Option<Message>,
    /// The seeming sender of a message through the portal: a user.
    pub(crate) persona: Option<Persona>,
    /// The sender and the recipients, as far as a file names them.
    pub(crate) parties: Parties,
}

impl From<Payload> for PreparedMessage {
    fn from(payload: Payload) -> Self {
        Self { payload, cards: None, persona: None, parties: Parties::default() }
    }
}

impl From<Message> for PreparedMessage {
    fn from(cards: Message) -> Self {
        Self { cards: Some(cards.clone()), ..Payload::from(&cards).into() }
    }
}

impl PreparedMessage {
    /// Adds the seeming sender that the flags name, if they name one.
    pub(crate) fn with_persona(self, named: Option<Persona>) -> Result<Self, Failure> {
        if named.is_some() && self.persona.is_some() && named != self.persona {
            let what = anyhow::anyhow!("the file's userinfo is another one than that of --userinfo-id");
            return Err(Failure::yours(what).hint("leave one of them out"));
        }
        Ok(Self { persona: named.or(self.persona), ..self })
    }
}

/// The sender and the recipients in a file's body, as far as it names them.
#[derive(Debug, Default)]
pub(crate) struct Parties {
    /// The public account that sends the message (`fromuser`, `channelId`).
    pub(crate) sender: Option<AccountId>,
    /// The users who get the message (`touser`, `toUserId`); empty if the body names none.
    pub(crate) users: Vec<UserId>,
    /// Whether the message is for all followers (`filter`).
    pub(crate) to_all: bool,
}

impl Parties {
    /// The account that sends; if both the command and the file name one, they must name the same.
    pub(crate) fn sender(&self, named: Option<String>) -> Result<AccountId, Failure> {
        match (named.map(AccountId::from), &self.sender) {
            (Some(named), Some(told)) if named != *told => Err(Failure::yours(anyhow::anyhow!(
                "the file is from the account {told}, and the command names {named}"
            ))
            .hint("name the file's, or leave it out")),
            (None, None) => Err(Failure::yours(anyhow::anyhow!("no account is named to send it"))
                .hint("name it after `send`, as in: send news --to user1 …")),
            (Some(named), _) => Ok(named),
            (None, Some(told)) => Ok(told.clone()),
        }
    }

    /// The users to send to, or none for all followers; if both the command and the file name users, they must be the same.
    pub(crate) fn users(&self, named: Vec<UserId>, all: bool) -> Result<Option<Vec<UserId>>, Failure> {
        let refused =
            |what: &'static str, hint: &str| Err(Failure::yours(anyhow::anyhow!(what)).hint(hint));
        let told = &self.users;
        if self.to_all && !told.is_empty() {
            return refused(
                "the file is for some users and for all followers",
                "take touser or filter out of it",
            );
        }
        if self.to_all && !all {
            return refused(
                "the file is for all followers (filter)",
                "say --all if it shall go to all of them",
            );
        }
        if all && !told.is_empty() {
            return refused(
                "the file is for some users, and the command says --all",
                "leave --all out, or take the users out of the file",
            );
        }
        let set = |users: &[UserId]| users.iter().cloned().collect::<HashSet<_>>();
        match (named.is_empty(), told.is_empty()) {
            _ if all => Ok(None),
            (true, true) => refused(
                "nobody is named to send it to",
                "name users with --to or --users-file, or all followers with --all",
            ),
            (true, false) => Ok(Some(told.clone())),
            (false, false) if set(&named) != set(told) => refused(
                "the file is for other users than the command names",
                "leave the users out of the command, or take them out of the file",
            ),
            (false, _) => Ok(Some(named)),
        }
    }
}
