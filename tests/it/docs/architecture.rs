//! `docs/architecture.md`: its tables have every module of the crate, and the files that both drivers have.

use std::fs;

use super::{
    entries,
    markdown::{read, root},
    table_of,
};

const PAGES: [&str; 2] = ["docs/architecture.md", "docs/architecture.zh-CN.md"];
/// The entry of `src` that the table leaves out: it re-exports what benchmarks and tests need.
const HIDDEN: &str = "internals";

#[test]
fn every_module_is_in_the_table_of_the_page() {
    for page in PAGES {
        let listed = entries(&table_of(&read(page), "src/journal/"));
        for entry in fs::read_dir(root().join("src")).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            let is_listed = listed.iter().any(|path| path.split('/').nth(1) == Some(&name));
            let is_known = name == "lib.rs" || name.starts_with(HIDDEN);
            assert!(is_known || is_listed, "{page} has no row for src/{name}");
        }
    }
}

#[test]
fn both_drivers_have_the_files_of_the_page() {
    for page in PAGES {
        // The table belongs to a step of a list.
        let page = read(page).replace("\n   |", "\n|");
        for file in entries(&table_of(&page, "writer")) {
            for driver in ["sqlite", "postgres"] {
                let path = format!("src/journal/{driver}/{file}.rs");
                assert!(root().join(&path).exists(), "there is no {path}");
            }
        }
    }
}
