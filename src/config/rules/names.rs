//! The filters and tests that a template names, in whichever branch of it.

use std::sync::LazyLock;

use regex::Regex;

/// Comments and raw text, which are passed over; or a tag, with strings in it as they are.
static TAGS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?xs) \{\#.*?\#\}
        | \{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw
        | \{[{%] (?<tag>(?: "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | [^"'] )*?) [%}]\}"#,
    )
    .expect("a regex")
});

/// A string, which is passed over; or what a name follows, and the name.
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?xs) "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'
        | (?: (?: \| | ^[-+]?\s*filter\s ) \s*(?<filter>[a-zA-Z_]\w*) )
        | (?: \bis\s+(?:not\s+)?(?<test>[a-zA-Z_]\w*) )"#,
    )
    .expect("a regex")
});

/// A small template for each filter and test named in `text`, which fails if there is no such.
pub(super) fn probes(text: &str) -> impl Iterator<Item = String> {
    let tags = TAGS.captures_iter(text).filter_map(|found| found.name("tag")).map(|tag| tag.as_str());
    let names = tags.flat_map(|tag| NAMES.captures_iter(tag));
    names.filter_map(|found| {
        let filter = found.name("filter").map(|name| format!("{{{{ '' | {} }}}}", name.as_str()));
        filter.or_else(|| found.name("test").map(|name| format!("{{{{ '' is {} }}}}", name.as_str())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_tags_and_nowhere_else() {
        for (text, names) in [
            ("{{ a | upper|trim() }}", vec!["| upper", "| trim"]),
            ("{% if a is defined and b is  not none %}", vec!["is defined", "is none"]),
            ("{%- filter lower %}it's | nothing{% endfilter %}", vec!["| lower"]),
            ("{{ 'x | y' ~ \"}} | z\" | last }} | w", vec!["| last"]),
            ("{# {{ a | b }} #}{% raw %}{{ c | d }}{% endraw %}it is so", vec![]),
        ] {
            let found: Vec<_> = probes(text).collect();
            let expected: Vec<_> = names.iter().map(|name| format!("{{{{ '' {name} }}}}")).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
