//! `journal hand-over`, `answer` and `hand-back`: a person in a conversation, from the command line.

use std::collections::BTreeSet;

use clap::Args;
use rongcloud_callback::{
    Config,
    console::api,
    desk::DeskError,
    ids::{AccountId, AppKey, UserId},
    protocol::Conversation,
    service::open_desk,
};

use super::{
    audit,
    server::{failure, new_key},
    source::{Local, Remote},
};
use crate::{api_options::chosen_app, failure::Failure};

/// The name under which the command line answers at the desk of its own machine.
const WHO: &str = "command line";

#[derive(Debug, Args)]
pub(crate) struct ConversationArguments {
    /// The public account.
    account: AccountId,
    /// The user.
    user: UserId,
    /// The app; not needed where there is one app only.
    #[arg(long, value_name = "KEY")]
    app: Option<AppKey>,
}

#[derive(Debug, Args)]
pub(crate) struct AnswerArguments {
    #[command(flatten)]
    conversation: ConversationArguments,
    /// The text of the answer.
    text: String,
}

/// The change that a command makes.
#[derive(Debug)]
pub(super) enum Change {
    HandOver(ConversationArguments),
    Answer(AnswerArguments),
    HandBack(ConversationArguments),
}

/// Makes a change in the journal itself.
pub(super) async fn in_journal(config: &Config, change: Change) -> Result<(), Failure> {
    let conversation = change.conversation().in_configuration(config)?;
    let Local { journal, .. } = Local::open(config).await?;
    audit::note(&*journal, change.action(), audit::target(&conversation), 1).await?;
    let desk = open_desk(config).await?;
    match &change {
        Change::HandOver(_) => desk.hand_over(&conversation).await,
        Change::Answer(AnswerArguments { text, .. }) => {
            desk.answer(&conversation, WHO, None, text.clone()).await
        }
        Change::HandBack(_) => desk.hand_back(&conversation, WHO).await,
    }
    .map_err(desk_failure)?;
    println!("{}", change.result());
    Ok(journal.close().await?)
}

/// Makes a change at a server, in the name of the token.
pub(super) async fn at_server(server: &Remote, change: Change) -> Result<(), Failure> {
    let conversation = change.conversation().at_server(server)?;
    let client = &server.client;
    match &change {
        Change::HandOver(_) => client.hand_over(&conversation).await,
        Change::Answer(AnswerArguments { text, .. }) => {
            let answer = api::Answer { text: Some(text.clone()), image: None };
            client.answer(&conversation, &answer, &new_key()).await
        }
        Change::HandBack(_) => client.hand_back(&conversation).await,
    }
    .map_err(failure)?;
    println!("{}", change.result());
    Ok(())
}

impl Change {
    fn conversation(&self) -> &ConversationArguments {
        match self {
            Self::HandOver(conversation)
            | Self::HandBack(conversation)
            | Self::Answer(AnswerArguments { conversation, .. }) => conversation,
        }
    }

    /// The name of the action in the audit list.
    fn action(&self) -> &'static str {
        match self {
            Self::HandOver(_) => "hand over",
            Self::Answer(_) => "answer",
            Self::HandBack(_) => "hand back",
        }
    }

    fn result(&self) -> &'static str {
        match self {
            Self::HandOver(_) => "a person has the conversation: answer it with `journal answer`",
            Self::Answer(_) => "the answer is in the journal: a running server sends it",
            Self::HandBack(_) => "the bot has the conversation again",
        }
    }
}

fn desk_failure(error: DeskError) -> Failure {
    match error {
        DeskError::WithBot => {
            Failure::yours(error).hint("`journal conversations --waiting` lists those that a person has")
        }
        DeskError::Taken(_) => Failure::yours(error)
            .hint("they hand it back in the console, or somebody takes it from them there"),
        DeskError::Journal(error) => error.into(),
        error => Failure::yours(error),
    }
}

impl ConversationArguments {
    fn in_configuration(&self, config: &Config) -> Result<Conversation, Failure> {
        Ok(self.of_app(chosen_app(config, self.app.as_ref())?.key.clone()))
    }

    /// The conversation with the app that is named, or with the only one in which the server knows the account.
    fn at_server(&self, server: &Remote) -> Result<Conversation, Failure> {
        if let Some(app) = &self.app {
            return Ok(self.of_app(app.clone()));
        }
        let known = &server.session.accounts;
        let has_account = |account: &Option<String>| account.as_deref() == Some(self.account.as_str());
        let with_account = known.iter().filter(|known| has_account(&known.account));
        let with_account: BTreeSet<_> = with_account.map(|known| known.app.as_str()).collect();
        let all: BTreeSet<_> = known.iter().map(|known| known.app.as_str()).collect();
        for apps in [&with_account, &all] {
            if let [app] = apps.iter().collect::<Vec<_>>()[..] {
                return Ok(self.of_app(AppKey::from(*app)));
            }
        }
        let error = anyhow::anyhow!("the server has {} apps", all.len());
        let all: Vec<_> = all.into_iter().collect();
        Err(Failure::yours(error).hint(format!("name one with --app: {}", all.join(", "))))
    }

    fn of_app(&self, app: AppKey) -> Conversation {
        Conversation { app, account: self.account.clone(), user: self.user.clone() }
    }
}
