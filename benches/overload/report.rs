//! The report: a row for each phase, and the times at which not all was well.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::{open_loop::Sample, percentile::percentile};

/// The results of one phase.
pub(crate) struct Row {
    name: String,
    span: Duration,
    due: usize,
    /// The latencies, by the outcome of the requests.
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

    /// The number of accepted messages a second.
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

/// The tenths of a second, from the beginning, in which not all was well: a 503, no answer, or a p99 of 50 ms or more.
pub(crate) fn bad_tenths(samples: &[Sample]) -> Vec<u128> {
    let mut tenths = BTreeMap::<_, Vec<&Sample>>::new();
    for sample in samples {
        tenths.entry(sample.due.as_millis() / 100).or_default().push(sample);
    }
    let well = |samples: &[&Sample]| {
        let mut latencies = samples.iter().map(|sample| sample.latency).collect::<Vec<_>>();
        samples.iter().all(|sample| sample.status == Some(200))
            && percentile(&mut latencies, 0.99) < Duration::from_millis(50)
    };
    tenths.into_iter().filter(|(_, samples)| !well(samples)).map(|(tenth, _)| tenth).collect()
}
