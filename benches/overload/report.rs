//! A row for each phase, and how soon everything was well again.

use std::{fmt, time::Duration};

use crate::open_loop::Sample;

/// What happened in one phase.
pub(crate) struct Row {
    name: String,
    span: Duration,
    due: usize,
    /// Latencies by what became of the requests.
    accepted: Vec<Duration>,
    refused: Vec<Duration>,
    resident: u64,
}

impl Row {
    pub(crate) fn new(name: &str, span: Duration, samples: &[Sample], resident: u64) -> Self {
        let of = |status: u16| {
            let those = samples.iter().filter(|sample| sample.status == Some(status));
            let mut latencies: Vec<_> = those.map(|sample| sample.latency).collect();
            latencies.sort_unstable();
            latencies
        };
        let (accepted, refused) = (of(200), of(503));
        Self { name: name.to_owned(), span, due: samples.len(), accepted, refused, resident }
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.len() as u64
    }

    /// Accepted ones a second.
    pub(crate) fn per_second(&self) -> f64 {
        rate(self.accepted.len(), self.span)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn rate(count: usize, span: Duration) -> f64 {
    count as f64 / span.as_secs_f64()
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, span, due, accepted, refused, resident } = self;
        let unanswered = due - accepted.len() - refused.len();
        let ms = |latencies: &[Duration], share| {
            let latency = percentile(&mut latencies.to_vec(), share);
            format!("{:.1}", latency.as_secs_f64() * 1e3)
        };
        write!(
            f,
            "| {name} | {:.0} | {:.0} | {:.0} | {unanswered} | {} | {} | {} | {} | {} |",
            rate(*due, *span),
            rate(accepted.len(), *span),
            rate(refused.len(), *span),
            ms(accepted, 0.5),
            ms(accepted, 0.99),
            ms(accepted, 1.0),
            ms(refused, 0.99),
            resident >> 20,
        )
    }
}

pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| load | due/s | accepted/s | 503/s | unanswered | accepted p50 ms | p99 ms | max ms | 503 p99 ms | RSS MiB |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        table.extend([row.to_string().as_str(), "\n"]);
    }
    table
}

/// Seconds from the beginning to the end of the last tenth of a second in which not all was well.
pub(crate) fn recovery(samples: &[Sample]) -> f64 {
    let last = samples.iter().map(|sample| sample.due.as_millis() / 100).max().unwrap_or(0);
    let well = |tenth: u128| {
        let due = samples.iter().filter(|sample| sample.due.as_millis() / 100 == tenth);
        let mut latencies = Vec::new();
        for sample in due {
            if sample.status != Some(200) {
                return false;
            }
            latencies.push(sample.latency);
        }
        percentile(&mut latencies, 0.99) < Duration::from_millis(50)
    };
    let bad = (0..=last).rev().find(|tenth| !well(*tenth));
    bad.map_or(0.0, |tenth| {
        Duration::from_millis(100).as_secs_f64()
            * f64::from(u32::try_from(tenth + 1).unwrap_or(u32::MAX))
    })
}

/// The latency that a share of `latencies` did not exceed; sorts them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index below the length"
)]
fn percentile(latencies: &mut [Duration], share: f64) -> Duration {
    latencies.sort_unstable();
    match latencies {
        [] => Duration::ZERO,
        _ => latencies[((latencies.len() - 1) as f64 * share) as usize],
    }
}
