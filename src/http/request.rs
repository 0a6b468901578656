//! A request before it is sent: everything but its base address.

use bytes::Bytes;
use reqwest::{
    Method, RequestBuilder,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::Serialize;
use url::form_urlencoded;

use super::{
    base_address::BaseAddress, error::ClientError, redaction::innermost_cause, uploads::FileUpload,
};

/// A request, to be sent to one base address or to several, one after the other.
#[derive(Clone)]
pub(crate) struct Request {
    method: Method,
    /// The path below the base address; empty for the base address itself.
    path: &'static str,
    /// The query, percent-encoded; empty for none.
    query: String,
    headers: Vec<(&'static str, String)>,
    body: Body,
    /// Texts that must not be shown, should the server repeat them.
    sensitive: Vec<String>,
}

#[derive(Clone)]
enum Body {
    None,
    Bytes(&'static str, Bytes),
    File(FileUpload),
}

impl Request {
    /// A GET of the base address.
    pub(crate) fn get() -> Self {
        Self::new(Method::GET, "")
    }

    /// A POST to `path` below the base address; to the base address itself for an empty path.
    pub(crate) fn post(path: &'static str) -> Self {
        Self::new(Method::POST, path)
    }

    fn new(method: Method, path: &'static str) -> Self {
        let (query, headers, sensitive) = (String::new(), Vec::new(), Vec::new());
        Self { method, path, query, headers, body: Body::None, sensitive }
    }

    /// The path below the base address.
    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    /// Sets the body to `bytes`.
    pub(crate) fn with_bytes(self, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self { body: Body::Bytes(content_type, bytes.into()), ..self }
    }

    /// Sets the body to `value` in JSON.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`] for a value that has no form in JSON.
    pub(crate) fn with_json(self, value: &impl Serialize) -> Result<Self, ClientError> {
        let bytes = serde_json::to_vec(value).map_err(|error| ClientError::Setup(error.to_string()))?;
        Ok(self.with_bytes("application/json", bytes))
    }

    /// Sets the body to a form with `fields`.
    pub(crate) fn with_form(self, fields: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.with_bytes("application/x-www-form-urlencoded", form)
    }

    /// Sets the body to a file.
    pub(crate) fn with_file(self, file: FileUpload) -> Self {
        Self { body: Body::File(file), ..self }
    }

    /// Replaces the query by one that is percent-encoded already.
    pub(crate) fn with_raw_query(self, query: String) -> Self {
        Self { query, ..self }
    }

    /// Adds a parameter to the end of the query.
    pub(crate) fn with_parameter(mut self, name: &str, value: &str) -> Self {
        let query = std::mem::take(&mut self.query);
        self.query = form_urlencoded::Serializer::new(query).append_pair(name, value).finish();
        self
    }

    /// Adds a header.
    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a text that must not be shown, should the server repeat it.
    pub(crate) fn with_sensitive(mut self, text: String) -> Self {
        self.sensitive.push(text);
        self
    }

    /// The texts that must not be shown.
    pub(crate) fn sensitive(&self) -> &[String] {
        &self.sensitive
    }

    /// Makes the request that is sent to `base`.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`] for a value that HTTP cannot carry.
    pub(super) fn build(
        &self,
        http: &reqwest::Client,
        base: &BaseAddress,
    ) -> Result<reqwest::Request, ClientError> {
        let mut url = base.join(self.path);
        if !self.query.is_empty() {
            url.set_query(Some(&self.query));
        }
        let mut builder = http.request(self.method.clone(), url);
        for (name, value) in &self.headers {
            let value: HeaderValue = value.parse().map_err(|_| {
                ClientError::Setup(format!("{name} has characters that no HTTP header can carry"))
            })?;
            builder = builder.header(*name, value);
        }
        let builder = self.body.add_to(builder);
        builder.build().map_err(|error| ClientError::Setup(innermost_cause(&error)))
    }
}

impl Body {
    fn add_to(&self, builder: RequestBuilder) -> RequestBuilder {
        match self {
            Self::None => builder,
            Self::Bytes(content_type, bytes) => {
                builder.header(CONTENT_TYPE, *content_type).body(bytes.clone())
            }
            Self::File(file) => builder.multipart(file.form()),
        }
    }
}
