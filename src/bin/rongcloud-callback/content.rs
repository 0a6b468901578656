//! The content of a message to send: put together from flags, or read from a file.

use std::path::PathBuf;

use clap::Args;
use rongcloud_callback::{
    Article, Payload, Source,
    ids::AppKey,
    portal::{Card as PortalCard, Links, Message, Persona},
};

use crate::{
    address::web,
    articles::Api,
    document::{Document, Parties},
    failure::Failure,
};

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Content {
    /// Sends a text of at most 2000 bytes.
    #[arg(long)]
    text: Option<String>,
    /// Sends the picture at a public address, JPG.
    #[arg(long, value_name = "URL", value_parser = web)]
    image_url: Option<String>,
    /// Sends a picture that was uploaded, by the id that its upload gave.
    #[arg(long, value_name = "ID")]
    image_id: Option<String>,
    /// Sends the recording at a public address, AMR.
    #[arg(long, value_name = "URL", value_parser = web)]
    voice_url: Option<String>,
    /// Sends a recording that was uploaded, by the id that its upload gave.
    #[arg(long, value_name = "ID")]
    voice_id: Option<String>,
    /// Sends cards from a JSON file with the documents' {"articles":[…]} or a whole body, - for standard input.
    #[arg(long, value_name = "FILE")]
    news: Option<PathBuf>,
    /// Sends one card with this headline; see --picture, --description and --url.
    #[arg(long, requires = "picture")]
    title: Option<String>,
    /// Sends an article that was uploaded with `media upload-news`, to all followers only.
    #[arg(long, value_name = "ID")]
    mpnews: Option<String>,
    /// Sends a message of any kind from a JSON file, - for standard input: a body as the documents write it, whose sender
    /// and recipients need no flags, or its content only.
    #[arg(long, value_name = "FILE")]
    json_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Card {
    /// Shows the picture at this address on the card of --title, JPG.
    #[arg(long, value_name = "URL", requires = "title", value_parser = web)]
    picture: Option<String>,
    /// Shows this text below the card's headline.
    #[arg(long, value_name = "TEXT", requires = "title")]
    description: Option<String>,
    /// Opens this page at a tap on the card.
    #[arg(long, requires = "title", value_parser = web)]
    url: Option<String>,
    /// Opens this page at a tap on the card on a computer, through the portal; instead of --url.
    #[arg(long, value_name = "URL", requires_all = ["title", "portal"], conflicts_with = "url", value_parser = web)]
    pc_url: Option<String>,
    /// Opens this page at a tap on the card on a phone, through the portal; instead of --url.
    #[arg(long, value_name = "URL", requires_all = ["title", "portal"], conflicts_with = "url", value_parser = web)]
    app_url: Option<String>,
}

#[derive(Debug, Args)]
#[group(id = "userinfo", requires_all = ["portal", "userinfo_id", "userinfo_name", "userinfo_picture"])]
pub(crate) struct Userinfo {
    /// Lets a message through the portal seem to come from the user with this id (userinfo).
    #[arg(id = "userinfo_id", long = "userinfo-id", value_name = "ID", conflicts_with = "all")]
    id: Option<String>,
    /// Shows this as the name of that user.
    #[arg(id = "userinfo_name", long = "userinfo-name", value_name = "NAME")]
    name: Option<String>,
    /// Shows the picture at this address as that of that user.
    #[arg(id = "userinfo_picture", long = "userinfo-picture", value_name = "URL", value_parser = web)]
    picture: Option<String>,
}

/// A message of one of the kinds that can be sent.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) payload: Payload,
    /// Cards with the links that only the portal has.
    pub(crate) cards: Option<Message>,
    /// Whom a message through the portal seems to come from.
    pub(crate) persona: Option<Persona>,
    /// Whom it is from and for, as far as a file says so.
    pub(crate) parties: Parties,
}

impl From<Payload> for Prepared {
    fn from(payload: Payload) -> Self {
        Self { payload, cards: None, persona: None, parties: Parties::default() }
    }
}

impl From<Message> for Prepared {
    fn from(cards: Message) -> Self {
        Self { cards: Some(cards.clone()), ..Payload::from(&cards).into() }
    }
}

impl Prepared {
    /// Adds whom the message seems to come from, if the flags say so.
    pub(crate) fn seemingly_from(self, userinfo: Userinfo) -> Result<Self, Failure> {
        let Userinfo { id, name, picture } = userinfo;
        let told = id.map(|id| Persona {
            id: id.into(),
            name: name.unwrap_or_default(),
            picture_url: picture.unwrap_or_default(),
        });
        if told.is_some() && self.persona.is_some() && told != self.persona {
            let what = anyhow::anyhow!("the file's userinfo is another one than that of --userinfo-id");
            return Err(Failure::yours(what).hint("leave one of them out"));
        }
        Ok(Self { persona: told.or(self.persona), ..self })
    }
}

impl Content {
    /// The message that the flags or the file hold, for sending it through `api` for `app`.
    pub(crate) fn prepare(self, card: Card, api: Api, app: &AppKey) -> Result<Prepared, Failure> {
        if let Some(path) = &self.news {
            return Document::new(path, api, app).read_news();
        }
        if let Some(path) = &self.json_file {
            return Document::new(path, api, app).read();
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
        Message::News(vec![PortalCard { title, description, links, picture_url }]).into()
    }
}
