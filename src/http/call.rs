//! The name of a call in errors and logs.

use std::fmt;

/// A call that was made, as people may see it: without the query, which carries signatures and tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call(Box<Target>); // boxed, so that results with an error stay small

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Target {
    base: String,
    path: &'static str,
}

impl Call {
    /// The call of `path` below the base address that errors name as `base`.
    pub(crate) fn new(base: &str, path: &'static str) -> Self {
        Self(Box::new(Target { base: base.to_owned(), path }))
    }

    /// The server that the call went to, such as `https://api.example.com`.
    ///
    /// A path of the base address may contain a key, so it is shown as `/…`.
    pub fn base(&self) -> &str {
        &self.0.base
    }

    /// The path below the base address, such as `/message/operation/send.json`.
    pub fn path(&self) -> &'static str {
        self.0.path
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "POST {}{}", self.base(), self.path())
    }
}
