//! Times, by criterion: in each of its samples a step and what is beside it have their turns.

use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};

use crate::steps::{Run, STEPS};

const SAMPLES: usize = 50;

/// The time for one, in nanoseconds, sample by sample.
pub(crate) struct Times(Vec<Sample>);

struct Sample {
    step: f64,
    beside: f64,
}

/// What criterion is told by the command's arguments; of a step that it leaves out, no samples.
pub(crate) fn measure() -> Vec<Times> {
    let mut criterion = Criterion::default().sample_size(SAMPLES).configure_from_args();
    let mut group = criterion.benchmark_group("micro");
    group.sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(2));
    let times = STEPS.iter().map(|step| {
        let mut samples = Vec::new();
        let mut prepared = None;
        group.bench_function(step.name, |bencher| {
            let [run, beside] = prepared.get_or_insert_with(step.prepare);
            bencher.iter_custom(|count| {
                let spans = [time(run, count), time(beside, count)];
                let [step, beside] = spans.map(|span| per_one(span, count));
                samples.push(Sample { step, beside });
                spans[0]
            });
        });
        // Those of the warm-up come before them.
        samples.drain(..samples.len().saturating_sub(SAMPLES));
        Times(samples)
    });
    times.collect()
}

fn time(run: &mut Run, count: u64) -> Duration {
    let started = Instant::now();
    for _ in 0..count {
        run();
    }
    started.elapsed()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn per_one(span: Duration, count: u64) -> f64 {
    span.as_nanos() as f64 / count as f64
}

impl Times {
    pub(crate) fn step(&self) -> Vec<f64> {
        self.0.iter().map(|sample| sample.step).collect()
    }

    pub(crate) fn beside(&self) -> Vec<f64> {
        self.0.iter().map(|sample| sample.beside).collect()
    }

    pub(crate) fn ratio(&self) -> Vec<f64> {
        self.0.iter().map(|sample| sample.step / sample.beside).collect()
    }
}
