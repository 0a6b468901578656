//! The table: medians with minimum and maximum, and ratios to the bare endpoint, round by round.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::{
    load::Load,
    serve::{Target, Usage},
};

/// One server in one round.
pub(crate) struct Sample {
    target: Target,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
    rss_mib: f64,
}

impl Sample {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(crate) fn new(target: Target, span: Duration, load: &Load, used: &Usage) -> Self {
        let finished = used.finished as f64;
        Self {
            target,
            per_second: finished / span.as_secs_f64(),
            p50_ms: load.percentile(0.5).as_secs_f64() * 1e3,
            p99_ms: load.percentile(0.99).as_secs_f64() * 1e3,
            cpu_us: used.cpu.as_secs_f64() * 1e6 / finished,
            rss_mib: used.resident as f64 / f64::from(1 << 20),
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:8} {:8.0}/s  p50 {:6.2} ms  p99 {:6.2} ms  {:6.1} µs CPU  {:6.1} MiB",
            self.target.name(),
            self.per_second,
            self.p50_ms,
            self.p99_ms,
            self.cpu_us,
            self.rss_mib
        )
    }
}

/// All rounds.
#[derive(Default)]
pub(crate) struct Report(BTreeMap<Target, Vec<Sample>>);

impl Report {
    pub(crate) fn add(&mut self, target: Target, sample: Sample) {
        self.0.entry(target).or_default().push(sample);
    }

    /// `of` as a ratio to the bare endpoint of the same round.
    fn ratios(&self, samples: &[Sample], of: fn(&Sample) -> f64) -> String {
        let Some(bare) = self.0.get(&Target::Bare) else { return "–".to_owned() };
        spread(samples.iter().zip(bare).map(|(sample, bare)| of(sample) / of(bare)).collect(), 2)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| server | requests/s | p50 ms | p99 ms | CPU µs | RSS MiB | throughput : bare | CPU : bare |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|")?;
        for (target, samples) in &self.0 {
            let column =
                |of: fn(&Sample) -> f64, digits| spread(samples.iter().map(of).collect(), digits);
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                target.name(),
                column(|sample| sample.per_second, 0),
                column(|sample| sample.p50_ms, 2),
                column(|sample| sample.p99_ms, 2),
                column(|sample| sample.cpu_us, 1),
                column(|sample| sample.rss_mib, 0),
                self.ratios(samples, |sample| sample.per_second),
                self.ratios(samples, |sample| sample.cpu_us),
            )?;
        }
        write!(f, "Each: median (minimum to maximum).")
    }
}

fn spread(mut values: Vec<f64>, digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    let (least, most) = (values[0], values[values.len() - 1]);
    format!("{:.digits$} ({least:.digits$} to {most:.digits$})", values[values.len() / 2])
}
