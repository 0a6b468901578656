//! The user's values over the defaults. The defaults are the schema: what they do not have is unknown.

use toml::{Table, Value};

use super::Problem;

/// How alike two names are, from 0 to 1, of which one may be meant by the other.
const ALIKE: f64 = 0.8;

/// Puts the user's values in the place of the defaults'.
///
/// Tables are merged key by key, anything else is replaced as a whole. Unknown keys, and values in the
/// place of sections, are problems; the default stays.
pub(super) fn merge(mut defaults: Table, user: Table, problems: &mut Vec<Problem>) -> Table {
    for (name, value) in user {
        match (defaults.get_mut(&name), value) {
            (None, _) => problems.push(unknown(&name, &name, "sections", &defaults)),
            // There are no default ones.
            (Some(rules), own) if name == "rules" => *rules = own,
            (Some(Value::Table(section)), Value::Table(own)) => {
                merge_section(section, own, &name, problems);
            }
            (Some(Value::Array(apps)), Value::Array(own)) => merge_apps(apps, own, &name, problems),
            (Some(Value::Array(_)), _) => problems.push(Problem::new(
                &name,
                "is not a list of sections",
                format!("begin each app with a line [[{name}]]"),
            )),
            (Some(_), _) => problems.push(Problem::new(
                &name,
                "is not a section",
                format!("begin it with a line [{name}] and write its keys below"),
            )),
        }
    }
    defaults
}

fn merge_section(section: &mut Table, own: Table, path: &str, problems: &mut Vec<Problem>) {
    for (name, value) in own {
        if section.contains_key(&name) {
            section.insert(name, value);
        } else {
            problems.push(unknown(&format!("{path}.{name}"), &name, "keys of this section", section));
        }
    }
}

/// A user's apps replace the default one; they inherit those of its keys that name no particular app.
fn merge_apps(apps: &mut Vec<Value>, own: Vec<Value>, path: &str, problems: &mut Vec<Problem>) {
    let known = apps.first().and_then(Value::as_table).cloned().unwrap_or_default();
    apps.clear();
    for (index, app) in own.into_iter().enumerate() {
        let path = format!("{path}[{index}]");
        let app = match app {
            Value::Table(app) => app,
            other => {
                problems.push(Problem::new(
                    path,
                    "is not a section",
                    "begin each app with a line [[apps]]",
                ));
                apps.push(other);
                continue;
            }
        };
        let mut merged = known.clone();
        // A section without defaults: known, but only there if the user writes it.
        merged.insert("portal".to_owned(), Value::Table(Table::new()));
        merge_section(&mut merged, app.clone(), &path, problems);
        for name in ["key", "api_url", "portal"] {
            if !app.contains_key(name) {
                merged.remove(name);
            }
        }
        if !app.contains_key("secrets") {
            merged.insert("secrets".to_owned(), Value::Array(Vec::new()));
        }
        apps.push(Value::Table(merged));
    }
}

/// Takes out of `section` what `known` does not have; each is a problem.
pub(super) fn retain_known(section: &mut Table, known: &Table, path: &str, problems: &mut Vec<Problem>) {
    section.retain(|name, _| {
        let is_known = known.contains_key(name);
        if !is_known {
            problems.push(unknown(&format!("{path}.{name}"), name, "keys of this section", known));
        }
        is_known
    });
}

fn unknown(path: &str, name: &str, names: &str, known: &Table) -> Problem {
    let known: Vec<_> = known.keys().map(String::as_str).collect();
    let (what, hint) = unknown_key(name, names, &known);
    Problem::new(path, what, hint)
}

/// What is wrong with a key that is none of `known`, and which one may be meant.
pub(super) fn unknown_key(name: &str, names: &str, known: &[&str]) -> (String, String) {
    let alike = known.iter().map(|known| (strsim::jaro_winkler(name, known), known));
    let meant = alike.filter(|(likeness, _)| *likeness >= ALIKE).max_by(|(a, _), (b, _)| a.total_cmp(b));
    let list = format!("the {names} are: {}", known.join(", "));
    let hint =
        meant.map_or_else(|| list.clone(), |(_, meant)| format!("did you mean `{meant}`? {list}"));
    (format!("there is no `{name}`"), hint)
}
