//! The callbacks of all apps: an `axum` router that verifies, keeps and acknowledges.
//!
//! The limits on a message (its size, its time, how many at once) hold in here, whatever serves the router: the
//! listener of this crate, or a foreign `axum` program that nests it.
//!
//! # Design
//!
//! The limits are no tower layers. A layer such as a body limit, a time-out or load shedding runs before or after the
//! whole service, but here their order within the service is what protects it: nothing is read before the signature is
//! verified, nothing is shed that the platform would not send again, and a body that does not come takes no place of
//! those that wait for the journal. Layers would also answer by themselves, without the reason that metrics, the log and
//! the platform's form of an error need. So all of it is one function, [`receive::Receiver::receive`].

mod ack;
mod body;
mod client_address;
mod conflicts;
mod dead_letter;
mod endpoint;
mod id_limit;
mod not_found;
mod options;
mod outcomes;
mod parsed_body;
mod reason;
mod receive;
mod rejection;
mod replay;
mod response;
mod shared_state;

pub use self::{
    endpoint::Callbacks,
    options::{EndpointOptions, Options},
};
