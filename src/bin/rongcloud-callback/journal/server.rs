//! `--server`: the commands of `journal` at a running server, over its console's API.

use std::{env, path::PathBuf};

use clap::Args;
use rongcloud_callback::console::client::{Client, ConsoleError};
use secrecy::SecretString;
use url::Url;

use super::source::Remote;
use crate::{failure::Failure, input};

/// The heading of the options that lead to a server.
const HEADING: &str = "The journal of a running server";
/// The environment's variables for the same.
const SERVER: &str = "RONGCLOUD_CALLBACK_SERVER";
const TOKEN: &str = "RONGCLOUD_CALLBACK_TOKEN";
/// The hint for an address that is none.
const ADDRESS: &str = "write the address of the server's admin listener, such as http://127.0.0.1:9090";

#[derive(Debug, Args)]
#[command(next_help_heading = HEADING)]
#[expect(clippy::doc_markdown, reason = "the help is plain text")]
pub(crate) struct ServerArguments {
    /// The address of a running server's admin listener, which is asked instead of the journal's store [default: $RONGCLOUD_CALLBACK_SERVER]
    #[arg(long, value_name = "URL", global = true)]
    server: Option<Url>,
    /// A file with a token of the server's admin.tokens [default: the token is $RONGCLOUD_CALLBACK_TOKEN]
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
}

impl ServerArguments {
    /// The address of the server that is to be asked, if one is.
    pub(super) fn address(&self) -> Result<Option<Url>, Failure> {
        if self.server.is_some() {
            return Ok(self.server.clone());
        }
        let Some(address) = variable(SERVER) else { return Ok(None) };
        let read = address.parse().map(Some);
        read.map_err(|error| {
            Failure::yours(anyhow::Error::new(error).context(format!("{SERVER} is no address")))
                .hint(ADDRESS)
        })
    }

    /// Asks the server at `address` who the caller is, so that every command begins with the same errors.
    pub(super) async fn connect(&self, address: Url) -> Result<Remote, Failure> {
        let client = Client::new(address, self.token()?.as_ref()).map_err(failure)?;
        let session = client.session().await.map_err(failure)?;
        Ok(Remote { client, session })
    }

    fn token(&self) -> Result<Option<SecretString>, Failure> {
        let Some(file) = &self.token_file else {
            return Ok(variable(TOKEN).map(SecretString::from));
        };
        let token = input::read(file)?;
        let token = String::from_utf8(token).map(|token| token.trim().to_owned()).unwrap_or_default();
        if token.is_empty() {
            let error = anyhow::anyhow!("{} holds no token", input::display_name(file));
            return Err(Failure::yours(error).hint("write the token into it, and nothing else"));
        }
        Ok(Some(token.into()))
    }
}

/// The value of a variable of the environment; none if it is empty.
fn variable(name: &str) -> Option<String> {
    env::var_os(name)?.into_string().ok().filter(|value| !value.is_empty())
}

/// A key by which a server knows a request that is repeated.
pub(super) fn new_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The failure of a call, with what to do.
pub(super) fn failure(error: ConsoleError) -> Failure {
    let hint = match &error {
        ConsoleError::NoAnswer { .. } => {
            "is the server running, and is `--server` the address of its admin listener (`admin.listen`)?".to_owned()
        }
        ConsoleError::Foreign { .. } => {
            "`--server` is the address of the server's admin listener (`admin.listen`), not the one of its callbacks"
                .to_owned()
        }
        ConsoleError::Older { .. } => format!(
            "is it the address of the admin listener (`admin.listen`), and not the one of the callbacks? a version of this \
             program that is older than {} has no console either: update the server, or run the command where the \
             journal is",
            env!("CARGO_PKG_VERSION")
        ),
        ConsoleError::Setup(_) => ADDRESS.to_owned(),
        ConsoleError::Refused { status, .. } => match (status, error.missing()) {
            (401, _) => format!(
                "give a token of the server's `admin.tokens`: in a file with `--token-file`, or in {TOKEN}"
            ),
            (_, Some(right)) => format!(
                "use a token whose `may` has \"{right}\": [[admin.tokens]] in the server's configuration gives the rights"
            ),
            (429 | 503, _) => "run it again later".to_owned(),
            _ => String::new(),
        },
        _ => String::new(),
    };
    let is_ours = matches!(
        &error,
        ConsoleError::NoAnswer { .. } | ConsoleError::Refused { status: 429 | 500.., .. }
    );
    let failure = if is_ours { Failure::ours(error) } else { Failure::yours(error) };
    if hint.is_empty() { failure } else { failure.hint(hint) }
}
