//! Base addresses: the servers that calls go to, and their names in errors.

use url::Url;

use super::{call::Call, error::ClientError};

/// An address that calls go to, or to paths below it.
#[derive(Debug, Clone)]
pub(crate) struct BaseAddress {
    url: Url,
    /// The name of the address in errors.
    shown: String,
}

impl BaseAddress {
    /// A base address that errors show without its path, which may contain a key.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`] for an address that is not plain `http` or `https`.
    pub(crate) fn new(url: Url) -> Result<Self, ClientError> {
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_plain {
            return Err(ClientError::Setup(format!(
                "a base address must be http:// or https:// with neither query nor fragment; this one is {}:",
                url.scheme()
            )));
        }
        let hidden = if url.path() == "/" { "" } else { "/…" };
        let shown = format!("{}{hidden}", url.origin().ascii_serialization());
        Ok(Self { url, shown })
    }

    /// A base address like this one that errors show as `shown`.
    pub(crate) fn shown_as(self, shown: &str) -> Self {
        Self { shown: shown.to_owned(), ..self }
    }

    /// The address itself, for connecting to it.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The name in errors of a call to `path`.
    pub(crate) fn call(&self, path: &'static str) -> Call {
        Call::new(&self.shown, path)
    }

    /// The address of `path` below this one, whether or not this one ends with a slash; this one for an empty path.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        if !path.is_empty() {
            url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        }
        url
    }
}
