//! The documents: both languages say the same, links lead somewhere, and every metric is explained.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const CHINESE: &str = ".zh-CN.md";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every page of the repository, by its path: those at its root, and those of `docs`.
fn pages() -> Vec<String> {
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
fn folder(page: &str) -> &str {
    page.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name that a page has in English, whichever of the two it is.
fn english(page: &str) -> String {
    page.strip_suffix(CHINESE).map_or_else(|| page.to_owned(), |name| format!("{name}.md"))
}

#[test]
fn every_page_is_there_in_english_and_in_chinese() {
    let pages: BTreeSet<String> = pages().into_iter().collect();
    // These three are for who works on the repository, and in English only.
    let alone = ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    for page in pages.iter().filter(|page| !alone.contains(&page.as_str())) {
        let english = english(page);
        let chinese = english.replace(".md", CHINESE);
        assert!(pages.contains(&english), "{page} has no page in English beside it");
        assert!(pages.contains(&chinese), "{page} has no page in Chinese beside it");
    }
}

#[test]
fn both_languages_have_the_same_headings_code_and_links() {
    let mut differences = Vec::new();
    for page in pages().iter().filter(|page| page.ends_with(CHINESE)) {
        let (english, chinese) = (read(&english(page)), read(page));
        let found = compare(&english, &chinese);
        differences.extend(found.into_iter().map(|difference| format!("{page}: {difference}")));
    }
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    for page in pages() {
        for link in links(&read(&page)) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { page.clone() } else { joined(folder(&page), path) };
            if !root().join(&target).exists() {
                broken.push(format!("{page}: {link}: there is no {target}"));
            } else if !anchor.is_empty() && !anchors(&read(&target)).contains(anchor) {
                broken.push(format!("{page}: {link}: {target} has no such heading"));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn pages_link_to_pages_of_their_own_language() {
    let chinese: BTreeSet<String> = pages().into_iter().filter(|page| page.ends_with(CHINESE)).collect();
    for page in &chinese {
        for link in links(&read(page)) {
            let path = link.split('#').next().unwrap();
            let target = joined(folder(page), path);
            let has_twin = chinese.contains(&target.replace(".md", CHINESE));
            let is_own_twin = target == english(page);
            assert!(!has_twin || is_own_twin, "{page}: {link} leads away from Chinese");
        }
    }
}

#[test]
fn every_metric_has_a_row_in_the_operations_page_and_every_row_a_metric() {
    let mut code = BTreeSet::new();
    for_each_source("src", &mut |text| {
        let literals = text.split('"').skip(1).step_by(2);
        code.extend(literals.filter(|literal| is_metric(literal)).map(str::to_owned));
    });
    assert!(code.len() > 10, "only {} metrics were found: {code:?}", code.len());
    for page in ["docs/operations.md", "docs/operations.zh-CN.md"] {
        assert_eq!(metric_rows(&read(page)), code, "{page}");
    }
}

/// An operator looks a log line up in the page by its words.
#[test]
fn every_log_line_that_the_operations_page_quotes_is_one_of_the_program_s() {
    let mut code = String::new();
    for_each_source("src", &mut |text| code.push_str(&joined_lines(text)));
    for page in ["docs/operations.md", "docs/operations.zh-CN.md", "docs/several-machines.md"] {
        let text = read(page);
        let lines = quotes(&text);
        assert!(lines.len() > 1, "{page}: {lines:?}");
        let gone: Vec<_> = lines.iter().filter(|line| !code.contains(line.as_str())).collect();
        assert!(gone.is_empty(), "{page}: {gone:#?}");
    }
}

/// Each check sees what it is there for.
#[test]
fn what_is_broken_in_a_document_is_seen() {
    let page = "# A\n\ntext [a](a.md) ![b](b.png) [c](https://c.example) `[d](d.md)`\n\n```sh\n# run\nx\n```\n\n## B c\n";
    assert_eq!(compare(page, page), [""; 0]);
    for (twin, seen) in [
        (page.replace("## B c", "### B c"), "headings"),
        (page.replace("\n## B c\n", ""), "headings"),
        (page.replace("\nx\n", "\ny\n"), "code"),
        (page.replace("```sh", "```bash"), "code"),
        (page.replace("a.md", "e.md"), "links"),
    ] {
        let differences = compare(page, &twin);
        assert!(matches!(&differences[..], [one] if one.contains(seen)), "{twin}: {differences:?}");
    }
    assert_eq!(compare(page, &page.replace("a.md", "a.zh-CN.md")), [""; 0]);
    assert_eq!(links(page), ["a.md", "b.png"]);
    assert_eq!(anchors("# A b\n## `Cc`, d: e!\n## 磁盘满了 x\n").len(), 3);
    assert!(anchors("## `Cc`, d: e!\n").contains("cc-d-e"));
    assert!(anchors("## 磁盘 满了？\n").contains("磁盘-满了"));
    assert_eq!(joined("docs", "../tests/it"), "tests/it");
    assert_eq!(
        quotes("see \"a line\nof words\", \"two words\" and `\"b c d e\"`\n"),
        ["a line of words"]
    );
    assert_eq!(joined_lines("\"a \\\n        b\""), "\"a b\"");
    let row = "| `rongcloud_callback_x_total{app}` | about `rongcloud_callback_y` |\n";
    assert_eq!(metric_rows(row).into_iter().collect::<Vec<_>>(), ["rongcloud_callback_x_total"]);
}

/// The differences between the two languages of a page.
fn compare(english: &str, chinese: &str) -> Vec<String> {
    let mut differences = Vec::new();
    let (ours, theirs) = (headings(english), headings(chinese));
    let differs = |at: &usize| {
        ours.get(*at).map(|ours| level(ours)) != theirs.get(*at).map(|theirs| level(theirs))
    };
    if let Some(at) = (0..ours.len().max(theirs.len())).find(differs) {
        differences.push(format!("headings differ: {:?} and {:?}", ours.get(at), theirs.get(at)));
    }
    let (ours, theirs) = (blocks(english), blocks(chinese));
    if let Some(at) = (0..ours.len().max(theirs.len())).find(|&at| ours.get(at) != theirs.get(at)) {
        differences.push(format!(
            "code block {} differs: {:?}, {:?}",
            at + 1,
            ours.get(at),
            theirs.get(at)
        ));
    }
    let targets = |text| {
        let paths = links(text).into_iter().map(|link| english_link(&link));
        paths.filter(|path| !path.is_empty()).collect::<BTreeSet<_>>()
    };
    let (ours, theirs) = (targets(english), targets(chinese));
    if ours != theirs {
        let only: Vec<_> = ours.symmetric_difference(&theirs).collect();
        differences.push(format!("links are in one language only: {only:?}"));
    }
    differences
}

/// A link without its heading, as the page in English has it. A picture may have a language, too.
fn english_link(link: &str) -> String {
    link.split('#').next().unwrap_or_default().replace(".zh-CN.", ".")
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
fn prose(text: &str) -> Vec<&str> {
    lines(text).filter(|(is_code, _)| !is_code).map(|(_, line)| line).collect()
}

/// The text of a page without its code, whether in blocks or in backticks.
fn plain(text: &str) -> String {
    prose(text).join("\n").split('`').step_by(2).collect()
}

fn headings(text: &str) -> Vec<&str> {
    prose(text).into_iter().filter(|line| line.starts_with('#')).collect()
}

/// How many `#` a heading begins with.
fn level(heading: &str) -> usize {
    heading.len() - heading.trim_start_matches('#').len()
}

/// The fenced blocks of a page with their fences, in order.
fn blocks(text: &str) -> Vec<String> {
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
fn links(text: &str) -> Vec<String> {
    let text = plain(text);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let targets = targets.map(|(target, _)| target.to_owned());
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

/// The quoted texts of more than three words in a page, which are lines of the log, without those in code.
fn quotes(text: &str) -> Vec<String> {
    // A quoted text may go on in the next line of its paragraph.
    let text = plain(text).replace('\n', " ");
    let quoted = text.split('"').skip(1).step_by(2);
    quoted.filter(|quote| quote.split(' ').count() > 3).map(str::to_owned).collect()
}

/// A source whose string literals go on where a backslash ends the line.
fn joined_lines(text: &str) -> String {
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |joined, part| joined + part.trim_start())
}

/// The anchors that GitHub gives the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
        kept.map(|char| if char == ' ' { '-' } else { char }).collect()
    };
    headings(text).into_iter().map(anchor).collect()
}

/// The path that a link in a page of `folder` leads to, from the repository's root.
fn joined(folder: &str, link: &str) -> String {
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

fn is_metric(name: &str) -> bool {
    name.starts_with("rongcloud_callback_")
        && name.chars().all(|char| char.is_ascii_lowercase() || char == '_')
}

/// The metrics that stand first in a table's row, with or without their labels.
fn metric_rows(text: &str) -> BTreeSet<String> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let names = cells.map(|(name, _)| name.split('{').next().unwrap_or_default().to_owned());
    let mut rows: BTreeMap<String, usize> = BTreeMap::new();
    for name in names.filter(|name| is_metric(name)) {
        *rows.entry(name).or_default() += 1;
    }
    assert!(rows.values().all(|count| *count == 1), "a metric has two rows: {rows:?}");
    rows.into_keys().collect()
}

fn for_each_source(folder: &str, use_text: &mut dyn FnMut(&str)) {
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            for_each_source(&path, use_text);
        } else if Path::new(&path).extension().is_some_and(|extension| extension == "rs") {
            use_text(&read(&path));
        }
    }
}
