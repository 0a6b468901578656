//! `docs/api.md`: every call of the documents, each with a method and a subcommand that there are.

use std::{collections::BTreeSet, fs, path::Path};

use rongcloud_callback::protocol::{limits, media::MediaKind};

use super::{Table, code, help, options, tables};
use crate::fixtures::{HttpExample, fixture, names};

const PAGES: [&str; 2] =
    [include_str!("../../../docs/api.md"), include_str!("../../../docs/api.zh-CN.md")];

/// The example of the signature's rule, which is of another API.
const OTHER: &str = "/user/setSwitch.json";

/// The rows of the tables of calls: document, call, …, method, subcommand.
fn calls(page: &str) -> Table {
    let rows = tables(page).into_iter().flatten();
    rows.filter(|row| row.len() >= 4 && row[1].contains('/')).collect()
}

#[test]
fn the_page_has_every_call_of_the_documents() {
    let requests = names("/request.http").into_iter().map(|name| HttpExample::read(&name).path);
    let uploads = names("/request.url").into_iter().map(|name| fixture(&name));
    let uploads =
        uploads.map(|url| format!("/media/{}", url.split("/media/").nth(1).unwrap_or_default()));
    let uploads = uploads.map(|path| path.split(['?', '\n']).next().unwrap_or_default().to_owned());
    let documented: BTreeSet<_> = requests.chain(uploads).filter(|path| path != OTHER).collect();
    for page in PAGES {
        let listed = calls(page).into_iter().flat_map(|row| code(&row[1]));
        let listed: BTreeSet<_> = listed.filter(|call| call.starts_with('/')).collect();
        assert_eq!(listed, documented);
    }
}

#[test]
fn every_document_of_the_page_has_its_examples() {
    let examples = ["/request.http", "/request.json", "/response.json"].map(names).concat();
    for page in PAGES {
        for row in calls(page) {
            for document in row[0].split([',', '、']) {
                let folder = format!("/{}/", document.trim());
                assert!(examples.iter().any(|name| name.contains(&folder)), "{document}");
            }
        }
    }
}

#[test]
fn every_method_of_the_page_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for page in PAGES {
        for row in calls(page) {
            for method in code(&row[row.len() - 2]) {
                let parts: Vec<_> =
                    method.split(['.', '(', ')']).filter(|part| !part.is_empty()).collect();
                let [api, resource, method] = parts[..] else { panic!("{method}") };
                let api = if api == "c" { "client" } else { "portal" };
                let file = root.join(api).join(format!("{resource}.rs"));
                let text = fs::read_to_string(&file).unwrap();
                assert!(
                    text.contains(&format!("pub async fn {method}(")),
                    "{api}.{resource}().{method}"
                );
            }
        }
    }
}

/// The words of a subcommand, before what is the user's own.
fn command(words: &str) -> String {
    let own = |word: &&str| {
        *word != "news" && word.chars().all(|char| char.is_ascii_lowercase() || "-".contains(char))
    };
    let words: Vec<_> =
        words.split(' ').take_while(own).filter(|word| !word.starts_with("--")).collect();
    words.join(" ")
}

#[test]
fn every_subcommand_of_the_page_is_there_with_its_options() {
    for page in PAGES {
        let mut seen = BTreeSet::new();
        for row in calls(page) {
            let pieces = code(row.last().unwrap());
            let command = match command(&pieces[0]) {
                none if none.is_empty() => "send".to_owned(),
                command => command,
            };
            let known = options(&help(&command));
            for option in pieces.iter().flat_map(|piece| piece.split(' ')) {
                assert!(
                    !option.starts_with("--") || known.iter().any(|name| name == option),
                    "{command} {option}"
                );
            }
            seen.insert(command);
        }
        for group in ["account", "menu", "follower", "media"] {
            let help = help(group);
            let (_, list) = help.split_once("Commands:\n").unwrap();
            let list = list.split("\n\n").next().unwrap().lines();
            for name in
                list.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
            {
                assert!(seen.contains(&format!("{group} {name}")), "{group} {name} is not on the page");
            }
        }
    }
}

#[test]
fn the_page_s_limits_are_those_that_are_checked() {
    let size = |kind: MediaKind| format!("{} KiB", kind.max_bytes() >> 10).replace("2048 KiB", "2 MiB");
    let limits = [
        limits::TEXT_BYTES.to_string(),
        limits::ARTICLES.to_string(),
        (limits::DESCRIPTION_WIDTH / 2).to_string(),
        "10".to_owned(),
        limits::RECIPIENTS.to_string(),
        limits::FOLLOWERS.to_string(),
        size(MediaKind::Image),
        size(MediaKind::Voice),
        size(MediaKind::Thumb),
    ];
    for page in PAGES {
        let tables = tables(page);
        let table = tables.iter().find(|table| table[0][1].contains("UTF-8")).unwrap();
        for (limit, row) in limits.iter().zip(table) {
            assert!(row[1].contains(limit), "{limit} is not in {row:?}");
        }
    }
}
