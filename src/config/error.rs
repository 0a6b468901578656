//! The errors of a configuration: all of its problems at once, each with what to write instead.

use std::{fmt, io, path::PathBuf};

use crate::toml_values::Problem;

/// A configuration that cannot be used. No variant contains a secret.
///
/// Its `Debug` is as readable as its `Display`: it is what a `main` that returns this error shows.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not UTF-8.
    #[error("{}:{line}: the configuration file is not UTF-8, but {encoding}", path.display())]
    Encoding {
        /// The path of the file.
        path: PathBuf,
        /// The line with the first byte that does not fit, from 1.
        line: usize,
        /// The encoding that the bytes look like.
        encoding: &'static str,
    },
    /// The file is not TOML.
    #[error("{}:{line}:{column}: not TOML: {message}", file_name(file.as_ref()))]
    Syntax {
        /// The path of the file; `None` for a configuration given as text.
        file: Option<PathBuf>,
        /// The line of the mistake, from 1.
        line: usize,
        /// The column of the mistake, from 1.
        column: usize,
        /// The words of the parser.
        message: String,
    },
    /// Values are wrong or missing.
    #[error("{}", Listing { file: file.as_ref(), problems })]
    Invalid {
        /// The path of the file; `None` for a configuration given as text.
        file: Option<PathBuf>,
        /// All problems, in the order of the file.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// The problems of the values; none if the text as a whole could not be read.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            Self::Read { .. } | Self::Encoding { .. } | Self::Syntax { .. } => &[],
        }
    }

    /// Adds the path of the file.
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

/// The problems as an operator reads them, two lines each.
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
