//! The maker of a request, and what they may.

use axum::{extract::FromRequestParts, http::request};

use crate::{
    clock::UnixMillis,
    console::error::ApiError,
    server::admin::{Right, Rights},
};

/// The maker of a request, and what they may. As an argument of a route it lets only those in who are known.
#[derive(Debug, Clone)]
pub(in crate::console) struct Who {
    name: String,
    rights: Rights,
    expires_at: Option<UnixMillis>,
}

/// The result of looking who makes a request, which a layer puts into its extensions.
#[derive(Debug, Clone)]
pub(super) struct Identity(pub(super) Result<Who, ApiError>);

impl Who {
    /// The maker of a request whose session, if it is one, ends at `expires_at`.
    pub(super) fn new(name: String, rights: Rights, expires_at: Option<UnixMillis>) -> Self {
        Self { name, rights, expires_at }
    }

    /// The name in the audit list and at the desk.
    pub(in crate::console) fn name(&self) -> &str {
        &self.name
    }

    /// Their rights.
    pub(in crate::console) fn rights(&self) -> &Rights {
        &self.rights
    }

    /// The end of the session; `None` where there is no session.
    pub(in crate::console) fn expires_at(&self) -> Option<UnixMillis> {
        self.expires_at
    }

    /// Whether they have a right.
    pub(in crate::console) fn may(&self, right: Right) -> bool {
        self.rights.has(right)
    }

    /// Requires a right.
    ///
    /// # Errors
    ///
    /// They have not this right: 403, which names it.
    pub(in crate::console) fn demand(&self, right: Right) -> Result<(), ApiError> {
        if self.may(right) { Ok(()) } else { Err(ApiError::missing(right, &self.name)) }
    }

    /// Whether they may see the texts of a conversation. A person at the desk sees those of conversations that persons
    /// have, because nobody can answer what they cannot read.
    pub(in crate::console) fn may_see_texts(&self, is_with_person: bool) -> bool {
        self.may(Right::Bodies) || (is_with_person && self.may(Right::Answer))
    }
}

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut request::Parts, _state: &S) -> Result<Self, ApiError> {
        match parts.extensions.get() {
            Some(Identity(who)) => who.clone(),
            None => Err(ApiError::unauthorized("nobody is logged in")),
        }
    }
}
