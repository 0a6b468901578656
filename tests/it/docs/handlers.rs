//! `docs/handlers.md`: every kind that a handler can take, and every feature of the crate.

use std::collections::BTreeSet;

use toml::Table;

use super::{entries, table_of};

const PAGES: [&str; 2] =
    [include_str!("../../../docs/handlers.md"), include_str!("../../../docs/handlers.zh-CN.md")];

#[test]
fn every_type_of_the_page_is_at_the_crate_s_root() {
    let root = include_str!("../../../src/lib.rs");
    let words: BTreeSet<_> = root.split(|char: char| !char.is_alphanumeric()).collect();
    for page in PAGES {
        let types = entries(&table_of(page, "Text"));
        assert!(types.len() >= 12, "{types:?}");
        for name in types {
            assert!(words.contains(&*name), "{name} is not exported");
        }
    }
}

#[test]
fn the_page_has_every_feature() {
    let manifest: Table = toml::from_str(include_str!("../../../Cargo.toml")).unwrap();
    let features = manifest["features"].as_table().unwrap().keys().map(String::as_str);
    let users: BTreeSet<_> = features.filter(|name| !["default", "failpoints"].contains(name)).collect();
    for page in PAGES {
        let listed = entries(&table_of(page, "log"));
        let missing: Vec<_> = users.iter().filter(|name| !listed.iter().any(|it| it == *name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
