//! Templates of replies: bounded in steps and size, with nothing to call but the template language's own filters.

use std::io;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, Value};

use super::filters;
use crate::toml_values::Problem;

/// Most steps of one rendering, so that loops end.
const FUEL: u64 = 20_000;
/// Most bytes that a rendering writes; the platform takes 2000 in a text.
const MAX_BYTES: usize = 16 << 10;

/// A template that cannot be rendered for a message.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RenderError(String);

/// The templates of a rule set. Each is compiled once, when the set is read, and known by its text.
#[derive(Debug)]
pub(crate) struct Templates(Environment<'static>);

/// The variables that a template can read.
pub(super) struct Variables<'a> {
    /// The names of the message's fields.
    pub(super) fields: Vec<&'static str>,
    /// The names of the regex's groups, read as `captures.NAME`; `None` if they are not known, so that any may be meant.
    pub(super) captures: Option<Vec<&'a str>>,
}

impl Templates {
    pub(super) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.remove_global("debug");
        Self(environment)
    }

    /// Compiles a template, which stands at `key`, and checks the names in it.
    pub(super) fn add(
        &mut self,
        text: &str,
        variables: &Variables<'_>,
        key: &str,
    ) -> Result<(), Problem> {
        let problem = |what: String, hint: &str| Problem::new(key, what, hint);
        let added = self.0.add_template_owned(text.to_owned(), text.to_owned());
        let template = added.and_then(|()| self.0.get_template(text)).map_err(|error| {
            problem(
                format!("is not a template: {}", detail(&error)),
                "for example \"Hello {{ user }}\"; write {{ '{{' }} for two braces themselves",
            )
        })?;
        for name in template.undeclared_variables(true) {
            if !variables.has(&name) && !self.0.globals().any(|(global, _)| global == name) {
                return Err(problem(
                    format!("there is no `{name}` for this rule"),
                    &format!("what it can read is: {}", variables.list()),
                ));
            }
        }
        // The template language looks names up when it reaches them. So filters and tests are tried one by one, and methods
        // with two sets of values, which lead through different branches.
        let checks = filters::filter_checks(text).map(|check| self.0.render_str(&check, ()).err());
        let trials = [variables.sample(), Value::from_pairs::<_, &str, &str>([])];
        let trials = trials.into_iter().map(|trial| template.render(trial).err());
        match checks.chain(trials).flatten().find(|error| is_unknown_name(error.kind())) {
            None => Ok(()),
            Some(error) => {
                let hint = "the filters are those of MiniJinja, such as {{ user | upper }}";
                Err(problem(detail(&error), hint))
            }
        }
    }

    /// Renders a template that was added.
    ///
    /// # Errors
    ///
    /// The template does something that cannot be done with these values, takes too many steps or gets too long.
    pub(super) fn render(&self, text: &str, values: &Value) -> Result<String, RenderError> {
        let render_error = |error: &Error| {
            RenderError(match error.kind() {
                ErrorKind::WriteFailure => format!("it gets longer than {MAX_BYTES} bytes"),
                ErrorKind::OutOfFuel => format!("it takes more than {FUEL} steps"),
                _ => detail(error),
            })
        };
        let mut written = Bounded(Vec::new());
        let template = self.0.get_template(text).map_err(|error| render_error(&error))?;
        template
            .render_captured_to(values.clone(), &mut written)
            .map_err(|error| render_error(&error))?;
        String::from_utf8(written.0).map_err(|error| RenderError(error.to_string()))
    }
}

fn is_unknown_name(kind: ErrorKind) -> bool {
    use ErrorKind::{UnknownFilter, UnknownFunction, UnknownMethod, UnknownTest};
    matches!(kind, UnknownFilter | UnknownTest | UnknownFunction | UnknownMethod)
}

/// Whether the text is sent as it stands, so that it needs no template.
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
            (first, _) => self.fields.contains(&first),
        }
    }

    fn list(&self) -> String {
        let fields = self.fields.iter().map(|name| (*name).to_owned());
        let captures = self.captures.iter().flatten().map(|name| format!("captures.{name}"));
        fields.chain(captures).collect::<Vec<_>>().join(", ")
    }

    /// Values for a trial.
    fn sample(&self) -> Value {
        let captures = Value::from_pairs(self.captures.iter().flatten().map(|name| (*name, "1")));
        let fields = self.fields.iter().map(|name| (*name, Value::from("1")));
        Value::from_pairs(fields.chain([("captures", captures)]))
    }
}

fn detail(error: &Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned)
}

/// A writer that fails beyond [`MAX_BYTES`].
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_BYTES {
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

    fn add(templates: &mut Templates, text: &str) -> Result<(), Problem> {
        let variables = Variables { fields: vec!["user", "content"], captures: Some(vec!["no"]) };
        templates.add(text, &variables, "text")
    }

    fn check(text: &str) -> Result<(), Problem> {
        add(&mut Templates::new(), text)
    }

    fn render(text: &str, content: &str) -> Result<String, String> {
        let captures = Value::from_pairs([("no", "7")]);
        let values = [("user", "<ann>".into()), ("content", content.into()), ("captures", captures)];
        let mut templates = Templates::new();
        add(&mut templates, text).unwrap();
        templates.render(text, &Value::from_pairs(values)).map_err(|error| error.to_string())
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
