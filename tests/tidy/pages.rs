//! Checks of the pages' files: texts in both languages, names that exist, imports without circles, comments and sizes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
};

use crate::MOST_LINES;

/// The folder of each page, beside which the files of `src/page` are served.
const PAGES: [&str; 2] = ["src/console/page", "src/sandbox/page"];
const SHARED: &str = "src/page";

/// How a text is named: in a module, and in HTML.
const USES: [&str; 5] = [" text(\"", "(text(\"", "fieldOf(\"", "data-text=\"", "data-text-label=\""];
/// How a text is named that has a hint.
const USES_WITH_HINT: [&str; 2] = ["emptyNote(\"", "emptyWords(\""];

#[test]
fn every_page_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut report = String::new();
    for page in PAGES {
        let files = files(root, &[SHARED, page]);
        assert!(files.len() > 20, "only {} files were found in {page}", files.len());
        for complaint in complaints(&files) {
            writeln!(report, "{page}: {complaint}").unwrap();
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// The checks see each of these mistakes, and only them.
#[test]
fn an_untidy_page_is_seen() {
    let texts = "// Texts.\n  \"a\": [\"An {n}\", \"一个 {n}\"],\n";
    for (name, text, complaint) in [
        ("b_texts.js", "// B.\n  \"b\": [\"Only English\"],", "`b` is not in two languages"),
        ("b_texts.js", "// B.\n  \"b\": [\"One {n}\", \"一\"],", "`b` has other values in Chinese"),
        ("b_texts.js", "// B.\n  \"a\": [\"A\", \"一\"],", "the text `a` is there twice"),
        ("b.js", "// B.\nf(text(\"c\"));", "b.js: there is no text `c`"),
        ("b.html", "<p data-text=\"c\">", "b.html: there is no text `c`"),
        ("b.js", "// B.\nfieldOf(\"c\", f);", "b.js: there is no text `c`"),
        ("b.js", "// B.\nemptyNote(\"a\", \"i\");", "b.js: there is no text `a.hint`"),
        ("b.js", "// B.\nimport { c } from \"./c.js\";", "b.js: there is no ./c.js"),
        (
            "b.js",
            "// B.\nimport { c } from \"./b.js\";",
            "b.js and the files that it imports import each other",
        ),
        ("b.js", "f();", "b.js: does not begin with a comment"),
        ("b.css", "p { }", "b.css: does not begin with a comment"),
    ] {
        let files = BTreeMap::from([
            ("a_texts.js".to_owned(), texts.to_owned()),
            (name.to_owned(), text.to_owned()),
        ]);
        let seen = complaints(&files);
        assert!(matches!(&seen[..], [one] if one.contains(complaint)), "{name}: {text}: {seen:?}");
    }
    let long = BTreeMap::from([("b.js".to_owned(), "// B.\n".repeat(MOST_LINES + 1))]);
    assert_eq!(complaints(&long), ["b.js: has 501 lines, more than 500"]);
}

/// The files of some folders by name.
fn files(root: &Path, folders: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in folders {
        for file in fs::read_dir(root.join(folder)).expect("a folder of pages") {
            let path = file.expect("an entry of a folder").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            // The module that serves the files is no file of a page.
            if name == "mod.rs" {
                continue;
            }
            let before = found.insert(name.clone(), fs::read_to_string(&path).expect("a readable file"));
            assert!(before.is_none(), "two files of a page are called {name}");
        }
    }
    found
}

/// Everything that is wrong with the files of one page.
fn complaints(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    let texts = texts(files, &mut found);
    for (name, content) in files {
        let begin = match name.rsplit_once('.') {
            Some((_, "js")) => "// ",
            Some((_, "css")) => "/* ",
            _ => "",
        };
        if !content.starts_with(begin) {
            found.push(format!("{name}: does not begin with a comment"));
        }
        let lines = content.lines().count();
        if lines > MOST_LINES {
            found.push(format!("{name}: has {lines} lines, more than {MOST_LINES}"));
        }
        for used in used(content).filter(|used| !texts.contains(used)) {
            found.push(format!("{name}: there is no text `{used}`"));
        }
        for import in imports(content).filter(|import| !files.contains_key(*import)) {
            found.push(format!("{name}: there is no ./{import}"));
        }
        if is_in_circle(name, files) {
            found.push(format!("{name} and the files that it imports import each other"));
        }
    }
    found
}

/// The names of the texts that a file uses.
fn used(content: &str) -> impl Iterator<Item = String> {
    let named = |use_of: &'static str| {
        content.split(use_of).skip(1).filter_map(|rest| {
            let (name, rest) = rest.split_once('"')?;
            // A name that a module puts together at run time ends otherwise.
            rest.starts_with([')', ',', '>', ' ']).then(|| name.to_owned())
        })
    };
    let with_hint = USES_WITH_HINT.into_iter().flat_map(named);
    let hints = with_hint.clone().map(|name| format!("{name}.hint"));
    USES.into_iter().flat_map(named).chain(with_hint).chain(hints)
}

/// The names of all texts; complains about those that are there twice, or not in both languages.
fn texts(files: &BTreeMap<String, String>, complaints: &mut Vec<String>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let sources = files.iter().filter(|(name, _)| name.ends_with("texts.js"));
    for line in sources.flat_map(|(_, content)| content.lines()) {
        if !(line.starts_with("  \"") && line.contains("\": [")) {
            continue;
        }
        let strings = strings(line);
        let (name, words) = strings.split_first().expect("the line has a name");
        match words {
            [english, chinese] if values(english) == values(chinese) => {}
            [_, _] => complaints.push(format!("`{name}` has other values in Chinese")),
            _ => complaints.push(format!("`{name}` is not in two languages")),
        }
        if !names.insert(name.clone()) {
            complaints.push(format!("the text `{name}` is there twice"));
        }
    }
    names
}

/// The strings of a line, without their quotes.
fn strings(line: &str) -> Vec<String> {
    let (mut found, mut open, mut is_escaped) = (Vec::new(), None::<String>, false);
    for letter in line.chars() {
        match (&mut open, letter) {
            (None, '"') => open = Some(String::new()),
            (None, _) => {}
            (Some(_), '"') if !is_escaped => found.extend(open.take()),
            (Some(string), _) => string.push(letter),
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    found
}

/// The names of the values that a text takes, such as `{n}`.
fn values(words: &str) -> BTreeSet<&str> {
    words.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

/// The files that a module imports.
fn imports(content: &str) -> impl Iterator<Item = &str> {
    let lines = content.lines().filter(|line| {
        line.starts_with("import ") || line.starts_with("export {") || line.starts_with("} from")
    });
    lines.filter_map(|line| line.split_once("\"./")?.1.split('"').next())
}

/// Whether a module is reached from itself by imports.
fn is_in_circle(start: &str, files: &BTreeMap<String, String>) -> bool {
    let imported = |name: &str| files.get(name).into_iter().flat_map(|content| imports(content));
    let (mut seen, mut left) = (BTreeSet::new(), imported(start).collect::<Vec<_>>());
    while let Some(name) = left.pop() {
        if name == start {
            return true;
        }
        if seen.insert(name) {
            left.extend(imported(name));
        }
    }
    false
}
