//! Long lists of users, worked through in parts of the size that one call takes.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

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
    /// Takes the users from a file with one user a line, - for standard input.
    #[arg(long, value_name = "FILE")]
    users_file: Option<PathBuf>,
    /// Begins with the user at this position of the list, from 1: to go on after a failure. Who is named twice counts once.
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    from: usize,
}

/// Some users of a list in which nobody is twice: those from `first` on.
pub(crate) struct Users {
    all: Vec<UserId>,
    first: usize,
    /// How many were left out, since they were named before.
    repeated: usize,
}

impl List {
    /// The users that were named, and then those in the file.
    pub(crate) fn names(&self, named: &[String]) -> Result<Vec<UserId>, Failure> {
        let mut names: Vec<UserId> = named.iter().map(|user| user.as_str().into()).collect();
        if let Some(path) = &self.users_file {
            names.extend(lines(path)?);
        }
        Ok(names)
    }

    /// Some users of those with these names, each once, in the order of their first names.
    pub(crate) fn users(&self, names: Vec<UserId>) -> Result<Users, Failure> {
        if names.iter().any(|user| user.as_str().is_empty()) {
            let what = anyhow::anyhow!("a user in the list has an empty id");
            return Err(Failure::yours(what).hint("nothing was sent: is a variable of the shell empty?"));
        }
        let named = names.len();
        let mut known = HashSet::with_capacity(named);
        let all: Vec<UserId> = names.into_iter().filter(|user| known.insert(user.clone())).collect();
        let first = self.from.wrapping_sub(1);
        if first >= all.len() {
            let what = anyhow::anyhow!("there is no user at position {} of {}", self.from, all.len());
            return Err(Failure::yours(what).hint("positions are from 1, in the order of the list"));
        }
        let repeated = named - all.len();
        Ok(Users { all, first, repeated })
    }
}

fn lines(path: &Path) -> Result<Vec<UserId>, Failure> {
    let text = String::from_utf8(calls::read(path)?).map_err(|error| {
        Failure::yours(error)
            .at(format!("{} is not text", calls::shown(path)))
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
        if sent {
            self.print_done(options, users.len());
        }
        Ok(())
    }

    fn print_done(&self, options: &Options, done: usize) {
        if options.json {
            println!("{}", json!({ "total": self.listed(), "done": done, "repeated": self.repeated }));
            return;
        }
        let repeated = match self.repeated {
            0 => String::new(),
            1 => ", 1 was named twice".to_owned(),
            more => format!(", {more} repetitions were left out"),
        };
        println!("done for {done} user(s){repeated}");
    }

    /// What to say when the part after `done` users failed.
    fn stopped(&self, options: &Options, done: usize, part: usize, cause: ClientError) -> Failure {
        let (from, total) = (self.first + done + 1, self.listed());
        let to = from + part - 1;
        if options.json {
            let failed = json!({ "from": from, "to": to, "error": cause.to_string() });
            println!(
                "{}",
                json!({ "total": total, "done": done, "repeated": self.repeated, "failed": failed, "not_tried": total - to })
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
