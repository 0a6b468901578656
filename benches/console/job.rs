//! Many dead letters revived by a filter, beside callbacks.

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};

use crate::{
    load::{Acks, Load},
    reader::Reader,
};

/// How often the progress is looked at.
const EVERY: Duration = Duration::from_secs(5);

/// The result of a job, and the acknowledgements meanwhile and before, for as long.
#[derive(Debug)]
pub(crate) struct Revival {
    pub(crate) revived: u64,
    /// Dead letters that were revived a second.
    pub(crate) per_second: f64,
    pub(crate) undisturbed: Acks,
    pub(crate) acks: Acks,
}

/// Revives the largest group of the Inbox's dead letters, at most `rate` of them a second.
pub(crate) fn revive(console: SocketAddr, load: Load, round: u64, rate: u64) -> Revival {
    let (filter, count) = select(&mut Reader::connect(console));
    // A database has work of its own now and then, which a short span would miss.
    let span = Duration::from_secs(count["count"].as_u64().expect("a number") / rate);
    let undisturbed = load.run(span);
    let mut reader = Reader::connect(console);
    let mut job = start(&mut reader, &filter, &count, (round, rate));
    let mut acks = Acks::default();
    while job["state"] == "running" {
        let (more, jobs) = load.run_beside(EVERY, || reader.json("jobs"));
        acks.add(&more);
        let jobs = jobs["jobs"].as_array().expect("a list of jobs");
        job = jobs.iter().find(|it| it["id"] == job["id"]).expect("our job").clone();
        eprintln!("{} of {} revived, {} skipped", job["done"], job["total"], job["skipped"]);
    }
    assert_eq!(job["state"], "done");
    let number = |name: &str| job[name].as_u64().expect("a number");
    let took = Duration::from_millis(number("ended_at") - number("created_at"));
    let revived = number("done");
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let per_second = revived as f64 / took.as_secs_f64();
    Revival { revived, per_second, undisturbed, acks }
}

/// The filter of the dead letters to revive, and their count.
fn select(reader: &mut Reader) -> (Value, Value) {
    let groups = reader.json("dead-letters");
    let groups = groups["groups"].as_array().expect("a list of groups");
    let group = groups.iter().find(|group| group["queue"] == "inbox").expect("dead messages");
    let filter = json!({"state": "dead", "group": group["group"]});
    let count = reader.post("jobs/count", "count", &json!({"action": "revive", "filter": filter}));
    (filter, count)
}

fn start(reader: &mut Reader, filter: &Value, count: &Value, (round, rate): (u64, u64)) -> Value {
    let (total, until) = (&count["count"], &count["until"]);
    let job =
        json!({"action": "revive", "filter": filter, "total": total, "until": until, "rate": rate});
    // No other run of the benchmark has the same key.
    let key = format!("bench {round} {until}");
    reader.post("jobs", &key, &job)
}
