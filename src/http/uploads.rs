//! Uploads, which both APIs take in the same form.

use bytes::Bytes;
use reqwest::{
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    multipart::{Form, Part},
};
use serde::Serialize;

use super::error::ClientError;
use crate::protocol::media::{self, MediaFormat, MediaKind};

/// A picture or a recording to be uploaded as the part `file` of a form.
#[derive(Clone)]
pub(crate) struct FileUpload {
    kind: MediaKind,
    format: MediaFormat,
    content: Bytes,
    fields: Vec<(&'static str, &'static str)>,
}

impl FileUpload {
    /// An upload of `content`, which is named after its kind and format.
    ///
    /// # Errors
    ///
    /// A file that is too large, too long or of another type.
    pub(crate) fn new(kind: MediaKind, content: Bytes) -> Result<Self, ClientError> {
        let format = media::check(kind, &content)?;
        Ok(Self { kind, format, content, fields: Vec::new() })
    }

    /// Adds a field of text behind the file.
    pub(crate) fn with_field(mut self, name: &'static str, value: &'static str) -> Self {
        self.fields.push((name, value));
        self
    }

    /// The form that is sent.
    pub(super) fn form(&self) -> Form {
        let content_type = HeaderValue::from_static(self.format.content_type());
        let part = Part::stream_with_length(self.content.clone(), self.content.len() as u64)
            .file_name(format!("{}.{}", self.kind, self.format.extension()))
            .headers(HeaderMap::from_iter([(CONTENT_TYPE, content_type)]));
        let form = Form::new().part("file", part);
        self.fields.iter().fold(form, |form, (name, value)| form.text(*name, *value))
    }
}

/// The body of an upload of articles.
#[derive(Serialize)]
pub(crate) struct Articles<'a, T> {
    /// The articles.
    pub(crate) articles: &'a [T],
}
