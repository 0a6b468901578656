//! `send`: a message to users, or to all followers of a public account.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use rongcloud_callback::{
    Article, Client, Config, Payload, Source,
    client::ClientError,
    ids::{AccountId, UserId},
    portal::Portal,
    protocol::{Outgoing, Recipients, limits},
};
use serde_json::{Value, json};

use crate::{
    calls::{self, Options},
    failure::Failure,
    users::List,
};

const NEWS: &str = r#"write {"articles":[{"title":"…","description":"…","url":"…","picurl":"…"}]}"#;
const PAYLOAD: &str =
    r#"write the documents' {"msgtype":"text","text":{"content":"…"}}, of any msgtype"#;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("recipients").args(["to", "users_file", "all"]).required(true).multiple(true)))]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// The account (mcid) that sends it.
    account: String,
    /// To these users; several are sent to 100 in one call.
    #[arg(long, value_name = "USER", value_delimiter = ',')]
    to: Vec<String>,
    #[command(flatten)]
    list: List,
    /// To all followers of the account; the platform allows one such message a day.
    #[arg(long, conflicts_with_all = ["to", "users_file", "from"])]
    all: bool,
    #[command(flatten)]
    content: Content,
    #[command(flatten)]
    card: Card,
    /// Through the calls for uploads (/message/send.json, /message/sendall.json) also where another would do.
    #[arg(long, conflicts_with = "portal")]
    stored: bool,
    /// Through the app's portal ([apps.portal]) instead.
    #[arg(long)]
    portal: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Content {
    /// A text, at most 2000 bytes.
    #[arg(long)]
    text: Option<String>,
    /// A picture at a public address, JPG.
    #[arg(long, value_name = "URL")]
    image_url: Option<String>,
    /// A picture that was uploaded.
    #[arg(long, value_name = "ID")]
    image_id: Option<String>,
    /// A recording at a public address, AMR.
    #[arg(long, value_name = "URL")]
    voice_url: Option<String>,
    /// A recording that was uploaded.
    #[arg(long, value_name = "ID")]
    voice_id: Option<String>,
    /// Cards from a JSON file with the documents' {"articles":[…]}, - for standard input.
    #[arg(long, value_name = "FILE")]
    news: Option<PathBuf>,
    /// One card with this headline; see --picture, --description and --url.
    #[arg(long, requires = "picture")]
    title: Option<String>,
    /// An article that was uploaded with `media upload-news`; to all followers only.
    #[arg(long, value_name = "ID")]
    mpnews: Option<String>,
    /// A message of any kind, as the documents' JSON has it, - for standard input.
    #[arg(long, value_name = "FILE")]
    json_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Card {
    /// The address of the card's picture, JPG.
    #[arg(long, value_name = "URL", requires = "title")]
    picture: Option<String>,
    /// The text below the card's headline.
    #[arg(long, value_name = "TEXT", requires = "title")]
    description: Option<String>,
    /// Where a tap on the card leads.
    #[arg(long, requires = "title")]
    url: Option<String>,
}

/// Which way it goes.
enum Way {
    Platform(Client),
    Stored(Client),
    Portal(Portal),
}

pub(crate) async fn run(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { options, account, to, list, all, content, card, stored, portal } = arguments;
    let way = match (portal, stored) {
        (true, _) => Way::Portal(options.portal(config)?),
        (_, true) => Way::Stored(options.client(config)?),
        _ => Way::Platform(options.client(config)?),
    };
    let sender = AccountId::from(account);
    let payload = content.payload(card)?;
    let outgoing =
        |recipients| Outgoing { sender: sender.clone(), recipients, payload: payload.clone() };
    if all {
        let sent = way.send(&outgoing(Recipients::Followers)).await;
        return options.print(sent.map(|id| json!({ "msg_id": id })), |sent| {
            let id = sent["msg_id"].as_str().map(|id| format!(" as {id}"));
            format!("sent to all followers{}", id.unwrap_or_default())
        });
    }
    let users = list.users(&to)?;
    let recipients = |part: &[UserId]| match part {
        [user] if users.listed() == 1 => Recipients::User(user.clone()),
        part => Recipients::Users(part.to_vec()),
    };
    users
        .in_parts(&options, limits::RECIPIENTS, async |part| {
            way.send(&outgoing(recipients(part))).await.map(|_| ())
        })
        .await
}

impl Way {
    /// Sends; gives the platform's id of a message to all followers.
    async fn send(&self, outgoing: &Outgoing) -> Result<Option<String>, ClientError> {
        match self {
            Self::Platform(client) => client.messages().send(outgoing).await.map(|sent| sent.id),
            Self::Stored(client) => client.messages().send_stored(outgoing).await.map(|sent| sent.id),
            Self::Portal(portal) => portal.send(outgoing).await.map(|()| None),
        }
    }
}

impl Content {
    fn payload(self, card: Card) -> Result<Payload, Failure> {
        if let Some(path) = &self.news {
            return Ok(Payload::news(calls::read_articles::<Article>(path, NEWS)?));
        }
        if let Some(path) = &self.json_file {
            let mut payload = calls::read_json(path, PAYLOAD)?;
            if let Value::Object(fields) = &mut payload {
                fields.remove("msgtype");
            }
            return serde_json::from_value(payload)
                .map_err(|error| calls::not_of_shape(error, path, PAYLOAD));
        }
        if let Some(title) = self.title {
            let Card { picture, description, url } = card;
            let picture_url = picture.unwrap_or_default();
            return Ok(Payload::news([Article { title, description, url, picture_url }]));
        }
        let by_id = |id: String| Source::MediaId(id.into());
        let image = self.image_url.map(Source::Url).or(self.image_id.map(by_id)).map(Payload::image);
        let voice = self.voice_url.map(Source::Url).or(self.voice_id.map(by_id)).map(Payload::voice);
        let text = self.text.map(Payload::text);
        let chosen = text.or(image).or(voice).or(self.mpnews.map(Payload::mp_news));
        chosen.ok_or_else(|| Failure::yours(anyhow::anyhow!("there is nothing to send")))
    }
}
