//! The defaults: the file `config/callback.toml`, which is compiled in.

use toml::{Table, Value};

/// `config/callback.toml`: every key, its default, and a comment that says what it is for.
pub const DEFAULTS: &str = include_str!("../../config/callback.toml");

/// Adds the defaults of all keys that a user's file does not have.
///
/// The user's apps replace the default one. They inherit those of its keys that name no particular app.
pub(super) fn add_defaults(values: &mut Table, defaults: &Table) {
    let mut inherited = default_app(defaults);
    for name in ["key", "secrets", "api_url"] {
        inherited.remove(name);
    }
    if let Some(Value::Array(apps)) = values.get_mut("apps") {
        apps.iter_mut().filter_map(Value::as_table_mut).for_each(|app| add_missing(app, &inherited));
    }
    add_missing(values, defaults);
}

fn add_missing(values: &mut Table, defaults: &Table) {
    for (name, default) in defaults {
        match (values.get_mut(name), default) {
            (None, _) => _ = values.insert(name.clone(), default.clone()),
            (Some(Value::Table(values)), Value::Table(defaults)) => add_missing(values, defaults),
            (Some(_), _) => {}
        }
    }
}

/// The app of the defaults, whose address, key and secret are variables.
pub(super) fn default_app(defaults: &Table) -> Table {
    let app = defaults.get("apps").and_then(|apps| apps.get(0)).and_then(Value::as_table);
    app.cloned().unwrap_or_default()
}
