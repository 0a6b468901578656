//! The resources that a process uses, as Linux reports them.

use std::time::Duration;

fn read(id: u32, file: &str) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{id}/{file}")).ok()
}

/// The fields of `stat` after the name, which may hold spaces; the first is the third of `proc(5)`.
fn stat(id: u32) -> Option<Vec<u64>> {
    let stat = read(id, "stat")?;
    let fields = stat[stat.rfind(')')? + 2..].split_ascii_whitespace();
    Some(fields.map(|field| field.parse().unwrap_or_default()).collect())
}

fn ticks(fields: &[u64]) -> Duration {
    Duration::from_millis(fields.iter().sum::<u64>() * 10)
}

/// The time that a process has used on all cores.
pub(crate) fn cpu(id: u32) -> Duration {
    ticks(&stat(id).expect("a running process")[11..13])
}

/// The process that has started a process.
pub(crate) fn parent(id: u32) -> Option<u32> {
    stat(id)?[1].try_into().ok()
}

/// The time of a process and of all that it has started, ended or not.
pub(crate) fn cpu_of_family(id: u32) -> Duration {
    let own = stat(id).map(|fields| ticks(&fields[11..15])).unwrap_or_default();
    let ids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let children = ids.filter_map(stat).filter(|fields| fields[1] == u64::from(id));
    own + children.map(|fields| ticks(&fields[11..13])).sum::<Duration>()
}
