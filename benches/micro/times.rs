//! Times, by criterion: in each of its samples a step and its baseline take turns.

use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};

use crate::steps::{Run, STEPS};

const SAMPLES: usize = 50;

/// The time of one run, in nanoseconds, sample by sample.
pub(crate) struct Times(Vec<Sample>);

struct Sample {
    step: f64,
    baseline: f64,
}

/// Measures the steps as the command's arguments tell criterion. A step that the arguments leave out has no samples.
pub(crate) fn measure() -> Vec<Times> {
    let mut criterion = Criterion::default().sample_size(SAMPLES).configure_from_args();
    let mut group = criterion.benchmark_group("micro");
    group.sampling_mode(SamplingMode::Flat).warm_up_time(Duration::from_secs(1));
    group.measurement_time(Duration::from_secs(2));
    let times = STEPS.iter().map(|step| {
        let mut samples = Vec::new();
        let mut prepared = None;
        group.bench_function(step.name, |bencher| {
            let [run, baseline] = prepared.get_or_insert_with(step.prepare);
            bencher.iter_custom(|count| {
                let spans = [time(run, count), time(baseline, count)];
                let [step, baseline] = spans.map(|span| per_one(span, count));
                samples.push(Sample { step, baseline });
                spans[0]
            });
        });
        // The samples of the warm-up come first.
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

    pub(crate) fn baseline(&self) -> Vec<f64> {
        self.0.iter().map(|sample| sample.baseline).collect()
    }

    pub(crate) fn ratio(&self) -> Vec<f64> {
        self.0.iter().map(|sample| sample.step / sample.baseline).collect()
    }
}
