//! Checks that no two files import each other, directly or through others.
//!
//! A `mod.rs` is the front of its folder: it declares the files in it and hands their items on, so its own imports from there
//! are no part of a circle. An import through a front leads to the file in which the item is defined.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::source::{Used, paths, rust_files, tokens};

#[test]
fn no_files_import_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: Vec<_> = rust_files(root)
        .into_iter()
        .filter(|path| path.starts_with("src/"))
        .map(|path| (fs::read_to_string(root.join(&path)).unwrap(), path))
        .collect();
    assert!(files.len() > 100, "only {} files were found", files.len());
    let circles = circles(files.iter().map(|(text, path)| (path.as_str(), text.as_str())));
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn a_circle_is_seen_also_through_a_front_and_a_front_makes_none() {
    let front = ("src/a/mod.rs", "mod b; mod c; pub use self::{b::B as Name, c::C}; struct Own;");
    let user = ("src/d.rs", "use crate::a::Name;");
    for (b, c, found) in [
        ("use super::C;", "use crate::a::Name;", 1),
        ("use super::c::C;", "fn f() { super::b::f() }", 1),
        ("use super::C;", "use super::Own;", 0),
        ("use super::C;", "mod tests { use super::super::Name; }", 0),
        ("use super::Own;", "use crate::d::f;", 0),
        ("use crate::d::f;", "", 1),
    ] {
        let files = [("src/lib.rs", "mod a; mod d;"), front, ("src/a/b.rs", b), ("src/a/c.rs", c), user];
        let circles = circles(files.into_iter());
        assert_eq!(circles.len(), found, "{b} {c}: {circles:#?}");
    }
}

/// A file of the crate, and what its `mod` and `use` items name.
struct File<'a> {
    path: &'a str,
    children: BTreeSet<String>,
    /// Paths by the name under which a `use` brings them in.
    bindings: BTreeMap<String, Vec<String>>,
    uses: Vec<Used>,
}

/// Groups of files that reach each other by imports.
fn circles<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<BTreeSet<&'a str>> {
    let files: BTreeMap<Vec<String>, File<'a>> =
        files.filter_map(|(path, text)| Some((module_path(path)?, File::read(path, text)))).collect();
    let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (module, file) in &files {
        let front = file.path.strip_suffix("mod.rs");
        let targets = file.uses.iter().filter(|used| used.depth == 0);
        let targets = targets.filter_map(|used| defining_file(&files, module, &used.names, 0));
        let targets = targets.filter(|target| *target != file.path);
        let targets = targets.filter(|target| front.is_none_or(|folder| !target.starts_with(folder)));
        imports.insert(file.path, targets.collect());
    }
    let reached: BTreeMap<_, _> = imports.keys().map(|file| (*file, reach(&imports, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        let circle: BTreeSet<_> =
            others.iter().copied().filter(|other| reached[other].contains(file)).collect();
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// The files that `file` leads to by one import or several.
fn reach<'a>(imports: &BTreeMap<&'a str, BTreeSet<&'a str>>, file: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<_> = imports[file].iter().copied().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(&imports[file]);
        }
    }
    reached
}

/// The module that a file is: `src/a/b.rs` is `a::b`. The executable's modules are below `bin`.
fn module_path(path: &str) -> Option<Vec<String>> {
    let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let inside = inside
        .strip_prefix("bin/rongcloud-callback")
        .map_or(inside.to_owned(), |own| format!("bin{own}"));
    let mut names: Vec<_> = inside.split('/').map(str::to_owned).collect();
    if names.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        names.pop();
    }
    Some(names)
}

/// The file in which the item that `names` leads to, as seen from `module`, is defined; `None` outside the crate.
fn defining_file<'a>(
    files: &BTreeMap<Vec<String>, File<'a>>,
    module: &[String],
    names: &[String],
    followed: usize,
) -> Option<&'a str> {
    let (mut module, mut names) = (module.to_vec(), names);
    let first = names.first()?;
    match first.as_str() {
        "crate" => {
            module.truncate(usize::from(module.first().is_some_and(|first| first == "bin")));
            names = &names[1..];
        }
        "self" => names = &names[1..],
        "super" => {
            while names.first().is_some_and(|name| name == "super") {
                module.pop();
                names = &names[1..];
            }
        }
        first if files.get(&module)?.children.contains(first) => {}
        _ => return None,
    }
    loop {
        let file = files.get(&module)?;
        let Some(name) = names.first() else { return Some(file.path) };
        names = &names[1..];
        if file.children.contains(name) {
            module.push(name.clone());
        } else if let Some(path) = file.bindings.get(name).filter(|_| followed < 8) {
            let path: Vec<_> = path.iter().chain(names).cloned().collect();
            return defining_file(files, &module, &path, followed + 1).or(Some(file.path));
        } else {
            return Some(file.path);
        }
    }
}

impl<'a> File<'a> {
    fn read(path: &'a str, text: &str) -> Self {
        let tokens = tokens(text);
        let children = tokens.windows(3).filter(|found| found[0].text == "mod" && found[2].text == ";");
        let uses = paths(&tokens);
        let mut bindings = BTreeMap::new();
        for used in uses.iter().filter(|used| used.depth == 0 && used.names.len() > 1) {
            // `use a::{self as b}` brings `a` in.
            let is_self = used.names.last().is_some_and(|last| last == "self");
            let names = &used.names[..used.names.len() - usize::from(is_self)];
            if let Some(name) = used.alias.as_ref().or(names.last()) {
                bindings.insert(name.clone(), names.to_vec());
            }
        }
        Self { path, children: children.map(|found| found[1].text.clone()).collect(), bindings, uses }
    }
}
