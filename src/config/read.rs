//! From merged values to a [`Config`], collecting what is wrong on the way.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{
    AdminSection, AppSection, Config, PortalSection, Problem, RateSection,
    check::{self, Checker},
    merge, mistakes, rules, secret_files,
};

/// Deserialises and checks each section on its own, so that one mistake does not hide the others.
///
/// The result means something only if there are no problems.
pub(super) fn read(values: Table, defaults: &Table, problems: &mut Vec<Problem>) -> Option<Config> {
    let mut reader = Reader { values, defaults, problems };
    let server = reader.section("server", check::server);
    let admin = reader.admin();
    let journal = reader.section("journal", check::journal);
    let dispatch = reader.section("dispatch", check::pump);
    let deliver_rate = reader.deliver_rate();
    let deliver = reader.section("deliver", check::pump);
    let client = reader.section("client", check::client);
    let shutdown = reader.section("shutdown", check::shutdown);
    let log = reader.section("log", |_, _| ());
    let apps = reader.apps();
    let rules = reader.values.remove("rules").map(|values| rules::read(values, reader.problems));

    if let (Some(rules), Some(dispatch)) = (&rules, &dispatch) {
        check::forwards(rules, dispatch, reader.problems);
    }
    if let (Some(server), Some(admin)) = (&server, &admin) {
        check::listeners(server, admin, reader.problems);
    }
    if let (Some(server), Some(journal)) = (&server, &journal) {
        check::memory(server, journal, reader.problems);
    }
    check::apps(&apps, reader.problems);
    if let (Some(client), Some(deliver), Some(dispatch)) = (&client, &deliver, &dispatch) {
        check::addresses(&apps, client, deliver, dispatch, reader.problems);
    }
    Some(Config {
        server: server?,
        admin: admin?,
        journal: journal?,
        dispatch: dispatch?,
        deliver: deliver?,
        deliver_rate: deliver_rate?,
        client: client?,
        shutdown: shutdown?,
        log: log?,
        apps: apps.into_iter().collect::<Option<_>>()?,
        rules: rules?.into_iter().collect::<Option<_>>()?,
    })
}

struct Reader<'a> {
    values: Table,
    defaults: &'a Table,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn section<T: DeserializeOwned>(
        &mut self,
        name: &str,
        check: fn(&T, &mut Checker<'_>),
    ) -> Option<T> {
        let Value::Table(section) = self.values.remove(name)? else { return None };
        let section = self.deserialize(section, name, self.defaults[name].as_table()?)?;
        check(&section, &mut Checker { path: name, problems: self.problems });
        Some(section)
    }

    fn admin(&mut self) -> Option<AdminSection> {
        let mut admin: AdminSection = self.section("admin", |_, _| ())?;
        secret_files::read_into(
            &mut admin.tokens,
            &admin.token_files,
            "admin.token_files",
            self.problems,
        );
        check::admin(&admin, &mut Checker { path: "admin", problems: self.problems });
        Some(admin)
    }

    fn deliver_rate(&mut self) -> Option<RateSection> {
        let path = "deliver.rate";
        let rate = self.values.get_mut("deliver")?.as_table_mut()?.remove("rate")?;
        let examples = self.defaults["deliver"]["rate"].as_table()?;
        let Value::Table(mut rate) = rate else {
            let hint = "begin it with a line [deliver.rate] and write its keys below";
            self.problems.push(Problem::new(path, "is not a section", hint));
            return None;
        };
        merge::retain_known(&mut rate, examples, path, self.problems);
        for (name, default) in examples {
            rate.entry(name).or_insert_with(|| default.clone());
        }
        let rate = self.deserialize(rate, path, examples)?;
        check::rate(&rate, &mut Checker { path, problems: self.problems });
        Some(rate)
    }

    fn apps(&mut self) -> Vec<Option<AppSection>> {
        let Some(Value::Array(apps)) = self.values.remove("apps") else { return Vec::new() };
        apps.into_iter()
            .enumerate()
            .map(|(index, app)| self.app(app, &format!("apps[{index}]")))
            .collect()
    }

    fn app(&mut self, app: Value, path: &str) -> Option<AppSection> {
        let (Value::Table(mut app), mut examples) = (app, self.defaults["apps"][0].as_table()?.clone())
        else {
            return None;
        };
        let portal = app.remove("portal").and_then(|portal| self.portal(portal, path));
        for (name, example) in &examples {
            if !app.contains_key(name) {
                let hint = format!("write {name} = {example}, or the value itself");
                self.problems.push(Problem::new(format!("{path}.{name}"), "is missing", hint));
            }
        }
        // Unlike the other examples, this one's variable cannot stand for itself.
        examples.insert("api_url".to_owned(), Value::from("https://api.example.com"));
        for (name, example) in &examples {
            app.entry(name).or_insert_with(|| example.clone());
        }
        let mut app: AppSection = self.deserialize(app, path, &examples)?;
        app.portal = portal;
        let key = format!("{path}.secret_files");
        secret_files::read_into(&mut app.secrets, &app.secret_files, &key, self.problems);
        check::app(&app, &mut Checker { path, problems: self.problems });
        Some(app)
    }

    fn portal(&mut self, portal: Value, app: &str) -> Option<PortalSection> {
        let path = &format!("{app}.portal");
        let Value::Table(mut portal) = portal else {
            let hint = "begin it with a line [apps.portal] and write its keys below";
            self.problems.push(Problem::new(path, "is not a section", hint));
            return None;
        };
        let examples = portal_example();
        merge::retain_known(&mut portal, &examples, path, self.problems);
        for name in ["url", "ecode"] {
            let example = &examples[name];
            if !portal.contains_key(name) {
                let hint = format!("write {name} = {example}, with the value of your portal");
                self.problems.push(Problem::new(format!("{path}.{name}"), "is missing", hint));
                portal.insert(name.to_owned(), example.clone());
            }
        }
        let portal = self.deserialize(portal, path, &examples)?;
        check::portal(&portal, &mut Checker { path, problems: self.problems });
        Some(portal)
    }

    /// Deserialises a section; where a value is of no use, reports it and goes on with the example, so that
    /// the section's other values are looked at too.
    fn deserialize<T: DeserializeOwned>(
        &mut self,
        mut section: Table,
        path: &str,
        examples: &Table,
    ) -> Option<T> {
        for _ in 0..=examples.len() {
            let error = match serde_path_to_error::deserialize(section.clone()) {
                Ok(section) => return Some(section),
                Err(error) => error,
            };
            let inner = error.path().to_string();
            let name = inner.split(['.', '[']).next().unwrap_or_default();
            let example = examples.get(name)?;
            let found = section.get(name).filter(|_| name == inner);
            let what = match name {
                // The parsers' messages quote the value, which may carry a secret.
                "secrets" | "tokens" => "is not a list of strings",
                "token" => "is not a string",
                "url" if path == "journal" => "is not a URL in quotes",
                "api_url" | "url" => "is not a URL, or a list of them",
                _ => &mistakes::in_words(error.inner().message(), found),
            };
            let hint = format!("for example {name} = {example}");
            self.problems.push(Problem::new(format!("{path}.{inner}"), what, hint));
            section.insert(name.to_owned(), example.clone());
        }
        None
    }
}

/// What can stand in `[apps.portal]`, which has no defaults.
fn portal_example() -> Table {
    let rows = [
        ("url", "https://portal.example.com"),
        ("ecode", "acme"),
        ("token", "${PORTAL_TOKEN}"),
        ("token_file", "/run/secrets/portal-token"),
    ];
    rows.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}
