//! Text with `{{ … }}` in it, in the Jinja language: what the operator wrote, filled in from a message.
//!
//! Only the operator's text is a template. What comes from a message is a value in it, and never looked through for
//! `{{`: there are no includes, no macros, no loader, and nothing to call but the language's own filters.

use std::{io, sync::OnceLock};

use minijinja::{AutoEscape, Environment, Error, ErrorKind, Value};

use super::names;
use crate::config::Problem;

/// Most steps of one rendering: loops end.
const FUEL: u64 = 20_000;
/// Most bytes that a rendering writes; the platform takes 2000 in a text.
const MOST_BYTES: usize = 16 << 10;

/// Why a template cannot be filled in.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RenderError(String);

/// What a template can read.
pub(super) struct Variables<'a> {
    /// Names of the message's fields.
    pub(super) fields: Vec<&'static str>,
    /// Names of the regex's groups, read as `captures.NAME`; `None` if any may be meant.
    pub(super) captures: Option<Vec<&'a str>>,
}

/// Checks a template; its problem is at the key `path`.
pub(super) fn check(text: &str, variables: &Variables<'_>, path: &str) -> Result<(), Problem> {
    let wrong = |what: String, hint: &str| Problem::new(path, what, hint);
    let template = engine().template_from_str(text).map_err(|error| {
        wrong(
            format!("is not a template: {}", detail(&error)),
            "for example \"Hello {{ user }}\"; write {{ '{{' }} for two braces themselves",
        )
    })?;
    for name in template.undeclared_variables(true) {
        if !variables.has(&name) {
            return Err(wrong(
                format!("there is no `{name}` for this rule"),
                &format!("what it can read is: {}", variables.list()),
            ));
        }
    }
    // Names are looked up when they are reached: filters and tests are tried one by one, methods on two ways through.
    let probes = names::probes(text).map(|probe| engine().render_str(&probe, ()).err());
    let trials = [variables.sample(), Value::from_pairs::<_, &str, &str>([])];
    let trials = trials.into_iter().map(|trial| template.render(trial).err());
    match probes.chain(trials).flatten().find(|error| is_unknown_name(error.kind())) {
        None => Ok(()),
        Some(error) => {
            let hint = "the filters are those of MiniJinja, such as {{ user | upper }}";
            Err(wrong(detail(&error), hint))
        }
    }
}

/// Fills in a template that has been checked.
///
/// # Errors
///
/// It does something that cannot be done with these values, takes too many steps or gets too long.
pub(super) fn render(text: &str, values: &Value) -> Result<String, RenderError> {
    let refused = |error: &Error| {
        RenderError(match error.kind() {
            ErrorKind::WriteFailure => format!("it gets longer than {MOST_BYTES} bytes"),
            ErrorKind::OutOfFuel => format!("it takes more than {FUEL} steps"),
            _ => detail(error),
        })
    };
    let mut written = Bounded(Vec::new());
    let template = engine().template_from_str(text).map_err(|error| refused(&error))?;
    template.render_captured_to(values.clone(), &mut written).map_err(|error| refused(&error))?;
    String::from_utf8(written.0).map_err(|error| RenderError(error.to_string()))
}

fn is_unknown_name(kind: ErrorKind) -> bool {
    use ErrorKind::{UnknownFilter, UnknownFunction, UnknownMethod, UnknownTest};
    matches!(kind, UnknownFilter | UnknownTest | UnknownFunction | UnknownMethod)
}

/// Whether anything in `text` would be filled in.
pub(super) fn is_literal(text: &str) -> bool {
    !["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

impl Variables<'_> {
    fn has(&self, name: &str) -> bool {
        let (first, inner) =
            name.split_once('.').map_or((name, None), |(first, inner)| (first, Some(inner)));
        match (first, inner) {
            ("captures", inner) => self
                .captures
                .as_ref()
                .is_none_or(|groups| inner.map_or(!groups.is_empty(), |group| groups.contains(&group))),
            ("fields", _) => self.fields.contains(&"fields"),
            (_, None) => {
                self.fields.contains(&first) || engine().globals().any(|(global, _)| global == first)
            }
            (_, Some(_)) => self.fields.contains(&first),
        }
    }

    fn list(&self) -> String {
        let fields = self.fields.iter().map(|name| (*name).to_owned());
        let captures = self.captures.iter().flatten().map(|name| format!("captures.{name}"));
        fields.chain(captures).collect::<Vec<_>>().join(", ")
    }

    fn sample(&self) -> Value {
        let captures = Value::from_pairs(self.captures.iter().flatten().map(|name| (*name, "1")));
        let fields = self.fields.iter().map(|name| (*name, Value::from("1")));
        Value::from_pairs(fields.chain([("captures", captures)]))
    }
}

fn engine() -> &'static Environment<'static> {
    static ENGINE: OnceLock<Environment<'static>> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut engine = Environment::new();
        engine.set_auto_escape_callback(|_| AutoEscape::None);
        engine.set_fuel(Some(FUEL));
        engine.remove_global("debug");
        engine
    })
}

fn detail(error: &Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned)
}

/// Takes so many bytes and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Problem> {
        let variables = Variables { fields: vec!["user", "content"], captures: Some(vec!["no"]) };
        super::check(text, &variables, "text")
    }

    fn render(text: &str, content: &str) -> Result<String, String> {
        let captures = Value::from_pairs([("no", "7")]);
        let values = [("user", "<ann>".into()), ("content", content.into()), ("captures", captures)];
        check(text).unwrap();
        super::render(text, &Value::from_pairs(values)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_message_is_filled_in_and_never_looked_through() {
        assert_eq!(render("{{ user }}: {{ captures.no }}", "").unwrap(), "<ann>: 7");
        let hostile = "{{ user }}{% for x in range(9) %}{{ x }}{% endfor %}{{ 7 * 7 }}";
        assert_eq!(render("{{ content }}", hostile).unwrap(), hostile);
        assert_eq!(render("{{ content | upper }}", "{{ user }}").unwrap(), "{{ USER }}");
    }

    #[test]
    fn what_is_wrong_is_found_without_a_message() {
        for (text, what) in [
            ("{{ user", "is not a template"),
            ("{% include 'x' %}", "is not a template"),
            ("{% if user %}", "is not a template"),
            ("{{ usr }}", "there is no `usr`"),
            ("{{ captures.nr }}", "there is no `captures.nr`"),
            ("{{ debug() }}", "there is no `debug`"),
            ("{{ user | uper }}", "filter uper is unknown"),
            ("{% if content == 'x' %}{{ content | trim | uper }}{% endif %}", "filter uper is unknown"),
            ("{% if content is not emtpy %}{% endif %}", "test emtpy is unknown"),
            ("{% if content.startswith('x') %}{% endif %}", "has no method named startswith"),
        ] {
            let problem = check(text).unwrap_err();
            assert!(problem.what.contains(what), "{text}: {problem:?}");
        }
        assert!(check("{{ usr }}").unwrap_err().hint.ends_with("user, content, captures.no"));
    }

    #[test]
    fn no_template_runs_or_writes_without_end() {
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
        assert_eq!(render(endless, "").unwrap_err(), "it takes more than 20000 steps");
        let long = "{% for a in range(99) %}{{ content }}{% endfor %}";
        assert_eq!(render(long, &"x".repeat(999)).unwrap_err(), "it gets longer than 16384 bytes");
    }
}
