//! `send`: a message to users, or to all followers of a public account.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use rongcloud_callback::{
    Article, Client, Config, Payload, Source,
    client::ClientError,
    ids::{AccountId, UserId},
    portal::{Links, Message, Persona, Portal},
    protocol::{Outgoing, Recipients, limits},
};
use serde_json::{Value, json};

use crate::{
    calls::{self, Options},
    failure::Failure,
    portal,
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
    #[command(flatten)]
    userinfo: Userinfo,
}

#[derive(Debug, Args)]
#[group(id = "userinfo", requires_all = ["portal", "userinfo_id", "userinfo_name", "userinfo_picture"])]
struct Userinfo {
    /// The user (userinfo) whom a message through the portal seems to come from.
    #[arg(id = "userinfo_id", long = "userinfo-id", value_name = "ID", conflicts_with = "all")]
    id: Option<String>,
    /// The name of that user.
    #[arg(id = "userinfo_name", long = "userinfo-name", value_name = "NAME")]
    name: Option<String>,
    /// The address of that user's picture.
    #[arg(id = "userinfo_picture", long = "userinfo-picture", value_name = "URL")]
    picture: Option<String>,
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
    /// Where a tap on the card leads on a computer, through the portal; instead of --url.
    #[arg(long, value_name = "URL", requires_all = ["title", "portal"], conflicts_with = "url")]
    pc_url: Option<String>,
    /// Where a tap on the card leads on a phone, through the portal; instead of --url.
    #[arg(long, value_name = "URL", requires_all = ["title", "portal"], conflicts_with = "url")]
    app_url: Option<String>,
}

/// Which way it goes.
enum Way {
    Platform(Client),
    Stored(Client),
    Portal(Portal),
}

/// The content of a message, as one of the kinds that can be sent.
struct Prepared {
    payload: Payload,
    /// Cards with the links that only the portal has.
    cards: Option<Message>,
    /// Whom a message through the portal seems to come from.
    persona: Option<Persona>,
}

pub(crate) async fn run(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { options, account, to, list, all, content, card, stored, portal, userinfo } =
        arguments;
    let way = match (portal, stored) {
        (true, _) => Way::Portal(options.portal(config)?),
        (_, true) => Way::Stored(options.client(config)?),
        _ => Way::Platform(options.client(config)?),
    };
    let sender = AccountId::from(account);
    let prepared = content.prepare(card, portal)?.seemingly_from(userinfo);
    let outgoing =
        |recipients| Outgoing { sender: sender.clone(), recipients, payload: prepared.payload.clone() };
    if all {
        let sent = way.send(&outgoing(Recipients::Followers), &prepared).await;
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
            way.send(&outgoing(recipients(part)), &prepared).await.map(|_| ())
        })
        .await
}

impl Way {
    /// Sends; gives the platform's id of a message to all followers.
    async fn send(
        &self,
        outgoing: &Outgoing,
        prepared: &Prepared,
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

impl Prepared {
    /// Whom the message seems to come from, if the flags say so.
    fn seemingly_from(self, userinfo: Userinfo) -> Self {
        let Userinfo { id, name, picture } = userinfo;
        let persona = id.map(|id| Persona {
            id: id.into(),
            name: name.unwrap_or_default(),
            picture_url: picture.unwrap_or_default(),
        });
        Self { persona: persona.or(self.persona), ..self }
    }
}

impl From<Payload> for Prepared {
    fn from(payload: Payload) -> Self {
        Self { payload, cards: None, persona: None }
    }
}

impl From<Message> for Prepared {
    fn from(cards: Message) -> Self {
        Self { payload: Payload::from(&cards), cards: Some(cards), persona: None }
    }
}

impl Content {
    fn prepare(self, card: Card, through_portal: bool) -> Result<Prepared, Failure> {
        if let Some(path) = &self.news {
            return if through_portal {
                portal::news(path).map(Prepared::from)
            } else {
                Ok(Payload::news(calls::read_articles::<Article>(path, NEWS)?).into())
            };
        }
        if let Some(path) = &self.json_file {
            return json_file(path, through_portal);
        }
        if let Some(title) = self.title {
            return Ok(card.titled(title));
        }
        let by_id = |id: String| Source::MediaId(id.into());
        let image = self.image_url.map(Source::Url).or(self.image_id.map(by_id)).map(Payload::image);
        let voice = self.voice_url.map(Source::Url).or(self.voice_id.map(by_id)).map(Payload::voice);
        let text = self.text.map(Payload::text);
        let chosen = text.or(image).or(voice).or(self.mpnews.map(Payload::mp_news));
        let nothing = || Failure::yours(anyhow::anyhow!("there is nothing to send"));
        chosen.map(Prepared::from).ok_or_else(nothing)
    }
}

impl Card {
    /// The one card that the flags describe.
    fn titled(self, title: String) -> Prepared {
        let Self { picture, description, url, pc_url, app_url } = self;
        let picture_url = picture.unwrap_or_default();
        if pc_url.is_none() && app_url.is_none() {
            return Payload::news([Article { title, description, url, picture_url }]).into();
        }
        let links = Links { pc: pc_url.unwrap_or_default(), app: app_url.unwrap_or_default() };
        let description = description.unwrap_or_default();
        Message::News(vec![portal::Card { title, description, links, picture_url }]).into()
    }
}

/// A message of any kind from a file.
fn json_file(path: &Path, through_portal: bool) -> Result<Prepared, Failure> {
    let mut body = calls::read_json(path, PAYLOAD)?;
    let (mut cards, mut persona) = (None, None);
    if through_portal {
        (cards, body, persona) = portal::body(path, body)?;
    }
    if let Some(cards) = cards {
        return Ok(Prepared { persona, ..cards.into() });
    }
    if let Value::Object(fields) = &mut body {
        fields.remove("msgtype");
    }
    let payload: Payload =
        serde_json::from_value(body).map_err(|error| calls::not_of_shape(error, path, PAYLOAD))?;
    Ok(Prepared { persona, ..payload.into() })
}
