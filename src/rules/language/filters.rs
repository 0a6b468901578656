//! The filters and tests that a template names, also in branches that no trial reaches.

use std::sync::LazyLock;

use regex::Regex;

/// The tags of a template, found as `tag`. Comments and raw text are matched too, so that tags in them are passed over.
static TAGS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?xs) \{\#.*?\#\}
        | \{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw
        | \{[{%] (?<tag>(?: "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | [^"'] )*?) [%}]\}"#,
    )
    .expect("a regex")
});

/// The names of filters and tests in a tag. Strings are matched too, so that names in them are passed over.
static NAMES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?xs) "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'
        | (?: (?: \| | ^[-+]?\s*filter\s ) \s*(?<filter>[a-zA-Z_]\w*) )
        | (?: \bis\s+(?:not\s+)?(?<test>[a-zA-Z_]\w*) )"#,
    )
    .expect("a regex")
});

/// Makes a small template for each filter and test that `text` names; its rendering fails if there is no such filter or test.
pub(super) fn filter_checks(text: &str) -> impl Iterator<Item = String> {
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
            let found: Vec<_> = filter_checks(text).collect();
            let expected: Vec<_> = names.iter().map(|name| format!("{{{{ '' {name} }}}}")).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
