//! Replays what the fuzzer found worth keeping: every input that once took the code somewhere new.

use std::{collections::BTreeSet, fs, path::Path};

#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "to the fuzzer it is a library")]
pub(crate) mod oracles;

use oracles::{media, outgoing, query, rules, runtime, signed, socket, xml};

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz");

/// Runs `check` on every input of a target's corpus.
fn replay(target: &str, check: impl Fn(&[u8])) {
    let inputs = fs::read_dir(Path::new(FUZZ).join("corpus").join(target)).unwrap();
    let mut replayed = 0;
    for input in inputs.map(|input| input.unwrap().path()) {
        // Known by its name, should `check` not return.
        let name = input.file_name().unwrap().to_string_lossy().into_owned();
        let failed =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&fs::read(&input).unwrap())));
        assert!(failed.is_ok(), "fuzz/corpus/{target}/{name}");
        replayed += 1;
    }
    assert!(replayed > 5, "only {replayed} inputs");
}

#[test]
fn every_kept_query_string_is_verified_as_it_must_be() {
    replay("query", query::check);
}

#[test]
fn every_kept_body_is_read_as_it_was_written() {
    replay("xml", xml::check);
}

#[test]
fn every_kept_stream_of_bytes_is_answered_or_cut_off_and_nothing_unsigned_is_accepted() {
    let runtime = runtime();
    replay("socket", |bytes| socket::check(&runtime, bytes));
}

#[test]
fn every_kept_body_under_a_right_signature_is_kept_once_as_it_came() {
    let runtime = runtime();
    replay("signed", |bytes| signed::check(&runtime, bytes));
}

#[test]
fn every_kept_outgoing_message_is_stored_as_it_was_read() {
    replay("outgoing", outgoing::check);
}

#[test]
fn no_kept_file_is_taken_for_what_it_is_not() {
    replay("media", media::check);
}

#[test]
fn every_kept_file_of_rules_answers_as_its_trial_says() {
    replay("rules", rules::check);
}

/// A corpus without a target is replayed by nobody, a target without a corpus is not fuzzed.
#[test]
fn every_target_of_the_fuzzer_is_replayed_here() {
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(Path::new(FUZZ).join(folder)).unwrap();
        let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        entries.map(|entry| name(&entry.unwrap().path())).collect()
    };
    let replayed = ["media", "outgoing", "query", "rules", "signed", "socket", "xml"].map(str::to_owned);
    assert_eq!(names("fuzz_targets"), BTreeSet::from(replayed));
    assert_eq!(names("fuzz_targets"), names("corpus"));
}
