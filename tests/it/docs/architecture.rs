//! `docs/architecture.md`: its table has every module of the crate.

use std::fs;

use super::markdown::{read, root};

/// The entry of `src` that the table leaves out: it re-exports what benchmarks and tests need.
const HIDDEN: &str = "internals";

#[test]
fn every_module_is_in_the_table_of_the_page() {
    for page in ["docs/architecture.md", "docs/architecture.zh-CN.md"] {
        let text = read(page);
        for entry in fs::read_dir(root().join("src")).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            let path =
                if entry.path().is_dir() { format!("`src/{name}/") } else { format!("`src/{name}`") };
            let is_known = name == "lib.rs" || name.starts_with(HIDDEN);
            let is_listed = text.lines().any(|line| line.starts_with('|') && line.contains(&path));
            assert!(is_known || is_listed, "{page} has no row for {path}");
        }
    }
}
