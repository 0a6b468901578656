//! Reading the values of all sections into a [`Config`], with all of their problems at once.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::{
    admin_section::AdminSection,
    admin_tokens, check, check_dialogues,
    checker::Checker,
    configuration::Config,
    defaults::default_app,
    dialogue_sections::DeskSection,
    file::UserFile,
    relations, rules, secret_files,
    sections::{AppSection, PortalSection, RateSection},
};
use crate::toml_values::{Examples, Problem, deserialize, unknown_key};

/// Examples of the keys of `[apps.portal]`, which has no defaults.
const PORTAL_EXAMPLES: &str = "
url = 'https://portal.example.com'
ecode = 'acme'
token = '${PORTAL_TOKEN}'
token_file = '/run/secrets/portal-token'
";

/// Reads and checks each section by itself, so that one mistake does not hide the others.
///
/// The result is complete only if there are no problems.
#[cfg_attr(not(feature = "rules"), expect(unused_variables, reason = "only rules ask for their lines"))]
pub(super) fn read(
    values: Table,
    defaults: &Table,
    file: &UserFile<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Config> {
    let mut reader = Reader { values, defaults, problems };
    reader.report_unknown_sections();
    let server = reader.section("server", check::server);
    let admin = reader.admin();
    let journal = reader.section("journal", check::journal);
    let dispatch = reader.section("dispatch", check::pump);
    let deliver_rate = reader.deliver_rate();
    let deliver = reader.section("deliver", check::pump);
    let dialogue = reader.section("dialogue", check_dialogues::dialogue);
    let mut desk = reader.section("desk", check_dialogues::desk);
    let desk_forward = desk.as_mut().and_then(|desk: &mut DeskSection| desk.written_forward.take());
    let client = reader.section("client", check::client);
    let shutdown = reader.section("shutdown", check::shutdown);
    let log = reader.section("log", |_, _| ());
    let apps = reader.apps();
    #[cfg(feature = "rules")]
    let rules = {
        let (rules, beside) = (reader.values.remove("rules"), (client.as_ref(), dispatch.as_ref()));
        if let Some(desk) = &mut desk {
            desk.forward = rules::read_desk_forward(desk_forward, beside, reader.problems);
        }
        rules::read(rules, beside, file, reader.problems)
    };
    #[cfg(not(feature = "rules"))]
    rules::refuse(&reader.values, desk_forward.as_ref(), reader.problems);

    if let (Some(server), Some(admin)) = (&server, &admin) {
        relations::listeners(server, admin, reader.problems);
    }
    if let (Some(server), Some(journal)) = (&server, &journal) {
        relations::keep(server, journal, reader.problems);
    }
    relations::apps(&apps, reader.problems);
    if let (Some(client), Some(deliver), Some(dispatch)) = (&client, &deliver, &dispatch) {
        relations::addresses(&apps, client, deliver, dispatch, reader.problems);
    }
    Some(Config {
        server: server?,
        admin: admin?,
        journal: journal?,
        dispatch: dispatch?,
        deliver: deliver?,
        deliver_rate: deliver_rate?,
        dialogue: dialogue?,
        desk: desk?,
        client: client?,
        shutdown: shutdown?,
        log: log?,
        apps: apps.into_iter().collect::<Option<_>>()?,
        #[cfg(feature = "rules")]
        rules,
    })
}

struct Reader<'a> {
    values: Table,
    defaults: &'a Table,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn report_unknown_sections(&mut self) {
        let mut known: Vec<_> = self.defaults.keys().map(String::as_str).chain(["rules"]).collect();
        known.sort_unstable();
        for name in self.values.keys().filter(|name| !known.contains(&name.as_str())) {
            let (what, hint) = unknown_key(name, "sections", &known);
            self.problems.push(Problem::new(name, what, hint));
        }
    }

    fn section<T: DeserializeOwned>(
        &mut self,
        name: &str,
        check: fn(&T, &mut Checker<'_>),
    ) -> Option<T> {
        let value = self.values.remove(name)?;
        self.section_at(name, value, self.defaults.get(name)?.as_table()?, check)
    }

    /// Reads and checks the section `value`, which stands at `path`.
    fn section_at<T: DeserializeOwned>(
        &mut self,
        path: &str,
        value: Value,
        examples: &impl Examples,
        check: fn(&T, &mut Checker<'_>),
    ) -> Option<T> {
        if !value.is_table() {
            // In its header, a section inside of an app is written without the app's number.
            let header = path
                .rsplit_once("].")
                .map_or_else(|| path.to_owned(), |(_, name)| format!("apps.{name}"));
            let hint = format!("begin it with a line [{header}] and write its keys below");
            self.problems.push(Problem::new(path, "is not a section", hint));
            return None;
        }
        let section = deserialize(value, path, examples, self.problems)?;
        check(&section, &mut Checker { path, problems: self.problems });
        Some(section)
    }

    fn admin(&mut self) -> Option<AdminSection> {
        let mut admin: AdminSection = self.section("admin", |_, _| ())?;
        admin_tokens::read(&mut admin, self.problems);
        check::admin(&admin, &mut Checker { path: "admin", problems: self.problems });
        Some(admin)
    }

    fn deliver_rate(&mut self) -> Option<RateSection> {
        let rate = self.values.get_mut("deliver")?.as_table_mut()?.remove("rate")?;
        let examples = self.defaults["deliver"]["rate"].as_table()?;
        self.section_at("deliver.rate", rate, examples, check::rate)
    }

    fn apps(&mut self) -> Vec<Option<AppSection>> {
        let Some(Value::Array(apps)) = self.values.remove("apps") else {
            let hint = "begin each app with a line [[apps]]";
            self.problems.push(Problem::new("apps", "is not a list of sections", hint));
            return Vec::new();
        };
        let apps = apps.into_iter().enumerate();
        apps.map(|(index, app)| self.app(app, &format!("apps[{index}]"))).collect()
    }

    fn app(&mut self, app: Value, path: &str) -> Option<AppSection> {
        let Value::Table(mut app) = app else {
            let hint = "begin each app with a line [[apps]]";
            self.problems.push(Problem::new(path, "is not a section", hint));
            return None;
        };
        let portal = app.remove("portal").and_then(|portal| self.portal(portal, path));
        let examples = AppExamples {
            app: default_app(self.defaults),
            api_url: Value::from("https://api.example.com"),
        };
        let mut app: AppSection = deserialize(Value::Table(app), path, &examples, self.problems)?;
        app.portal = portal;
        let files = format!("{path}.secret_files");
        secret_files::read_into(&mut app.secrets, &app.secret_files, &files, self.problems);
        check::app(&app, &mut Checker { path, problems: self.problems });
        Some(app)
    }

    fn portal(&mut self, portal: Value, app: &str) -> Option<PortalSection> {
        let examples: Table = PORTAL_EXAMPLES.parse().unwrap_or_default();
        self.section_at(&format!("{app}.portal"), portal, &examples, check::portal)
    }
}

/// The default app as an example. Its address is a variable, so another address takes the place of a wrong one.
struct AppExamples {
    app: Table,
    api_url: Value,
}

impl Examples for AppExamples {
    fn example(&self, name: &str) -> String {
        self.app.example(name)
    }

    fn substitute(&self, name: &str) -> Option<&Value> {
        if name == "api_url" { Some(&self.api_url) } else { self.app.get(name) }
    }
}
