//! The tables: medians of the rounds with minimum and maximum.

use std::fmt;

use crate::{job::Revival, load::Acks, percentile::percentile, reader::Answers, spread::spread};

/// One kind of request in one round, with the acknowledgements meanwhile and just before.
pub(crate) struct Sample {
    pub(crate) answers: Answers,
    pub(crate) undisturbed: Acks,
    pub(crate) beside: Acks,
    /// The most memory that the server has had until then, in bytes.
    pub(crate) memory: u64,
}

/// The results of all rounds.
#[derive(Default)]
pub(crate) struct Report {
    /// The samples of each route, round by round.
    samples: Vec<(&'static str, Vec<Sample>)>,
    revivals: Vec<Revival>,
    undisturbed: Acks,
    beside: Acks,
}

impl Sample {
    fn ms(&self, share: f64) -> f64 {
        percentile(&mut self.answers.latencies.clone(), share).as_secs_f64() * 1e3
    }

    fn ratio(&self) -> f64 {
        self.beside.ms(0.99) / self.undisturbed.ms(0.99)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:6} answers  p50 {:7.1} ms  p99 {:7.1} ms  ack p99 {:6.1} ms, undisturbed {:6.1} ms  at most {} MiB",
            self.answers.latencies.len(),
            self.ms(0.5),
            self.ms(0.99),
            self.beside.ms(0.99),
            self.undisturbed.ms(0.99),
            self.memory >> 20
        )
    }
}

impl Report {
    pub(crate) fn add(&mut self, route: &'static str, sample: Sample) {
        self.undisturbed.add(&sample.undisturbed);
        self.beside.add(&sample.beside);
        match self.samples.iter_mut().find(|(name, _)| *name == route) {
            Some((_, samples)) => samples.push(sample),
            None => self.samples.push((route, vec![sample])),
        }
    }

    pub(crate) fn add_revival(&mut self, revival: Revival) {
        self.revivals.push(revival);
    }

    fn write_routes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| first page of | p50 ms | p99 ms | answers | KiB | ack p99 ms | undisturbed p99 ms | ratio |\n\
             |---|---|---|---|---|---|---|---|"
        )?;
        for (name, samples) in &self.samples {
            let column =
                |of: fn(&Sample) -> f64, digits| spread(samples.iter().map(of).collect(), digits);
            let answers: usize = samples.iter().map(|sample| sample.answers.latencies.len()).sum();
            let longest = samples.iter().map(|sample| sample.answers.longest).max().unwrap_or_default();
            writeln!(
                f,
                "| {name} | {} | {} | {answers} | {} | {} | {} | {} |",
                column(|sample| sample.ms(0.5), 1),
                column(|sample| sample.ms(0.99), 1),
                longest.div_ceil(1024),
                column(|sample| sample.beside.ms(0.99), 1),
                column(|sample| sample.undisturbed.ms(0.99), 1),
                column(Sample::ratio, 2),
            )?;
        }
        let [beside, undisturbed] = [&self.beside, &self.undisturbed].map(|acks| acks.ms(0.99));
        writeln!(
            f,
            "| all together | – | – | – | – | {beside:.1} | {undisturbed:.1} | {:.2} |",
            beside / undisturbed
        )
    }

    fn write_revivals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n| dead letters revived | a second | ack p50 ms | ack p99 ms | undisturbed p99 ms | ratio |\n\
             |---|---|---|---|---|---|"
        )?;
        for Revival { revived, per_second, undisturbed, acks } in &self.revivals {
            let [p99, undisturbed] = [acks, undisturbed].map(|acks| acks.ms(0.99));
            writeln!(
                f,
                "| {revived} | {per_second:.0} | {:.1} | {p99:.1} | {undisturbed:.1} | {:.2} |",
                acks.ms(0.5),
                p99 / undisturbed
            )?;
        }
        Ok(())
    }

    /// How many callbacks had no 200.
    fn refused(&self) -> usize {
        let of_revivals =
            self.revivals.iter().map(|revival| revival.acks.refused() + revival.undisturbed.refused());
        self.undisturbed.refused() + self.beside.refused() + of_revivals.sum::<usize>()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_routes(f)?;
        if !self.revivals.is_empty() {
            self.write_revivals(f)?;
        }
        writeln!(f, "\nNot acknowledged: {}.", self.refused())
    }
}
