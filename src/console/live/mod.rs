//! Live events, for those who watch: new entries, the steps of this server, and hints that something has changed.
//!
//! The steps are those of this server's workers. New entries are found in the journal twice a second while somebody
//! listens, so that those of other servers on the journal are among them. While nobody listens, nothing is looked for and
//! no step is told.

mod change;
mod event;
mod events;
mod listener;
mod watch;

pub(crate) use self::{
    change::{Change, Changes},
    event::Event,
    events::Events,
    listener::Listener,
    watch::{Watch, newest},
};
