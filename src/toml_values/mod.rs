//! Values that people write in TOML: reading them, and saying what is wrong with them and what would be right.

mod deserialize;
pub(crate) mod duration;
mod examples;
mod mistake;
mod one_or_many;
mod problem;
mod unknown_key;
mod wording;

pub use self::problem::Problem;
pub(crate) use self::{
    deserialize::deserialize, examples::Examples, one_or_many::OneOrMany, unknown_key::unknown_key,
};
