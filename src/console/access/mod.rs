//! Access to the console: tokens, sessions, this machine, and requests that another site makes a browser send.

mod browser;
mod gate;
mod local;
mod session_cookie;
mod throttle;
mod who;

pub(super) use self::{
    gate::{Access, check},
    who::Who,
};
