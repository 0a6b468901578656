//! The arguments that name the content of a message: flags for its parts, or a file.

use std::path::PathBuf;

use clap::Args;
use rongcloud_callback::{
    Article, Payload, Source,
    ids::AppKey,
    portal::{Card, Links, Message, Persona},
};

use crate::{
    address::web, api::Api, document::Document, failure::Failure, prepared_message::PreparedMessage,
};

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ContentArguments {
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
pub(crate) struct CardArguments {
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
pub(crate) struct PersonaArguments {
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

impl ContentArguments {
    /// The message that the flags or the file hold, to be sent through `api` for `app`.
    pub(crate) fn prepare(
        self,
        card: CardArguments,
        api: Api,
        app: &AppKey,
    ) -> Result<PreparedMessage, Failure> {
        if let Some(path) = &self.news {
            return Document::new(path, api, app).read_news();
        }
        if let Some(path) = &self.json_file {
            return Document::new(path, api, app).read();
        }
        if let Some(title) = self.title {
            return Ok(card.into_message(title));
        }
        let by_id = |id: String| Source::MediaId(id.into());
        let image = self.image_url.map(Source::Url).or(self.image_id.map(by_id)).map(Payload::image);
        let voice = self.voice_url.map(Source::Url).or(self.voice_id.map(by_id)).map(Payload::voice);
        let text = self.text.map(Payload::text);
        let chosen = text.or(image).or(voice).or(self.mpnews.map(Payload::mp_news));
        let nothing = || Failure::yours(anyhow::anyhow!("there is nothing to send"));
        chosen.map(PreparedMessage::from).ok_or_else(nothing)
    }
}

impl CardArguments {
    /// The message with the one card that the flags describe.
    fn into_message(self, title: String) -> PreparedMessage {
        let Self { picture, description, url, pc_url, app_url } = self;
        let picture_url = picture.unwrap_or_default();
        if pc_url.is_none() && app_url.is_none() {
            return Payload::news([Article { title, description, url, picture_url }]).into();
        }
        let links = Links { pc: pc_url.unwrap_or_default(), app: app_url.unwrap_or_default() };
        let description = description.unwrap_or_default();
        Message::News(vec![Card { title, description, links, picture_url }]).into()
    }
}

impl PersonaArguments {
    /// The seeming sender that the flags name, if they name one.
    pub(crate) fn into_persona(self) -> Option<Persona> {
        let Self { id, name, picture } = self;
        id.map(|id| Persona {
            id: id.into(),
            name: name.unwrap_or_default(),
            picture_url: picture.unwrap_or_default(),
        })
    }
}
