//! `doctor`: checks of everything that may keep messages from arriving and replies from going out.

mod checks;
mod report;

use clap::Args;
use rongcloud_callback::{
    Config,
    config::{AppSection, ConfigError},
    ids::AppKey,
    telemetry::LogFilter,
};
use url::Url;

use self::report::{Finding, Report};
use crate::{api_options::name_an_app, failure::Failure};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Checks only the app with this App Key, instead of all apps of the configuration.
    #[arg(long, value_name = "KEY")]
    app: Option<AppKey>,
    /// A public account (mcid) of the app, whose routeUrl is compared with the configuration.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The server's address as the platform sees it, to probe it from outside; by default the account's routeUrl.
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(
    config: Result<Config, ConfigError>,
    arguments: Arguments,
    level: Option<&LogFilter>,
) -> Result<(), Failure> {
    let mut report = Report::new(arguments.json);
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            let hint =
                "all else depends on it: mend it, `rongcloud-callback init` writes one that is right";
            report.add(Finding::wrong("configuration", error.to_string(), hint));
            return report.finish();
        }
    };
    report.add(checks::check_configuration(&config, level));
    report.add(checks::check_journal(&config).await);
    let chosen = |app: &&AppSection| arguments.app.as_ref().is_none_or(|key| app.key == *key);
    let apps: Vec<_> = config.apps.iter().filter(chosen).collect();
    if apps.is_empty() {
        return Err(name_an_app(anyhow::anyhow!("the configuration has no such app"), &config));
    }
    for app in apps {
        check_app(&config, app, &arguments, &mut report).await;
    }
    report.finish()
}

/// Makes all checks of one app.
async fn check_app(config: &Config, app: &AppSection, arguments: &Arguments, report: &mut Report) {
    report.add_for_app(app, checks::check_clock(config, app).await);
    let account = arguments.account.as_deref();
    let (finding, account) = checks::check_api(config, app, account).await;
    report.add_for_app(app, finding);
    report.add_for_app(app, checks::check_route(app, arguments.account.as_deref(), account.as_ref()));
    report.add_for_app(app, checks::check_server(config, app).await);
    let outside = arguments.url.clone().or_else(|| account?.route_url?.parse().ok());
    report.add_for_app(app, checks::check_from_outside(config, app, outside.as_ref()).await);
}
