//! `docs/configuration.md`: every key with its default, and an example that is a configuration.

use std::fs;

use rongcloud_callback::{Config, config::DEFAULTS};

use super::{block, cells, code};

const PAGES: [&str; 2] = [
    include_str!("../../../docs/configuration.md"),
    include_str!("../../../docs/configuration.zh-CN.md"),
];

/// Section, key and default of each key that is written in the compiled-in file; a key that is commented out has none.
fn defaults() -> Vec<[String; 3]> {
    let (mut section, mut keys) = (String::new(), Vec::new());
    for line in DEFAULTS.lines() {
        if line.starts_with("# [[rules]]") {
            break;
        }
        let has_no_defaults = ["[apps.portal]", "[[admin.tokens]]"].contains(&section.as_str());
        let is_comment = line.starts_with('#');
        let line = line.trim_start_matches("# ");
        if line.starts_with('[') && line.ends_with(']') {
            line.clone_into(&mut section);
        } else if let Some((key, default)) = line.split_once(" = ")
            && (has_no_defaults || !is_comment)
        {
            let default = if has_no_defaults { "–".to_owned() } else { format!("`{default}`") };
            keys.push([section.clone(), format!("`{key}`"), default]);
        }
    }
    keys
}

/// Section, key and default of each row of a page.
fn listed(page: &str) -> Vec<[String; 3]> {
    let (mut section, mut keys) = (String::new(), Vec::new());
    for line in page.lines() {
        if line.starts_with("### `[") {
            section.clone_from(&code(line)[0]);
        } else if line.starts_with("| `") && !section.is_empty() {
            let row = cells(line);
            keys.push([section.clone(), row[0].clone(), row[1].clone()]);
        }
    }
    keys
}

#[test]
fn the_page_has_every_key_with_its_default_and_no_other() {
    let mut defaults = defaults();
    assert!(defaults.len() > 40, "{defaults:?}");
    defaults.sort();
    for page in PAGES {
        let mut listed = listed(page);
        listed.sort();
        assert_eq!(listed, defaults);
    }
}

#[test]
fn the_page_s_example_is_a_configuration() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "s3cret\n").unwrap();
    let example = block(PAGES[0], "# bot.toml");
    let example = example.replace("/run/secrets/app-secret", secret.path().to_str().unwrap());
    let config =
        Config::from_toml(&example, |name| (name == "DATABASE_PASSWORD").then(|| "x".to_owned()));
    assert_eq!(config.unwrap().apps[0].key.as_str(), "uwd1c0sxdlx2");
}
