//! The portal push API against an HTTP server of the test and the document's own examples.

mod calls;
mod replies;
mod tokens;
