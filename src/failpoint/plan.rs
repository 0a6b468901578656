//! The plan of a test: which fault happens at which point, read from the environment.
//!
//! `RONGCLOUD_CALLBACK_FAULTS="Parsed=panic@20,abort@2;Sent=error#1"`: of a thousand times that a callback is parsed,
//! about 20 panic and 2 end the process; the first time that a reply was sent counts as an error.

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

use super::{Injected, Point};

static PLAN: LazyLock<Vec<Fault>> = LazyLock::new(|| {
    let written = std::env::var_os("RONGCLOUD_CALLBACK_FAULTS").unwrap_or_default();
    parse(&written.to_string_lossy())
});

/// Something that happens at a point, sometimes.
#[derive(Debug)]
struct Fault {
    /// The name of its [`Point`].
    point: String,
    action: Action,
    when: When,
    reached: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Action {
    Error,
    Panic,
    Abort,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    /// So often in a thousand times, by chance.
    PerMille(u64),
    /// This time, counted from 1.
    Nth(u64),
}

pub(super) fn reach(point: Point) -> Result<(), Injected> {
    due(point).map_or(Ok(()), |action| happen(point, action))
}

fn due(point: Point) -> Option<Action> {
    let name = format!("{point:?}");
    let here = PLAN.iter().filter(|fault| fault.point == name);
    // All of them count, whichever comes first.
    let due: Vec<_> = here.filter(|fault| fault.is_due()).map(|fault| fault.action).collect();
    due.first().copied()
}

#[expect(clippy::print_stderr, reason = "a test looks for what has happened, whatever the program logs")]
fn happen(point: Point, action: Action) -> Result<(), Injected> {
    eprintln!("fault: {point:?} {action:?}");
    match action {
        Action::Error => Err(Injected),
        Action::Panic => panic!("a test wanted a panic"),
        Action::Abort => std::process::abort(),
    }
}

impl Fault {
    fn is_due(&self) -> bool {
        let number = self.reached.fetch_add(1, Ordering::Relaxed) + 1;
        match self.when {
            When::PerMille(share) => rand::random_range(0..1000) < share,
            When::Nth(nth) => number == nth,
        }
    }
}

/// Panics at what it does not understand: a test that plans nothing would prove nothing.
fn parse(written: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for place in written.split(';').filter(|place| !place.is_empty()) {
        let (point, actions) = place.split_once('=').unwrap_or_else(|| panic!("no `=` in {place:?}"));
        faults.extend(actions.split(',').map(|action| fault(point, action)));
    }
    faults
}

fn fault(point: &str, written: &str) -> Fault {
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("no number in {written:?}"));
    let (action, when) = match (written.split_once('@'), written.split_once('#')) {
        (Some((action, share)), _) => (action, When::PerMille(number(share))),
        (None, Some((action, nth))) => (action, When::Nth(number(nth))),
        (None, None) => panic!("neither `@` nor `#` in {written:?}"),
    };
    let action = match action {
        "error" => Action::Error,
        "panic" => Action::Panic,
        "abort" => Action::Abort,
        other => panic!("no action is called {other:?}"),
    };
    Fault { point: point.to_owned(), action, when, reached: AtomicU64::new(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_names_points_actions_and_times() {
        let plan = parse("Parsed=panic@20,abort#2;Sent=error#1");
        let said: Vec<_> = plan.iter().map(|it| (it.point.as_str(), it.action, it.when)).collect();
        assert_eq!(
            said,
            [
                ("Parsed", Action::Panic, When::PerMille(20)),
                ("Parsed", Action::Abort, When::Nth(2)),
                ("Sent", Action::Error, When::Nth(1)),
            ]
        );
        assert_eq!((0..3).map(|_| plan[1].is_due()).collect::<Vec<_>>(), [false, true, false]);
    }
}
