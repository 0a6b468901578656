//! The platform's two APIs, as `[client]`, `[[apps]]` and `[apps.portal]` describe them.

use crate::{
    client::{Client, ClientError, Options},
    config::sections::{AppSection, ClientSection, PortalSection},
    portal::{Portal, TokenSource},
};

impl ClientSection {
    /// The options of the client, which are those of the portal, too.
    pub fn options(&self) -> Options {
        Options { connect_timeout: self.connect_timeout, timeout: self.timeout }
    }
}

impl AppSection {
    /// The client of this app. The first of its secrets signs.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`], as for [`Client::new`].
    pub fn client(&self, options: Options) -> Result<Client, ClientError> {
        let secret = self.secrets.first().cloned().unwrap_or_default();
        Client::new(self.key.clone(), secret, self.api_urls.iter().cloned(), options)
    }
}

impl PortalSection {
    /// The portal of this company.
    ///
    /// # Errors
    ///
    /// [`ClientError::Setup`], as for [`Portal::new`].
    pub fn portal(&self, options: Options) -> Result<Portal, ClientError> {
        let token = match &self.token_file {
            Some(path) => TokenSource::file(path),
            None => TokenSource::fixed(self.token.clone().unwrap_or_default()),
        };
        Portal::new(&self.ecode, token, self.urls.iter().cloned(), options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::options::default_config;

    #[test]
    fn the_defaults_of_the_client_are_those_of_the_configuration() {
        assert_eq!(default_config().client.options(), Options::default());
    }
}
