//! `[[rules]]` and `[desk] forward`, which [`rules`](crate::rules) reads. A build without the feature `rules` refuses them.

#[cfg(feature = "rules")]
pub(super) use self::with_rules::{read, read_desk_forward};
#[cfg(not(feature = "rules"))]
pub(super) use self::without_rules::refuse;

#[cfg(feature = "rules")]
mod with_rules {
    use toml::Value;

    use crate::{
        config::{
            file::UserFile,
            sections::{ClientSection, PumpSection},
        },
        rules::{DeskForward, Forward, RuleSet},
        toml_values::Problem,
    };

    /// The sections that rules have to fit.
    type Beside<'a> = (Option<&'a ClientSection>, Option<&'a PumpSection>);

    /// Reads the rules, and checks that they fit `[client]` and `[dispatch]`.
    pub(in crate::config) fn read(
        rules: Option<Value>,
        (client, dispatch): Beside<'_>,
        file: &UserFile<'_>,
        problems: &mut Vec<Problem>,
    ) -> RuleSet {
        let Some(rules) = rules else { return RuleSet::default() };
        let mut rules = RuleSet::read(rules, |key| file.line(key), problems);
        if let Some(client) = client {
            rules = rules.with_connect_timeout(client.connect_timeout);
        }
        if let Some(dispatch) = dispatch {
            check_timeouts(rules.forwards(), dispatch, problems);
        }
        rules
    }

    /// Reads the customer-service system of the desk, and checks that it fits `[client]` and `[dispatch]`.
    pub(in crate::config) fn read_desk_forward(
        forward: Option<Value>,
        (client, dispatch): Beside<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<DeskForward> {
        let mut desk = DeskForward::read(forward?, problems)?;
        if let Some(client) = client {
            desk = desk.with_connect_timeout(client.connect_timeout);
        }
        if let Some(dispatch) = dispatch {
            check_timeouts([desk.as_forward()], dispatch, problems);
        }
        Some(desk)
    }

    /// Checks that forwarding ends before its attempt does.
    fn check_timeouts<'a>(
        forwards: impl IntoIterator<Item = (String, &'a Forward)>,
        dispatch: &PumpSection,
        problems: &mut Vec<Problem>,
    ) {
        for (key, forward) in forwards {
            if forward.longest_attempt() >= dispatch.timeout {
                problems.push(Problem::new(
                    format!("{key}.timeout"),
                    format!(
                        "{:?} is not shorter than half of dispatch.timeout ({:?}), which bounds the attempt with the \
                         wait for its turn: it would be cut off",
                        forward.timeout, dispatch.timeout
                    ),
                    "write a shorter one, or raise dispatch.timeout",
                ));
            }
        }
    }
}

#[cfg(not(feature = "rules"))]
mod without_rules {
    use toml::{Table, Value};

    use crate::toml_values::Problem;

    /// Refuses rules, by which no message would be answered, and the desk's service, which would get no message.
    pub(in crate::config) fn refuse(
        values: &Table,
        desk_forward: Option<&Value>,
        problems: &mut Vec<Problem>,
    ) {
        if desk_forward.is_some() {
            let what = "cannot be used: this program was built without the feature `rules`";
            problems.push(Problem::new(
                "desk.forward",
                what,
                "build it with the feature `rules`, or take the key out",
            ));
        }
        if values.contains_key("rules") {
            let what = "cannot be used: this program was built without the feature `rules`";
            let hint = "build it with the feature `rules`, or take the sections [[rules]] out";
            problems.push(Problem::new("rules", what, hint));
        }
    }
}

#[cfg(all(test, not(feature = "rules")))]
mod tests {
    use crate::config::Config;

    #[test]
    fn rules_are_refused_by_a_program_that_was_built_without_them() {
        let app = "[[apps]]\nkey = 'k'\nsecrets = ['s']\napi_url = 'http://a'\n";
        let error = Config::from_toml(&format!("{app}[[rules]]\non = 'text'\n"), |_| None).unwrap_err();
        let [problem] = error.problems() else { panic!("{error}") };
        assert_eq!((problem.key.as_str(), problem.line), ("rules", Some(5)));
        assert!(problem.what.contains("built without the feature `rules`"), "{error}");
        let desk = format!("{app}[desk]\nforward = {{ url = 'http://a', secret = 's' }}\n");
        let error = Config::from_toml(&desk, |_| None).unwrap_err();
        let [problem] = error.problems() else { panic!("{error}") };
        assert_eq!((problem.key.as_str(), problem.line), ("desk.forward", Some(6)));
    }
}
