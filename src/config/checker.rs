//! The checker of one section: each requirement that does not hold becomes a problem.

use url::Url;

use crate::{stray, toml_values::Problem};

/// The checker of one section.
pub(super) struct Checker<'a> {
    /// The section's key, such as `apps[0]`.
    pub(super) path: &'a str,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    /// Adds a problem with `key`, a key of the section, if the requirement does not hold.
    pub(super) fn require(&mut self, holds: bool, key: &str, what: &str, hint: &str) {
        if !holds {
            self.problems.push(Problem::new(format!("{}.{key}", self.path), what, hint));
        }
    }

    /// Requires base addresses of HTTP APIs, at least one.
    pub(super) fn base_addresses(&mut self, urls: &[Url], key: &str) {
        let hint = "write scheme, host and at most a path, such as \"https://api.example.com\"";
        self.require(!urls.is_empty(), key, "has no address: no call could be made", hint);
        self.require(
            urls.iter().all(is_base_address),
            key,
            "is not the base address of an HTTP API: it has another scheme, or a user name, password, \
             query or fragment",
            hint,
        );
    }

    /// Requires a value without stray characters.
    pub(super) fn no_stray(&mut self, text: &str, key: &str) {
        let stray = stray::found_in(text);
        self.require(stray.is_none(), key, stray.unwrap_or_default(), stray::HINT);
    }
}

fn is_base_address(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}
