//! Jobs: what an operator has asked to be done with many entries, done step by step.

mod runner;
#[cfg(test)]
mod tests;

pub(crate) use self::runner::JobRunner;
