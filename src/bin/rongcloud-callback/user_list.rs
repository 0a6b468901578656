//! Long lists of users, sent in parts of the size that one call takes.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use clap::Args;
use rongcloud_callback::{client::ClientError, ids::UserId};
use serde_json::json;

use crate::{api_options::ApiOptions, failure::Failure, input, progress};

/// The arguments that name a long list, and the position at which to begin.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Takes the users from a file with one user a line, - for standard input.
    #[arg(long, value_name = "FILE")]
    users_file: Option<PathBuf>,
    /// Begins with the user at this position of the list, from 1: to go on after a failure. Who is named twice counts once.
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    from: usize,
}

/// A list of users without repetitions, from which those from `first` on are taken.
pub(crate) struct UserList {
    all: Vec<UserId>,
    /// The index of the first user to take.
    first: usize,
    /// The number of repetitions that were left out.
    repeated: usize,
}

impl ListArguments {
    /// The users that the command names, followed by those in the file.
    pub(crate) fn names(&self, named: &[String]) -> Result<Vec<UserId>, Failure> {
        let mut names: Vec<UserId> = named.iter().map(|user| user.as_str().into()).collect();
        if let Some(path) = &self.users_file {
            names.extend(lines(path)?);
        }
        Ok(names)
    }

    /// The list of these users without repetitions, in the order in which they are named first.
    pub(crate) fn users(&self, names: Vec<UserId>) -> Result<UserList, Failure> {
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
        Ok(UserList { all, first, repeated })
    }
}

/// The lines of a file that are not empty.
fn lines(path: &Path) -> Result<Vec<UserId>, Failure> {
    let text = String::from_utf8(input::read(path)?).map_err(|error| {
        Failure::yours(error)
            .at(format!("{} is not text", input::display_name(path)))
            .hint("write one user id a line, in UTF-8")
    })?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(UserId::from).collect())
}

impl UserList {
    /// The number of users in the whole list.
    pub(crate) fn total(&self) -> usize {
        self.all.len()
    }

    /// Makes one call for each `size` users, one after the other, and prints the result.
    pub(crate) async fn in_parts(
        &self,
        options: &ApiOptions,
        size: usize,
        call: impl AsyncFn(&[UserId]) -> Result<(), ClientError>,
    ) -> Result<(), Failure> {
        let users = &self.all[self.first..];
        let bar = progress::bar(users.len());
        let mut is_sent = true;
        for (index, part) in users.chunks(size).enumerate() {
            match call(part).await {
                Ok(()) => bar.inc(part.len() as u64),
                Err(ClientError::Unsent(unsent)) => {
                    is_sent = false;
                    options.print_unsent(&unsent)?;
                }
                Err(cause) => {
                    bar.finish_and_clear();
                    return Err(self.part_error(options, index * size, part.len(), cause));
                }
            }
        }
        bar.finish_and_clear();
        if is_sent {
            self.print_done(options, users.len());
        }
        Ok(())
    }

    fn print_done(&self, options: &ApiOptions, done: usize) {
        if options.json {
            println!("{}", json!({ "total": self.total(), "done": done, "repeated": self.repeated }));
            return;
        }
        let repeated = match self.repeated {
            0 => String::new(),
            1 => ", 1 was named twice".to_owned(),
            more => format!(", {more} repetitions were left out"),
        };
        println!("done for {done} user(s){repeated}");
    }

    /// The failure of the part after the first `done` users.
    fn part_error(&self, options: &ApiOptions, done: usize, part: usize, cause: ClientError) -> Failure {
        let (from, total) = (self.first + done + 1, self.total());
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
