//! The table: medians with minimum and maximum, and ratios to the bare endpoint, round by round.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::{database::Inserts, fleet::Usage, load::Load, spread::spread, target::Target};

/// One server in one round.
pub(crate) struct Sample {
    target: Target,
    pub(crate) per_second: f64,
    p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// The share of the requests that were answered 503.
    pub(crate) refused: f64,
    cpu_us: f64,
    /// The time of the database's processes, if the target has a database.
    database_us: f64,
    rss_mib: f64,
}

impl Sample {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(crate) fn new(target: Target, span: Duration, load: &Load, used: &Usage) -> Self {
        let finished = used.finished as f64;
        Self {
            target,
            per_second: finished / span.as_secs_f64(),
            p50_ms: load.p50.as_secs_f64() * 1e3,
            p99_ms: load.p99.as_secs_f64() * 1e3,
            refused: load.refused(),
            cpu_us: used.cpu.as_secs_f64() * 1e6 / finished,
            database_us: used.database.as_secs_f64() * 1e6 / finished,
            rss_mib: used.resident as f64 / f64::from(1 << 20),
        }
    }
}

impl Sample {
    /// The time of the servers and of the database.
    fn all_cpu_us(&self) -> f64 {
        self.cpu_us + self.database_us
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:16} {:8.0}/s  p50 {:6.2} ms  p99 {:6.2} ms  {:4.1} % refused  {:6.1} µs CPU  {:6.1} µs database  {:6.1} MiB",
            self.target.name(),
            self.per_second,
            self.p50_ms,
            self.p99_ms,
            self.refused * 1e2,
            self.cpu_us,
            self.database_us,
            self.rss_mib
        )
    }
}

/// The results of all rounds.
#[derive(Default)]
pub(crate) struct Report {
    samples: BTreeMap<Target, Vec<Sample>>,
    /// The results of `pgbench`, by connections.
    inserts: BTreeMap<usize, Vec<Inserts>>,
}

impl Report {
    pub(crate) fn add(&mut self, target: Target, sample: Sample) {
        self.samples.entry(target).or_default().push(sample);
    }

    /// The database's own baseline in the same round.
    pub(crate) fn add_inserts(&mut self, connections: usize, inserts: Inserts) {
        self.inserts.entry(connections).or_default().push(inserts);
    }

    /// `of` as a ratio to that of another target in the same round.
    fn ratios(&self, samples: &[Sample], to: Target, of: fn(&Sample) -> f64) -> String {
        let Some(others) = self.samples.get(&to) else { return "–".to_owned() };
        spread(samples.iter().zip(others).map(|(sample, other)| of(sample) / of(other)).collect(), 2)
    }

    /// The throughput as a ratio to that of the target's store alone in the same round.
    fn to_store_alone(&self, target: Target, samples: &[Sample]) -> String {
        let alone = target.store_alone().filter(|alone| *alone != target);
        alone.map_or_else(
            || "–".to_owned(),
            |alone| self.ratios(samples, alone, |sample| sample.per_second),
        )
    }

    /// The throughput of the servers on PostgreSQL beside bare inserts, the embedded journal, and one server alone.
    fn write_shared(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n| on PostgreSQL | requests/s | p99 ms | database's CPU µs | all CPU µs | throughput : pgbench | \
             throughput : store alone | throughput : sqlite | all CPU : one replica | all CPU : three apart |\n\
             |---|---|---|---|---|---|---|---|---|---|"
        )?;
        let bare = self.inserts.last_key_value().map_or(&[][..], |(_, inserts)| inserts);
        for (connections, inserts) in self.inserts.iter().rev() {
            let column =
                |of: fn(&Inserts) -> f64, digits| spread(inserts.iter().map(of).collect(), digits);
            let times = inserts.iter().zip(bare);
            writeln!(
                f,
                "| pgbench, {connections} connections | {} | – | {} | – | {} | – | – | – | – |",
                column(|it| it.per_second, 0),
                column(|it| it.database_us, 1),
                spread(times.map(|(few, bare)| few.per_second / bare.per_second).collect(), 2),
            )?;
        }
        for (target, samples) in self.samples.iter().filter(|(target, _)| target.is_shared()) {
            let column =
                |of: fn(&Sample) -> f64, digits| spread(samples.iter().map(of).collect(), digits);
            let times = samples.iter().zip(bare);
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                target.name(),
                column(|sample| sample.per_second, 0),
                column(|sample| sample.p99_ms, 1),
                column(|sample| sample.database_us, 1),
                column(Sample::all_cpu_us, 1),
                spread(times.map(|(sample, bare)| sample.per_second / bare.per_second).collect(), 2),
                self.to_store_alone(*target, samples),
                self.ratios(samples, Target::Sqlite, |sample| sample.per_second),
                self.ratios(samples, Target::Postgres, Sample::all_cpu_us),
                self.ratios(samples, Target::Apart, Sample::all_cpu_us),
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| server | requests/s | p50 ms | p99 ms | CPU µs | RSS MiB | throughput : bare | throughput : store alone | \
             CPU : bare | p99 : bare |\n\
             |---|---|---|---|---|---|---|---|---|---|"
        )?;
        for (target, samples) in &self.samples {
            let column =
                |of: fn(&Sample) -> f64, digits| spread(samples.iter().map(of).collect(), digits);
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                target.name(),
                column(|sample| sample.per_second, 0),
                column(|sample| sample.p50_ms, 2),
                column(|sample| sample.p99_ms, 2),
                column(|sample| sample.cpu_us, 1),
                column(|sample| sample.rss_mib, 0),
                self.ratios(samples, Target::Bare, |sample| sample.per_second),
                self.to_store_alone(*target, samples),
                self.ratios(samples, Target::Bare, |sample| sample.cpu_us),
                self.ratios(samples, Target::Bare, |sample| sample.p99_ms),
            )?;
        }
        if self.inserts.is_empty() { Ok(()) } else { self.write_shared(f) }
    }
}
