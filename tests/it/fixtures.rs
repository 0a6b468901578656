//! The examples of the platform's documents, verbatim, by document and heading.

use std::{fs, path::Path};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

/// The text of one example, for example `rongcloud/接收消息/文本消息格式/message.xml`.
pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(ROOT).join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Names of all examples whose names end with `suffix`, for example `/message.xml`.
pub(crate) fn names(suffix: &str) -> Vec<String> {
    let mut names = Vec::new();
    collect(Path::new(ROOT), &mut names);
    names.retain(|name| name.ends_with(suffix));
    names.sort();
    assert!(!names.is_empty(), "no example ends with {suffix}");
    names
}

fn collect(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, names);
        } else {
            let name =
                path.to_str().and_then(|path| path.strip_prefix(ROOT)).expect("UTF-8 below the root");
            names.push(name.trim_start_matches('/').to_owned());
        }
    }
}

/// An example of a whole HTTP request, taken apart.
#[derive(Debug)]
pub(crate) struct HttpExample {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names as printed, the documents' misspelling `RC-imestamp` included.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl HttpExample {
    /// Reads the example called `name`, for example `rongcloud/发送消息/文本消息/request.http`.
    pub(crate) fn read(name: &str) -> Self {
        let text = fixture(name);
        let (head, body) = text.split_once("\n\n").unwrap_or_else(|| panic!("{name} has no body"));
        let (first, headers) = head.split_once('\n').unwrap_or_else(|| panic!("{name} has no headers"));
        let mut words = first.split(' ');
        let (Some(method), Some(path), Some("HTTP/1.1"), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            panic!("{name} begins with {first:?}");
        };
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("a header {line:?}"));
            (name.to_owned(), value.trim().to_owned())
        };
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers.lines().map(header).collect(),
            body: body.trim_end_matches('\n').to_owned(),
        }
    }

    /// The value of the first header called `name`.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_json(&self) -> bool {
        self.header("Content-Type").is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
    }
}

#[test]
fn every_request_of_the_documents_is_a_post_of_json_or_a_form() {
    for name in names("/request.http") {
        let request = HttpExample::read(&name);
        assert_eq!(request.method, "POST", "{name}");
        assert!(request.path.starts_with('/'), "{name}");
        if request.is_json() {
            serde_json::from_str::<serde_json::Value>(&request.body)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
        } else {
            let pairs: Vec<_> = request.body.split('&').map(|pair| pair.split_once('=')).collect();
            assert!(pairs.iter().all(Option::is_some), "{name}: {}", request.body);
        }
    }
}

#[test]
fn every_json_example_is_json() {
    for name in names(".json") {
        serde_json::from_str::<serde_json::Value>(&fixture(&name))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}
