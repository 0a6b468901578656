//! Both languages: each page is there twice, with the same headings, code and links.

use std::collections::BTreeSet;

use super::markdown::{CHINESE, blocks, english, folder, headings, joined, level, links, pages, read};

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
fn a_difference_between_the_languages_is_seen() {
    let page = "# A\n\ntext [a](a.md)\n\n```sh\n# run\nx\n```\n\n## B c\n";
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
