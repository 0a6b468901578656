//! The wire, against the documents' examples, arbitrary input, and hostile input.

mod examples;
mod hostile;
mod properties;
mod wire;
