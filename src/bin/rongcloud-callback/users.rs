//! Long lists of users, worked through in parts of the size that one call takes.

use std::path::{Path, PathBuf};

use clap::Args;
use rongcloud_callback::{client::ClientError, ids::UserId};
use serde_json::json;

use crate::{
    calls::{self, Options},
    failure::Failure,
    progress,
};

/// Where a long list comes from, and where in it to begin.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// A file with one user a line, - for standard input.
    #[arg(long, value_name = "FILE")]
    users_file: Option<PathBuf>,
    /// Begins with the user at this position of the list, from 1: to go on after a failure.
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    from: usize,
}

/// Some users of a list: those from `first` on.
pub(crate) struct Users {
    all: Vec<UserId>,
    first: usize,
}

impl List {
    /// The users that were named, and then those in the file.
    pub(crate) fn users(&self, named: &[String]) -> Result<Users, Failure> {
        let mut all: Vec<UserId> = named.iter().map(|user| user.as_str().into()).collect();
        if let Some(path) = &self.users_file {
            all.extend(lines(path)?);
        }
        let first = self.from.wrapping_sub(1);
        if first >= all.len() {
            let what = anyhow::anyhow!("there is no user at position {} of {}", self.from, all.len());
            return Err(Failure::yours(what).hint("positions are from 1, in the order of the list"));
        }
        Ok(Users { all, first })
    }
}

fn lines(path: &Path) -> Result<Vec<UserId>, Failure> {
    let text = String::from_utf8(calls::read(path)?).map_err(|error| {
        Failure::yours(error)
            .at(format!("{} is not text", path.display()))
            .hint("write one user id a line, in UTF-8")
    })?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(UserId::from).collect())
}

impl Users {
    /// How many the list has, wherever in it to begin.
    pub(crate) fn listed(&self) -> usize {
        self.all.len()
    }

    /// Makes one call for each `size` users, one after the other, and prints how far it got.
    pub(crate) async fn in_parts(
        &self,
        options: &Options,
        size: usize,
        call: impl AsyncFn(&[UserId]) -> Result<(), ClientError>,
    ) -> Result<(), Failure> {
        let users = &self.all[self.first..];
        let bar = progress::bar(users.len());
        let mut sent = true;
        for (index, part) in users.chunks(size).enumerate() {
            match call(part).await {
                Ok(()) => bar.inc(part.len() as u64),
                Err(ClientError::Unsent(unsent)) => {
                    sent = false;
                    options.print_unsent(&unsent)?;
                }
                Err(cause) => {
                    bar.finish_and_clear();
                    return Err(self.stopped(options, index * size, part.len(), cause));
                }
            }
        }
        bar.finish_and_clear();
        match (sent, options.json) {
            (true, true) => println!("{}", json!({ "total": self.listed(), "done": users.len() })),
            (true, false) => println!("done for {} user(s)", users.len()),
            (false, _) => {}
        }
        Ok(())
    }

    /// What to say when the part after `done` users failed.
    fn stopped(&self, options: &Options, done: usize, part: usize, cause: ClientError) -> Failure {
        let (from, total) = (self.first + done + 1, self.listed());
        let to = from + part - 1;
        if options.json {
            let failed = json!({ "from": from, "to": to, "error": cause.to_string() });
            println!(
                "{}",
                json!({ "total": total, "done": done, "failed": failed, "not_tried": total - to })
            );
        }
        let failure = Failure::from(cause);
        if part == total {
            return failure;
        }
        let failure = failure.at(format!(
            "it failed for the users {from} to {to} of {total}; {done} before them are done, {} after them were not tried",
            total - to
        ));
        let failure = if done > 0 { failure.half_way() } else { failure };
        if from == 1 {
            return failure;
        }
        failure.then(&format!("go on with the same command and --from {from}"))
    }
}
