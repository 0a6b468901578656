//! The memory of a process, as Linux reports it.

/// The memory of a process in bytes: with `VmRSS:` the memory that it has now, with `VmHWM:` the most that it has had.
pub(crate) fn memory(process: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a Linux /proc");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("it is there");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes << 10
}
