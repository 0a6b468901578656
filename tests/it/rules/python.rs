//! Signatures of forwarded messages, verified by the Python package `standardwebhooks`.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use super::{
    Bot,
    target::{SECRET, Target},
};
use crate::support::skip;

const PACKAGE: &str = "standardwebhooks==1.1.0";

/// The folder of the package, which is installed if it is not there; `None` if that fails. Under CI it must not fail.
pub(super) fn packages() -> Option<&'static PathBuf> {
    static PACKAGES: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let why = match PACKAGES.get_or_init(install) {
        Ok(folder) => return Some(folder),
        Err(why) => why,
    };
    skip(&format!("{PACKAGE} cannot be installed; python3-pip and the way to PyPI are needed: {why}"));
    None
}

/// Installs the package into a folder of its own. Distributions let pip do that without a virtual environment.
fn install() -> Result<PathBuf, String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("python");
    let python = |arguments: &[&str]| {
        let output = Command::new("python3").env("PYTHONPATH", &folder).args(arguments).output();
        let output = output.map_err(|error| format!("python3: {error}"))?;
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(errors) }
    };
    let import = ["-c", "import standardwebhooks"];
    if python(&import).is_err() {
        let target = folder.to_str().unwrap();
        let pip = "-m pip install --quiet --disable-pip-version-check --target";
        python(&pip.split(' ').chain([target, PACKAGE]).collect::<Vec<_>>())?;
        python(&import)?;
    }
    Ok(folder)
}

const VERIFY: &str = "
import json, sys
from standardwebhooks import Webhook, WebhookVerificationError
given = json.load(sys.stdin)
try:
    Webhook(given['secret']).verify(given['body'], given['headers'])
    print('genuine')
except WebhookVerificationError as error:
    print(error)
";

fn verify(packages: &PathBuf, given: &serde_json::Value) -> String {
    let mut python = Command::new("python3")
        .env("PYTHONPATH", packages)
        .args(["-c", VERIFY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(python.stdin.take().unwrap(), given).unwrap();
    String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn while_secrets_change_a_receiver_may_know_either() {
    const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const THIRD: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";
    let Some(packages) = packages() else { return };
    let target = Target::start([]).await;
    let both = format!("secret = ['{SECRET}', '{OTHER}']");
    let bot = Bot::start(&target.rule("").replace(&format!("secret = '{SECRET}'"), &both)).await;
    bot.plays("[[step]]\nuser = 'ann'\nsays = '你好 <&>'\nreplies = [{ exact = '你好 <&>' }]\n").await;
    let request = &target.requests()[0];
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<_, _> =
        headers.iter().map(|name| ((*name).to_owned(), request.header(name).into())).collect();
    let given = |secret: &str, body: &str| serde_json::json!({ "secret": secret, "body": body, "headers": headers });
    for (secret, body, expected) in [
        (SECRET, request.body.as_str(), "genuine"),
        (OTHER, request.body.as_str(), "genuine"),
        (THIRD, request.body.as_str(), "No matching signature found"),
        (SECRET, "{}", "No matching signature found"),
    ] {
        assert_eq!(verify(packages, &given(secret, body)), expected, "{secret} {body}");
    }
}
