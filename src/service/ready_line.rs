//! The log line of a server that is ready: where it is called, what answers, and where the replies go.

use std::{env, net::SocketAddr};

use crate::{
    config::{AppSection, Config, Replies},
    handler::{Route as _, RouteCount, Routes},
    ids::AppKey,
};

/// The facts of the log line, from the configuration and the handlers. The addresses are added once they are known.
#[derive(Debug)]
pub(super) struct ReadyLine {
    apps: Vec<App>,
    /// The journal's URL, without a password.
    journal: String,
    routes: RouteCount,
}

/// An app, as the log names it.
#[derive(Debug)]
struct App {
    key: AppKey,
    path: String,
    /// The addresses that its replies are sent to.
    replies_to: String,
}

impl ReadyLine {
    pub(super) fn new(config: &Config, routes: &Routes) -> Self {
        let apps = config.apps.iter().map(App::new).collect();
        Self { apps, journal: config.journal.url.to_string(), routes: routes.count() }
    }

    /// Writes the line, and one more for each of several apps.
    pub(super) fn log(&self, callbacks: SocketAddr, admin: SocketAddr) {
        let only = match &self.apps[..] {
            [only] => Some(only),
            several => {
                for app in several {
                    tracing::info!(
                        app = %app.key,
                        callback = app.url(callbacks),
                        replies_to = app.replies_to,
                        "an app's messages are taken here"
                    );
                }
                None
            }
        };
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            %callbacks,
            %admin,
            app = only.map(|app| display(&app.key)),
            callback = only.map(|app| display(app.url(callbacks))),
            replies_to = only.map(|app| display(&app.replies_to)),
            journal = %self.journal,
            rules = self.routes.rules,
            handlers = self.routes.handlers,
            "ready"
        );
    }
}

impl App {
    fn new(section: &AppSection) -> Self {
        let list = |urls: &[url::Url]| urls.iter().map(url::Url::as_str).collect::<Vec<_>>().join(", ");
        let replies_to = match (section.replies, &section.portal) {
            (Replies::Portal, Some(portal)) => format!("the portal {}", list(&portal.urls)),
            _ => list(&section.api_urls),
        };
        Self { key: section.key.clone(), path: section.path.clone(), replies_to }
    }

    /// The URL at which its callbacks are answered.
    fn url(&self, callbacks: SocketAddr) -> String {
        format!("http://{callbacks}{}", self.path)
    }
}
