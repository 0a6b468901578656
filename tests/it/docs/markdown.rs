//! Reading the pages: their paths, and what stands in their Markdown.

use std::{collections::BTreeSet, fs, path::Path};

/// The ending of a page in Chinese.
pub(super) const CHINESE: &str = ".zh-CN.md";

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every page of the repository, by its path: those at its root, and those of `docs`.
pub(super) fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    for folder in ["", "docs/"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                pages.push(format!("{folder}{name}"));
            }
        }
    }
    pages.sort();
    pages
}

/// The path of the folder that a page is in, from the repository's root.
pub(super) fn folder(page: &str) -> &str {
    page.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name that a page has in English, whichever of the two it is.
pub(super) fn english(page: &str) -> String {
    page.strip_suffix(CHINESE).map_or_else(|| page.to_owned(), |name| format!("{name}.md"))
}

/// The lines of a page, each with whether it belongs to a fenced block.
fn lines(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut is_code = false;
    text.lines().map(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        let belongs = is_code || is_fence;
        is_code ^= is_fence;
        (belongs, line)
    })
}

/// The lines of a page that are no code.
pub(super) fn prose(text: &str) -> Vec<&str> {
    lines(text).filter(|(is_code, _)| !is_code).map(|(_, line)| line).collect()
}

/// The text of a page without its code, whether in blocks or in backticks.
pub(super) fn plain(text: &str) -> String {
    prose(text).join("\n").split('`').step_by(2).collect()
}

pub(super) fn headings(text: &str) -> Vec<&str> {
    prose(text).into_iter().filter(|line| line.starts_with('#')).collect()
}

/// How many `#` a heading begins with.
pub(super) fn level(heading: &str) -> usize {
    heading.len() - heading.trim_start_matches('#').len()
}

/// The fenced blocks of a page with their fences, in order.
pub(super) fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut was_code = false;
    for (is_code, line) in lines(text) {
        if is_code && !was_code {
            blocks.push(String::new());
        }
        if let Some(block) = blocks.last_mut().filter(|_| is_code) {
            *block = format!("{block}{line}\n");
        }
        // Two blocks without a line between them would be one here; none of the pages has that.
        was_code = is_code;
    }
    blocks
}

/// The relative links and pictures of a page, without those in code.
pub(super) fn links(text: &str) -> Vec<String> {
    let text = plain(text);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let targets = targets.map(|(target, _)| target.to_owned());
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

/// The anchors that GitHub gives the headings of a page.
pub(super) fn anchors(text: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
        kept.map(|char| if char == ' ' { '-' } else { char }).collect()
    };
    headings(text).into_iter().map(anchor).collect()
}

/// The path that a link in a page of `folder` leads to, from the repository's root.
pub(super) fn joined(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn a_page_is_read_without_its_code() {
    let page = "# A\n\ntext [a](a.md) ![b](b.png) [c](https://c.example) `[d](d.md)`\n\n```sh\n# run\nx\n```\n\n## B c\n";
    assert_eq!(headings(page), ["# A", "## B c"]);
    assert_eq!(blocks(page), ["```sh\n# run\nx\n```\n"]);
    assert_eq!(links(page), ["a.md", "b.png"]);
    assert_eq!(
        anchors("## `Cc`, d: e!\n## 磁盘 满了？\n").into_iter().collect::<Vec<_>>(),
        ["cc-d-e", "磁盘-满了"]
    );
    assert_eq!(joined("docs", "../tests/it"), "tests/it");
}
