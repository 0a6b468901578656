//! The page `docs/rules.md`, as it is printed: its files, its commands, its conversation.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use rongcloud_callback::sandbox::Sandbox;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{
    Bot,
    python::packages,
    target::{Act, Target},
};
use crate::support::{http::Connection, process::free_address, until};

/// The page's folder, with the files that it prints, and its service in Python.
struct Page {
    folder: TempDir,
    orders: Child,
    environment: Vec<(String, String)>,
}

const PAGE: &str = include_str!("../../../docs/rules.md");

/// The page's code in one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    PAGE.split(opening.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The block of code whose first line names the file.
fn file(language: &str, name: &str) -> &'static str {
    let first = format!("# {name}");
    let mut found =
        blocks(language).into_iter().filter(|block| block.lines().next() == Some(first.as_str()));
    found.next().unwrap_or_else(|| panic!("the page has no {name}"))
}

/// The arguments of every `docker run … rongcloud-callback` of the page.
fn commands() -> Vec<Vec<String>> {
    let lines = blocks("sh").join("").replace("\\\n", " ");
    let runs = lines.lines().filter(|line| line.starts_with("docker run "));
    let ours = runs.filter_map(|line| line.split_once(" rongcloud-callback "));
    let arguments = ours.map(|(_, arguments)| {
        arguments.split_whitespace().map(|argument| argument.trim_matches('\'').to_owned()).collect()
    });
    arguments.collect()
}

impl Page {
    /// `None` where there is no Python with the package.
    async fn open() -> Option<Self> {
        let packages = packages()?;
        let folder = tempfile::tempdir().unwrap();
        for (language, name) in
            [("toml", "bot.toml"), ("toml", "conversation.toml"), ("python", "orders.py")]
        {
            fs::write(folder.path().join(name), file(language, name)).unwrap();
        }
        let address = free_address();
        let orders = format!("http://{address}/");
        let mut environment: Vec<(String, String)> = blocks("sh")
            .join("")
            .lines()
            .filter_map(|line| line.strip_prefix("  ").and_then(|line| line.split_once('=')))
            .map(|(name, value)| (name.to_owned(), value.trim_end_matches(" \\").to_owned()))
            .collect();
        for (name, value) in &mut environment {
            match name.as_str() {
                "ORDERS_URL" => value.clone_from(&orders),
                "FORWARD_SECRET" => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".clone_into(value),
                _ => {}
            }
        }
        assert!(environment.len() >= 5, "{environment:?}");
        let orders = Command::new("python3")
            .arg(folder.path().join("orders.py"))
            .env("PYTHONPATH", packages)
            .env("PORT", address.port().to_string())
            .envs(environment.iter().cloned())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let page = Self { folder, orders, environment };
        until("the service in Python", async || TcpStream::connect(address).await.ok()).await;
        Some(page)
    }

    /// Runs the executable as a container would; the container's `/bot` is the page's folder.
    fn run(&self, arguments: &[String]) -> Output {
        let folder = format!("{}/", self.folder.path().display());
        let arguments = arguments.iter().map(|argument| argument.replacen("/bot/", &folder, 1));
        let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
        command.args(arguments).env_clear().envs(self.environment.iter().cloned());
        command.current_dir(self.folder.path()).output().unwrap()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.orders.kill();
        let _ = self.orders.wait();
    }
}

#[tokio::test]
async fn every_command_of_the_page_does_what_it_says() {
    let Some(page) = Page::open().await else { return };
    let mut done = Vec::new();
    for arguments in commands() {
        // `serve` and `sandbox` run until they are stopped. The next test starts `serve`, and the sandbox's own tests the
        // sandbox.
        let runs_on = arguments.contains(&"serve".to_owned())
            || (arguments.contains(&"sandbox".to_owned()) && !arguments.contains(&"--play".to_owned()));
        if runs_on {
            continue;
        }
        let output = page.run(&arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        done.push(String::from_utf8(output.stdout).unwrap());
    }
    let [checked, tried, played] = &done[..] else { panic!("{done:?}") };
    assert!(checked.contains("the configuration is fine"), "{checked}");
    assert!(tried.contains("orders (line"), "{tried}");
    assert!(tried.contains(": forwards it to http://"), "{tried}");
    assert!(played.ends_with("passed\n"), "{played}");
}

#[tokio::test]
async fn the_page_s_object_is_an_answer_and_its_rule_hands_over() {
    let object = blocks("json").into_iter().find(|block| block.contains("expires_in")).unwrap();
    let target = Target::start([Act::Answer(200, "", object)]).await;
    let person = file("toml", "person.toml");
    let bot = Bot::start(&format!("{person}\n{}", target.rule(""))).await;
    bot.plays(
        r#"
[[step]]
user = "ann"
says = "下单"
replies = [{ exact = "寄到哪里？" }]

[[step]]
user = "bo"
says = "转人工"
replies = [{ contains = "人工客服" }]
"#,
    )
    .await;
    let stored = bot.states().await.into_iter().find(|state| state.dialogue == "rule:orders").unwrap();
    assert_eq!(&stored.body[..], r#"{ "step": "address", "item": "鞋", "size": 42 }"#.as_bytes());
    assert!(bot.dead_letters().await.is_empty());
}

#[tokio::test]
async fn the_page_s_server_has_the_page_s_conversation() {
    let Some(mut page) = Page::open().await else { return };
    let sandbox = Sandbox::start().await;
    for (name, value) in &mut page.environment {
        match name.as_str() {
            "RC_APP_KEY" => sandbox.app_key().as_str().clone_into(value),
            "RC_APP_SECRET" => sandbox.secret().clone_into(value),
            "RC_API_URL" => sandbox.api_url().clone_into(value),
            _ => {}
        }
    }
    let address = free_address();
    let mut server =
        serve(&page, &format!("[server]\nlisten = '{address}'\n[admin]\nlisten = '127.0.0.1:0'\n"));
    until("the server", async || Connection::try_open(address).await.ok()).await;
    sandbox.route_to(format!("http://{address}/callback"));
    let report = sandbox.play(&file("toml", "conversation.toml").parse().unwrap()).await;
    assert!(report.has_passed(), "{report}");
    server.kill().unwrap();
    server.wait().unwrap();
}

/// Starts a server with the page's file, and with ports that are free on this machine.
fn serve(page: &Page, ports: &str) -> Child {
    let path: &Path = &page.folder.path().join("served.toml");
    fs::write(path, format!("{}\n{ports}", file("toml", "bot.toml"))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rongcloud-callback"));
    command.arg("--config").arg(path).arg("serve").env_clear().envs(page.environment.iter().cloned());
    command.current_dir(page.folder.path()).stderr(Stdio::null()).spawn().unwrap()
}
