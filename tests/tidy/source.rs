//! Reads Rust files as far as the checks need it: tokens, and the paths that code uses.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A path that code uses, such as `crate::ids::AppKey`.
pub(crate) struct Used {
    pub(crate) names: Vec<String>,
    /// The name after `as`.
    pub(crate) alias: Option<String>,
    pub(crate) line: usize,
    /// Number of inline modules around the path.
    pub(crate) depth: usize,
}

impl Used {
    /// The child of the crate's root that the path leads to, if it leads there.
    pub(crate) fn target(&self, file: &str) -> Option<&str> {
        if self.names[0] == "crate" {
            return self.names.get(1).map(String::as_str);
        }
        let supers = self.names.iter().take_while(|name| *name == "super").count();
        let folders = file.matches('/').count() - 1;
        let file_depth = if file.ends_with("/mod.rs") { folders } else { folders + 1 };
        let target = self.names.get(supers).filter(|_| supers == file_depth + self.depth)?;
        (target != "*").then_some(target)
    }
}

/// All paths in the code, `use` trees unfolded.
pub(crate) fn paths(tokens: &[Token]) -> Vec<Used> {
    let mut found = Vec::new();
    let mut braces = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "{" => braces.push(at >= 2 && tokens[at - 2].text == "mod"),
            "}" => _ = braces.pop(),
            // The scope in `pub(crate)` or `pub(in crate::a)` is no use of it.
            "pub" if tokens.get(at + 1).is_some_and(|next| next.text == "(") => {
                at += tokens[at..].iter().take_while(|token| token.text != ")").count();
            }
            _ if token.is_name() => {
                let depth = braces.iter().filter(|is_module| **is_module).count();
                at = unfold(tokens, at, &[], &mut |names, alias| {
                    found.push(Used { names, alias, line: token.line, depth });
                });
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads the path that begins at `at`, under `prefix`; returns where it ends.
fn unfold(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    emit: &mut dyn FnMut(Vec<String>, Option<String>),
) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token| token.text.as_str());
    let mut names = prefix.to_vec();
    loop {
        if text(at) == "{" && !names.is_empty() {
            at += 1;
            while !["}", ""].contains(&text(at)) {
                at = match text(at) {
                    "," => at + 1,
                    _ => unfold(tokens, at, &names, emit).max(at + 1),
                };
            }
            return at + 1;
        }
        names.push(text(at).to_owned());
        at += 1;
        let goes_on =
            tokens.get(at + 1).is_some_and(|next| next.is_name() || ["{", "*"].contains(&&*next.text));
        if text(at) != "::" || !goes_on {
            let alias = (text(at) == "as").then(|| text(at + 1).to_owned());
            let end = if alias.is_some() { at + 2 } else { at };
            emit(names, alias);
            return end;
        }
        at += 1;
    }
}

pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
    }
}

/// Names, `::` and single characters; comments, strings and white space are left out.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let is_name = |char: char| char.is_alphanumeric() || char == '_';
        let raw =
            rest.trim_start_matches(['b', 'c']).strip_prefix('r').map(|raw| raw.trim_start_matches('#'));
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(body) = raw.filter(|raw| raw.starts_with('"')) {
            let hashes = "#".repeat(rest[..rest.len() - body.len()].matches('#').count());
            let end =
                body[1..].find(&format!("\"{hashes}")).map_or(body.len(), |end| end + 2 + hashes.len());
            rest.len() - body.len() + end
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' && (rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'')) {
            quoted(rest, '\'')
        } else {
            let length = match first {
                first if is_name(first) => rest.find(|char| !is_name(char)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                first => first.len_utf8(),
            };
            if !first.is_whitespace() {
                found.push(Token { text: rest[..length].to_owned(), line });
            }
            length
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Length of a literal in quotes that may be escaped.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            char if char == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The repository's own Rust files, relative to it.
pub(crate) fn rust_files(root: &Path) -> Vec<String> {
    let mut folders: Vec<PathBuf> =
        ["src", "tests", "benches", "examples", "fuzz/src", "fuzz/fuzz_targets"]
            .map(|folder| root.join(folder))
            .into();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.map(|entry| entry.expect("an entry of a folder").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let relative = entry.strip_prefix(root).expect("a path inside the repository");
                files.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}
