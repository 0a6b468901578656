//! Whether a long history on PostgreSQL costs anything: the same load beside a short one and beside a long one.

use std::fmt::Write;

use crate::{report::Sample, spread::spread, stock::Stock, target::Target};

const SHORT: u64 = 1000;

/// Measures accepting, and leasing and finishing, beside a thousand finished entries and beside so many, in turns.
pub(crate) fn compare(history: u64, rounds: u64, measure: impl Fn(Target, Stock) -> Sample) -> String {
    let mut table = format!(
        "| | {SHORT} finished: requests/s | p99 ms | {history} finished: requests/s | p99 ms | ratio |\n\
         |---|---|---|---|---|---|\n"
    );
    for target in [Target::Postgres, Target::PostgresHandled] {
        let mut all = Vec::new();
        for round in 1..=rounds {
            // The one that comes first is another one each time.
            let mut pair = [SHORT, history];
            let turned = round % 2 == 0;
            if turned {
                pair.reverse();
            }
            let mut samples = pair.map(|history| {
                let sample = measure(target, Stock { backlog: 0, history });
                eprintln!("round {round}, {history:8} finished: {sample}");
                sample
            });
            if turned {
                samples.reverse();
            }
            all.push(samples);
        }
        let column = |of: fn(&[Sample; 2]) -> f64, digits| spread(all.iter().map(of).collect(), digits);
        writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} |",
            target.name(),
            column(|[short, _]| short.per_second, 0),
            column(|[short, _]| short.p99_ms, 1),
            column(|[_, long]| long.per_second, 0),
            column(|[_, long]| long.p99_ms, 1),
            column(|[short, long]| long.per_second / short.per_second, 2),
        )
        .expect("writing to a string");
    }
    table + "Each: median (minimum to maximum)."
}
