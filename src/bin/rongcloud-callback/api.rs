//! The two APIs through which messages are sent.

/// The API through which a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// The platform's own API.
    Platform,
    /// The portal's push API.
    Portal,
}

impl Api {
    /// The hint that says how to write cards.
    pub(crate) fn news_hint(self) -> &'static str {
        match self {
            Self::Platform => {
                r#"write {"articles":[{"title":"…","description":"…","url":"…","picurl":"…"}]}"#
            }
            Self::Portal => {
                r#"write {"articles":[{"title":"…","description":"…","pcUrl":"…","appUrl":"…","picUrl":"…"}]}"#
            }
        }
    }

    /// The fields that a card may have.
    pub(crate) fn card_fields(self) -> &'static [&'static str] {
        match self {
            Self::Platform => &["title", "description", "url", "picurl"],
            Self::Portal => &["title", "description", "url", "pcUrl", "appUrl", "picUrl", "picurl"],
        }
    }
}
