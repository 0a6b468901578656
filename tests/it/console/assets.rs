//! The page's files, as the server gives them.

use std::collections::BTreeSet;

use super::setup::Server;

/// Follows the page's links and imports, and loads each file once.
#[tokio::test]
async fn every_file_that_the_page_asks_for_is_there_with_its_type() {
    let server = Server::start("").await;
    let (mut asked, mut next) = (BTreeSet::new(), vec!["/".to_owned()]);
    while let Some(path) = next.pop() {
        if !asked.insert(path.clone()) {
            continue;
        }
        let answer = server.get(&path, &[]).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let expected = match path.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(answer.header("content-type"), Some(expected), "{path}");
        next.extend(files(&answer.body));
    }
    assert!(asked.len() > 20, "{asked:?}");
}

/// The files that a file names in quotes: `href="base.css"`, `src="page.js"`, `from "./dom.js"`.
fn files(text: &str) -> impl Iterator<Item = String> {
    text.split('"').filter_map(|quoted| {
        let name = quoted.trim_start_matches("./").split('#').next()?;
        let (stem, ending) = name.split_once('.')?;
        let is_name =
            !stem.is_empty() && stem.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
        (is_name && ["js", "css", "svg"].contains(&ending)).then(|| format!("/{name}"))
    })
}

#[tokio::test]
async fn a_browser_that_has_a_file_already_is_told_so() {
    let server = Server::start("").await;
    let first = server.get("/page.js", &[]).await;
    let tag = first.header("etag").unwrap();
    let again = server.get("/page.js", &[&format!("if-none-match: {tag}")]).await;
    assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", Some(tag)));
    let other = server.get("/page.js", &["if-none-match: \"0123456789abcdef\""]).await;
    assert_eq!((other.status, other.body), (200, first.body));
}
