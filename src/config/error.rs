//! What is wrong with a configuration, all of it at once, and how to mend it.

use std::{fmt, io, path::PathBuf};

/// One thing that is wrong, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the key, such as `server.listen` or `apps[0].key`.
    pub key: String,
    /// Line of the user's file, where the key stands in it; from 1.
    pub line: Option<usize>,
    /// What is wrong, and what would come of it.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl Problem {
    pub(super) fn new(key: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { key: key.into(), line: None, what: what.into(), hint: hint.into() }
    }
}

/// Why there is no usable configuration. No variant carries a secret.
///
/// Its `Debug` is as readable as its `Display`: it is what a `main` that returns this error shows.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not UTF-8.
    #[error("{}:{line}: the configuration file is not UTF-8, but {encoding}", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The line with the first byte that does not fit, from 1.
        line: usize,
        /// What the bytes look like.
        encoding: &'static str,
    },
    /// The file is not TOML.
    #[error("{}:{line}:{column}: not TOML: {message}", file_name(file.as_ref()))]
    Syntax {
        /// The file; `None` for a configuration given as text.
        file: Option<PathBuf>,
        /// Where, from 1.
        line: usize,
        /// Where in the line, from 1.
        column: usize,
        /// What the parser expected.
        message: String,
    },
    /// It says something that cannot be, or does not say what it must.
    #[error("{}", Listing { file: file.as_ref(), problems })]
    Invalid {
        /// The file; `None` for a configuration given as text.
        file: Option<PathBuf>,
        /// What is wrong, all of it.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// What is wrong with the content; empty where it could not be read at all.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            Self::Read { .. } | Self::Encoding { .. } | Self::Syntax { .. } => &[],
        }
    }

    /// The same error, with the file it is about.
    pub(super) fn in_file(mut self, path: PathBuf) -> Self {
        if let Self::Syntax { file, .. } | Self::Invalid { file, .. } = &mut self {
            *file = Some(path);
        }
        self
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { source, .. } => write!(f, "{self}: {source}"),
            Self::Encoding { .. } | Self::Syntax { .. } | Self::Invalid { .. } => write!(f, "{self}"),
        }
    }
}

/// The problems as an operator reads them: two lines each.
struct Listing<'a> {
    file: Option<&'a PathBuf>,
    problems: &'a [Problem],
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems {
            [_] => f.write_str("the configuration has a problem:")?,
            problems => write!(f, "the configuration has {} problems:", problems.len())?,
        }
        for problem in self.problems {
            f.write_str("\n  ")?;
            if let Some(line) = problem.line {
                write!(f, "{}:{line}: ", file_name(self.file))?;
            }
            write!(f, "{}: {}\n    hint: {}", problem.key, problem.what, problem.hint)?;
        }
        Ok(())
    }
}

fn file_name(file: Option<&PathBuf>) -> String {
    file.map_or_else(|| "configuration".to_owned(), |path| path.display().to_string())
}
