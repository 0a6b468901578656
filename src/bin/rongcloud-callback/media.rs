//! `media`: uploads of pictures, recordings and articles.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use rongcloud_callback::{
    Config,
    client::FullArticle,
    ids::MediaId,
    portal::{LinkedArticle, Links},
    protocol::media::MediaKind,
};
use serde_json::{Value, json};

use crate::{
    address::{web, web_or_bare},
    api_options::ApiOptions,
    failure::Failure,
    input, progress, terminal,
};

/// The hint that says how to write articles for the platform's API.
const ARTICLES_HINT: &str =
    r#"write {"articles":[{"thumb_media_id":"…","title":"…","content":"…","content_source_url":"…"}]}"#;
/// The hint that says how to write articles for the portal.
const PORTAL_ARTICLES_HINT: &str =
    r#"write {"articles":[{"thumb_media_id":"…","title":"…","content":"…","pcUrl":"…","appUrl":"…"}]}"#;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Uploads through the app's portal ([apps.portal]): its uploads and the platform's are not the same.
    #[arg(long, global = true)]
    portal: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Uploads a picture or a recording; the content of the file counts, not its name.
    Upload {
        /// The use of the file, which decides about its format and size.
        kind: Kind,
        /// The file to upload, - for standard input.
        file: PathBuf,
    },
    /// Uploads 1 to 10 articles as one, to be sent to all followers with `send --mpnews`.
    UploadNews {
        /// A JSON file with the documents' {"articles":[…]}, - for standard input.
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// JPEG or PNG, at most 2 MiB.
    Image,
    /// AMR, at most 60 KiB and 60 s.
    Voice,
    /// The small picture of an article: JPEG or PNG, at most 20 KiB.
    Thumb,
}

pub(crate) async fn run(
    config: &Config,
    options: &ApiOptions,
    arguments: Arguments,
) -> Result<(), Failure> {
    let Arguments { portal, command } = arguments;
    let uploaded = match command {
        Command::Upload { kind, file } => {
            let what = format!("uploading {}", input::display_name(&file));
            let (kind, file) = (kind.into(), input::read(&file)?.into());
            if portal {
                let portal = options.portal(config)?;
                progress::while_waiting(what, portal.media().upload(kind, file))
                    .await
                    .map(|id| media_json(&id))
            } else {
                let client = options.client(config)?;
                let uploaded = progress::while_waiting(what, client.media().upload(kind, file)).await;
                uploaded.map(|uploaded| json!(uploaded))
            }
        }
        Command::UploadNews { file } if portal => {
            let articles: Vec<LinkedArticle> = input::read_articles(&file, PORTAL_ARTICLES_HINT)?;
            for Links { pc, app } in articles.iter().map(|article| &article.links) {
                check_url(&file, "pcUrl", pc, web)?;
                check_url(&file, "appUrl", app, web)?;
            }
            let portal = options.portal(config)?;
            progress::while_waiting("uploading", portal.media().upload_news(&articles))
                .await
                .map(|id| media_json(&id))
        }
        Command::UploadNews { file } => {
            let articles: Vec<FullArticle> = input::read_articles(&file, ARTICLES_HINT)?;
            for FullArticle { source_url, .. } in &articles {
                check_url(&file, "content_source_url", source_url, web_or_bare)?;
                check_encoded(&file, source_url)?;
            }
            let client = options.client(config)?;
            let uploaded =
                progress::while_waiting("uploading", client.media().upload_news(&articles)).await;
            uploaded.map(|uploaded| json!(uploaded))
        }
    };
    options.print(uploaded, |uploaded| {
        let id = uploaded["media_id"].as_str().unwrap_or_default();
        format!("uploaded as {}", terminal::line(id))
    })
}

/// Checks an address in an article. An empty one passes here; the limits of the upload decide about it.
fn check_url(
    file: &Path,
    field: &str,
    url: &str,
    check: fn(&str) -> Result<String, String>,
) -> Result<(), Failure> {
    match check(url) {
        Err(why) if !url.is_empty() => {
            let file = input::display_name(file);
            let what = anyhow::anyhow!("the {field} {url} in {file} is no address: {why}");
            Err(Failure::yours(what).hint("nothing was sent: write the whole address of a page"))
        }
        _ => Ok(()),
    }
}

/// Checks that an address has its `&` encoded, as the document asks for.
fn check_encoded(file: &Path, source_url: &str) -> Result<(), Failure> {
    // 如内容中含有 & 字符，需要进行 UrlEncode 处理. The command does not encode it: an address that is encoded already would be
    // encoded twice.
    if !source_url.contains('&') {
        return Ok(());
    }
    let file = input::display_name(file);
    let what = anyhow::anyhow!("the content_source_url {source_url} in {file} has an & in it");
    let encoded = source_url.replace('&', "%26");
    Err(Failure::yours(what)
        .hint(format!("nothing was sent: the platform decodes it, so write {encoded}")))
}

/// The result of an upload as JSON.
fn media_json(id: &MediaId) -> Value {
    json!({ "media_id": id })
}

impl From<Kind> for MediaKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Image => Self::Image,
            Kind::Voice => Self::Voice,
            Kind::Thumb => Self::Thumb,
        }
    }
}
