//! The options of the command line.

/// The arguments, which are a few; every use looks for the option again.
pub(crate) struct Options(Vec<String>);

impl Options {
    pub(crate) fn of(arguments: Vec<String>) -> Self {
        Self(arguments)
    }

    /// Whether the option is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument == name)
    }

    /// The value after the option, if the option is there.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|argument| argument == name)?;
        Some(self.0.get(at + 1).expect("a value follows the option"))
    }

    /// The number after the option.
    pub(crate) fn number(&self, name: &str, default: u64) -> u64 {
        self.named(name).map_or(default, |value| value.parse().expect("a number follows the option"))
    }

    /// Whether `--only` does not exclude the target: it may be there more than once.
    pub(crate) fn selects(&self, target: &str) -> bool {
        !self.has("--only") || self.0.windows(2).any(|pair| pair[0] == "--only" && pair[1] == target)
    }
}
