//! The samples of the run as rows of CSV, and their first tenth beside their last.

use std::{fmt::Write as _, time::Instant};

use crate::{
    Progress,
    server::{Server, Usage},
};

pub(crate) const HEADER: &str =
    "answered,per_second,p50_ms,p99_ms,cpu_us,rss_mib,database_mib,wal_mib,waiting,kept";
/// The columns whose medians are compared, by name and place.
const COMPARED: [(&str, usize); 7] = [
    ("messages/s", 0),
    ("p50 ms", 1),
    ("p99 ms", 2),
    ("CPU µs a message", 3),
    ("RSS MiB", 4),
    ("database MiB", 5),
    ("WAL MiB", 6),
];
const COLUMNS: usize = 9;

/// All rows so far.
pub(crate) struct Samples {
    rows: Vec<[f64; COLUMNS]>,
    answered: u64,
    at: Instant,
    usage: Usage,
}

impl Samples {
    /// Samples that begin now, from the `usage` of now.
    pub(crate) fn new(usage: Usage) -> Self {
        Self { rows: Vec::new(), answered: 0, at: Instant::now(), usage }
    }

    /// Takes a sample after so many replies. Returns its row.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(crate) fn add(&mut self, answered: u64, progress: &Progress, server: &Server) -> String {
        let (usage, totals) = (server.usage(), server.totals());
        let messages = (answered - self.answered) as f64;
        let mut latencies = progress.take_latencies();
        latencies.sort_unstable();
        let [p50, p99] = [50, 99].map(|percent| {
            let at = latencies.len() * percent / 100;
            latencies.get(at).map_or(0.0, |micros| f64::from(*micros) / 1e3)
        });
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let cpu = usage.cpu.saturating_sub(self.usage.cpu);
        let row = [
            messages / self.at.elapsed().as_secs_f64(),
            p50,
            p99,
            cpu.as_secs_f64() * 1e6 / messages,
            mib(usage.resident),
            mib(usage.files[0]),
            mib(usage.files[1]),
            totals.pending as f64,
            totals.kept as f64,
        ];
        *self = Self { rows: std::mem::take(&mut self.rows), answered, at: Instant::now(), usage };
        self.rows.push(row);
        let values = row.map(|value| format!("{value:.2}"));
        format!("{answered},{}", values.join(","))
    }

    /// The medians of the first and the last tenth.
    pub(crate) fn comparison(&self) -> String {
        let tenth = self.rows.len().div_ceil(10);
        let (first, last) = (&self.rows[..tenth], &self.rows[self.rows.len() - tenth..]);
        let mut table =
            String::from("| | first tenth | last tenth | last : first |\n|---|---|---|---|\n");
        for (name, column) in COMPARED {
            let [first, last] = [first, last].map(|rows| {
                let mut values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            });
            let _ = writeln!(table, "| {name} | {first:.1} | {last:.1} | {:.2} |", last / first);
        }
        table
    }
}
