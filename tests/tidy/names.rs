//! The names in the documents: every function, type, file and test that a page names in backticks exists.

use std::{collections::BTreeSet, fs, path::Path};

/// The folders whose files the documents name by their path from the repository's root.
const FOLDERS: &[&str] = &[
    "src/",
    "tests/",
    "benches/",
    "config/",
    "docs/",
    "scripts/",
    "examples/",
    "fuzz/",
    ".ci/",
    ".assets/",
];
/// The endings of file names that are looked up even without their folder.
const ENDINGS: &[&str] = &[".rs", ".md", ".conf", ".yaml", ".svg", ".c"];
/// The crates of others, whose names are not looked up here.
const FOREIGN: &[&str] = &[
    "std",
    "axum",
    "hyper",
    "reqwest",
    "serde",
    "tokio",
    "tokio_postgres",
    "tower",
    "tracing",
    "quick_xml",
];

/// A promise whose test has gone, or was never written, is no promise.
#[test]
fn every_function_file_and_test_that_the_documents_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let code = Code::read(root);
    let mut gone = Vec::new();
    let mut tests = 0;
    for page in documents(root) {
        let text = fs::read_to_string(root.join(&page)).unwrap();
        for (line, name) in spans(&text) {
            tests += usize::from(is_test(&name));
            gone.extend(code.complaint(&name).map(|why| format!("{page}, line {line}: {why}")));
        }
    }
    assert!(tests > 60, "only {tests} tests are named: are the pages read?");
    assert!(gone.is_empty(), "\n{}", gone.join("\n"));
}

/// Each kind of name was broken here, and nowhere else.
#[test]
fn a_name_that_does_not_exist_is_seen() {
    let mut code = Code::default();
    code.add_file(
        "src/shelf/book.rs",
        "//! A book.\n\
         pub struct Book<'a> {\n    pub(crate) pages: usize,\n}\n\n\
         impl<'a> Book<'a> {\n    pub fn open(self) -> Page {\n        fn inside() {}\n    }\n}\n\n\
         impl<T: Into<u8>> From<T> for Page\nwhere\n    T: Copy,\n{\n    fn from(from: T) -> Self {\n    }\n}\n\n\
         pub trait Read: Send {\n    const MOST: usize;\n\n    fn read(&self);\n}\n\n\
         pub(crate) enum Fate {\n    Kept { until: u8 },\n    Lost,\n}\n\n\
         #[test]\nfn a_book_that_is_open_is_read() {}\n",
    );
    for name in [
        "Book::open",
        "shelf::Book::open",
        "Book::open()",
        "Book::pages",
        "Page::from",
        "Read::read",
        "Read::MOST",
        "Fate::Kept",
        "Fate::Lost",
        "book::Fate",
        "shelf::Read",
        "shelf::book",
        "src/shelf/book.rs",
        "src/shelf/",
        "src/shelf",
        "book.rs",
        "a_book_that_is_open_is_read",
        "tokio::spawn",
        "max_in_flight",
        "server.max_in_flight",
        "rongcloud_callback_attempts_total",
        "a sentence::of words",
    ] {
        assert_eq!(code.complaint(name), None, "{name}");
    }
    for name in [
        "Book::close",
        "Book::inside",
        "Pages::from",
        "Fate::Burnt",
        "Read::LEAST",
        "book::Library",
        "shelves::Book",
        "src/shelf/page.rs",
        "page.rs",
        "a_book_that_is_shut_is_read",
        "tests/it/shelf.rs",
    ] {
        assert!(code.complaint(name).is_some(), "{name}");
    }
    let text = "One `Book::open` and\n```rust\nlet `no::span`;\n```\n``two `ticks` ``, `last\none`, `open\n\n`b`\n";
    let found: Vec<_> = spans(text).into_iter().map(|(line, name)| format!("{line} {name}")).collect();
    assert_eq!(found, ["1 Book::open", "5 two `ticks`", "5 last one", "8 b"]);
}

/// The documents whose names are looked up. CHANGELOG.md is none of them: it names what has gone.
fn documents(root: &Path) -> Vec<String> {
    let mut pages: Vec<String> = ["README.md", "README.zh-CN.md", "SECURITY.md", "CONTRIBUTING.md"]
        .into_iter()
        .filter(|page| root.join(page).exists())
        .map(str::to_owned)
        .collect();
    let docs = fs::read_dir(root.join("docs")).expect("the folder docs");
    let names = docs.map(|entry| entry.expect("an entry of a folder").file_name());
    pages.extend(names.map(|name| format!("docs/{}", name.to_string_lossy())));
    pages.sort();
    pages
}

/// The texts in backticks, each with the number of its line, without those in fenced blocks.
fn spans(text: &str) -> Vec<(usize, String)> {
    let mut is_code = false;
    let prose = text.lines().map(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        if is_code || is_fence { "" } else { line }
    });
    let prose = prose.collect::<Vec<_>>().join("\n");
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(start) = prose[at..].find('`') {
        let opening = &prose[at + start..];
        let ticks = &opening[..opening.len() - opening.trim_start_matches('`').len()];
        let inside = at + start + ticks.len();
        at = inside;
        // A span may go on in the next line of its paragraph, and ends with it.
        let paragraph = prose[inside..].split("\n\n").next().unwrap_or_default();
        if let Some(end) = paragraph.find(ticks) {
            let name = paragraph[..end].split_whitespace().collect::<Vec<_>>().join(" ");
            found.push((prose[..inside].matches('\n').count() + 1, name));
            at = inside + end + ticks.len();
        }
    }
    found
}

/// Everything that a document can name.
#[derive(Default)]
struct Code {
    /// Files and folders by their path from the repository's root.
    paths: BTreeSet<String>,
    /// Functions, constants, fields and variants, each with the type or trait that it belongs to.
    members: BTreeSet<(String, String)>,
    /// Items, each with every module that it is in, outermost ones included.
    items: BTreeSet<(String, String)>,
    /// Names of functions, wherever they are.
    functions: BTreeSet<String>,
    /// Words of the configuration's files, which may look like a test's name.
    settings: BTreeSet<String>,
}

impl Code {
    fn read(root: &Path) -> Self {
        let mut code = Self::default();
        let mut folders: Vec<String> =
            FOLDERS.iter().map(|folder| folder.trim_end_matches('/').to_owned()).collect();
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
            for entry in entries.map(|entry| entry.expect("an entry of a folder")) {
                let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    if !path.ends_with("/target") && !path.ends_with("/corpus") {
                        folders.push(path);
                    }
                    continue;
                }
                let text = fs::read(entry.path()).expect("a file");
                code.add_file(&path, &String::from_utf8_lossy(&text));
            }
        }
        for entry in fs::read_dir(root).expect("the repository") {
            code.paths.insert(entry.expect("an entry").file_name().to_string_lossy().into_owned());
        }
        code
    }

    fn add_file(&mut self, path: &str, text: &str) {
        for (at, _) in path.match_indices('/') {
            self.paths.insert(path[..at].to_owned());
        }
        self.paths.insert(path.to_owned());
        if path.starts_with("config/") {
            let words = text.split(|char: char| !char.is_alphanumeric() && char != '_');
            self.settings.extend(words.map(str::to_owned));
        }
        let Some(module) = path.strip_suffix(".rs") else { return };
        let modules: Vec<&str> = module.split('/').filter(|name| *name != "mod").collect();
        for pair in modules.windows(2) {
            self.items.insert((pair[0].to_owned(), pair[1].to_owned()));
        }
        self.add_items(&modules, text);
        self.add_members(text);
    }

    /// Notes what a file defines or re-exports, by the words that stand before it.
    fn add_items(&mut self, modules: &[&str], text: &str) {
        for line in text.lines() {
            let words: Vec<&str> =
                line.split(|char: char| !char.is_alphanumeric() && char != '_').collect();
            for pair in words.windows(2) {
                if pair[0] == "fn" {
                    self.functions.insert(pair[1].to_owned());
                }
                let defines = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod"];
                if defines.contains(&pair[0]) {
                    for module in modules {
                        self.items.insert(((*module).to_owned(), pair[1].to_owned()));
                    }
                }
            }
        }
    }

    /// Notes the members of each `impl`, `trait`, `struct` and `enum`, by the indentation that rustfmt gives them.
    fn add_members(&mut self, text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let Some(head) = lines[number..].iter().position(|line| line.ends_with('{')) else { break };
            let header = lines[number..=number + head].join(" ");
            let Some(owner) = owner(header.trim_start()) else { continue };
            let body = lines[number + head + 1..].iter();
            let end = format!("{:indent$}}}", "");
            for line in body.take_while(|line| **line != end) {
                let inner = line.trim_start();
                if line.len() - inner.len() == indent + 4 {
                    self.members.extend(member(inner).map(|name| (owner.clone(), name)));
                }
            }
        }
    }

    /// Why a name in backticks leads nowhere; `None` if it leads somewhere, or is no name of a thing here.
    fn complaint(&self, name: &str) -> Option<String> {
        let is_path = FOLDERS.iter().any(|folder| name.starts_with(folder))
            || ENDINGS.iter().any(|ending| name.ends_with(ending));
        if is_path && !name.contains([' ', '*', '…', '<', '$', ':']) {
            let path = name.trim_end_matches('/');
            let has_folder = FOLDERS.iter().any(|folder| name.starts_with(folder));
            let is_end_of = |file: &String| !has_folder && file.ends_with(&format!("/{path}"));
            let is_here = self.paths.contains(path) || self.paths.iter().any(is_end_of);
            return (!is_here).then(|| format!("there is no file `{name}`"));
        }
        if is_test(name) {
            let is_here = self.functions.contains(name) || self.settings.contains(name);
            return (!is_here).then(|| format!("there is no test or function `{name}`"));
        }
        let parts: Vec<&str> = name.trim_end_matches("()").split("::").collect();
        let [.., owner, item] = parts[..] else { return None };
        if !parts.iter().all(|part| is_identifier(part)) || FOREIGN.contains(&parts[0]) {
            return None;
        }
        let pair = (owner.to_owned(), item.to_owned());
        let is_here = if owner.starts_with(char::is_uppercase) {
            self.members.contains(&pair)
        } else {
            self.items.contains(&pair)
        };
        (!is_here).then(|| format!("`{owner}` has no `{item}`"))
    }
}

/// Whether a name looks like that of a test, which is a sentence; names of metrics do not count.
fn is_test(name: &str) -> bool {
    name.matches('_').count() > 2
        && !name.starts_with("rongcloud_callback_")
        && name.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
}

/// The type or trait whose members follow the line that begins so.
fn owner(header: &str) -> Option<String> {
    let (mut header, mut words) = (header, header.split_whitespace());
    let first = words.find(|word| !word.starts_with("pub") && *word != "unsafe")?;
    if first.starts_with("impl<") || first == "impl" {
        header = header.split_once("impl")?.1;
        if header.starts_with('<') {
            header = &header[end_of_generics(header)..];
        }
        header = header.split(" where ").next()?;
        let implementor = header.rsplit(" for ").next()?;
        let path =
            implementor.trim_start().trim_start_matches(['&', '(']).split(['<', ' ', '{']).next()?;
        return path.rsplit("::").next().map(str::to_owned);
    }
    let name = ["trait", "struct", "enum"].contains(&first).then(|| words.next())??;
    name.split(['<', ':', '{']).next().map(str::to_owned)
}

/// The length of the generics that a text begins with; the `>` of an arrow ends none.
fn end_of_generics(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, char) in text.char_indices() {
        match char {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
        before = char;
    }
    text.len()
}

/// The name of the function, constant, field or variant that a member's first line defines.
fn member(line: &str) -> Option<String> {
    let before = line.split_once(": ").map_or("", |(before, _)| before);
    let field = before.split(' ').find(|word| !word.starts_with("pub")).unwrap_or_default();
    if is_identifier(field) && before.ends_with(field) {
        return Some(field.to_owned());
    }
    let words: Vec<&str> = line.split(|char: char| !char.is_alphanumeric() && char != '_').collect();
    let defined = words.windows(2).find(|pair| ["fn", "const"].contains(&pair[0]) && pair[1] != "fn");
    let name = defined.map_or(words[0], |pair| pair[1]);
    let is_variant = name.starts_with(char::is_uppercase);
    (defined.is_some() || is_variant).then(|| name.to_owned())
}
