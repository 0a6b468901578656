//! The table: medians with minimum and maximum, and the ratio of each step to its baseline.

use crate::{steps::Step, times::Times};

/// The results of one step. Results that were not measured are missing.
pub(crate) struct Row {
    pub(crate) step: &'static Step,
    pub(crate) times: Option<Times>,
    pub(crate) instructions: Option<[u64; 2]>,
}

pub(crate) fn table(rows: Vec<Row>) -> String {
    let head = [
        "| step | baseline | ns | ns of the baseline | ratio | instructions | of the baseline | ratio |"
            .to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    let lines: Vec<String> = head.into_iter().chain(rows.into_iter().map(line)).collect();
    lines.join("\n")
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn line(Row { step, times, instructions }: Row) -> String {
    let missing = || "–".to_owned();
    let spread = |of: fn(&Times) -> Vec<f64>, digits| {
        times.as_ref().map_or_else(missing, |times| spread(of(times), digits))
    };
    let [counted, baseline] =
        instructions.map_or_else(|| [missing(), missing()], |both| both.map(|n| n.to_string()));
    let ratio = instructions
        .map_or_else(missing, |[step, baseline]| format!("{:.2}", step as f64 / baseline as f64));
    format!(
        "| {} | {} | {} | {} | {} | {counted} | {baseline} | {ratio} |",
        step.name,
        step.baseline,
        spread(Times::step, 0),
        spread(Times::baseline, 0),
        spread(Times::ratio, 2),
    )
}

fn spread(mut values: Vec<f64>, digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    let (least, most) = (values[0], values[values.len() - 1]);
    format!("{:.digits$} ({least:.digits$} to {most:.digits$})", values[values.len() / 2])
}
