//! The words for a key that does not exist.

/// Least likeness of two names, from 0 to 1, at which one of them is suggested in place of the other.
const MIN_LIKENESS: f64 = 0.8;

/// The mistake of writing `name`, which is not one of `known`, and a hint with the key that may be meant.
///
/// `names` says what the known ones are, such as "keys of this section".
pub(crate) fn unknown_key(name: &str, names: &str, known: &[&str]) -> (String, String) {
    let likenesses = known.iter().map(|known| (strsim::jaro_winkler(name, known), known));
    let meant = likenesses
        .filter(|(likeness, _)| *likeness >= MIN_LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let list = format!("the {names} are: {}", known.join(", "));
    let hint =
        meant.map_or_else(|| list.clone(), |(_, meant)| format!("did you mean `{meant}`? {list}"));
    (format!("there is no `{name}`"), hint)
}
