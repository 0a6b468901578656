//! The console: the operators' page and its JSON API, on the listener of the metrics.
//!
//! Operators see what happened to every message, and why it is not done yet. They revive and discard entries, one or
//! many, answer the conversations that the bot has handed over, and pause sending. The page is at `/`, the API below
//! `/api/v1`, described in OpenAPI at `/api/v1/openapi.json`. [`api`] has the types of both directions.
//!
//! # Who may what
//!
//! A token of `admin.tokens` has a name and [rights](crate::config::Right), which are checked for each request. The page
//! makes a session of a token; scripts send the token itself (`Authorization: Bearer …`). Without any token, and on loopback,
//! everybody on this machine may do everything. Every action, and every look at what users wrote, is in the audit list.

mod access;
pub mod api;
mod assets;
mod audit;
mod background;
mod body;
mod chat;
pub mod client;
mod conversation_id;
mod error;
mod facts;
mod job_filter;
mod jobs;
mod json_body;
mod live;
mod needles;
mod options;
mod reading;
mod router;
mod routes;
mod rows;
mod search;
mod selection;
mod session;
mod state;
mod story;
mod texts;
mod why;

pub(crate) use self::{
    background::Background,
    live::Events,
    options::Options,
    router::{Parts, router},
};
pub use self::{
    error::ErrorBody,
    session::{KnownAccount, Session},
    story::tell_story,
};
