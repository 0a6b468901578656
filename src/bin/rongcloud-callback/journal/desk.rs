//! `journal hand-over`, `answer` and `hand-back`: a person in a conversation, from the command line.

use clap::Args;
use rongcloud_callback::{
    Config,
    desk::DeskError,
    ids::{AccountId, AppKey, UserId},
    protocol::Conversation,
    service::open_desk,
};

use crate::{api_options::chosen_app, failure::Failure};

/// The name under which the command line answers at the desk.
const WHO: &str = "command line";

#[derive(Debug, Args)]
pub(crate) struct ConversationArguments {
    /// The public account.
    account: AccountId,
    /// The user.
    user: UserId,
    /// The app; not needed where the configuration has one app only.
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

pub(super) async fn run(config: &Config, change: Change) -> Result<(), Failure> {
    let desk = open_desk(config).await?;
    match change {
        Change::HandOver(arguments) => {
            desk.hand_over(&arguments.find(config)?).await.map_err(failure)?;
            println!("a person has the conversation: answer it with `journal answer`");
        }
        Change::Answer(AnswerArguments { conversation, text }) => {
            desk.answer(&conversation.find(config)?, WHO, None, text).await.map_err(failure)?;
            println!("the answer is in the journal: a running server sends it");
        }
        Change::HandBack(arguments) => {
            desk.hand_back(&arguments.find(config)?, WHO).await.map_err(failure)?;
            println!("the bot has the conversation again");
        }
    }
    Ok(())
}

fn failure(error: DeskError) -> Failure {
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
    fn find(&self, config: &Config) -> Result<Conversation, Failure> {
        let app = chosen_app(config, self.app.as_ref())?.key.clone();
        Ok(Conversation { app, account: self.account.clone(), user: self.user.clone() })
    }
}
