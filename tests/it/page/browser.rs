//! The distribution's Chromium, driven through its chromedriver.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    panic::{AssertUnwindSafe, resume_unwind},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

use futures_util::FutureExt;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{
    By, Capabilities, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver,
};

use crate::support::{PATIENCE, skip, until};

/// The options for a fresh profile, and a browser that makes no connections of its own.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en",
    "--window-size=1440,900",
];

/// Keys for [`Browser::type_keys`].
pub(super) const TAB: &str = "\u{e004}";
pub(super) const ENTER: &str = "\u{e007}";
pub(super) const ESCAPE: &str = "\u{e00c}";
pub(super) const LEFT: &str = "\u{e012}";
pub(super) const UP: &str = "\u{e013}";
pub(super) const DOWN: &str = "\u{e015}";

/// A browser with one page.
pub(super) struct Browser {
    driver: WebDriver,
    downloads: PathBuf,
}

/// A child process; it is killed when it is dropped.
struct Chromedriver {
    child: Child,
    /// The output, which is kept open because the process may write more than the test reads.
    output: BufReader<ChildStdout>,
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether there is a Chromium to test with; the test fails if there must be one and is none.
pub(super) fn is_available() -> bool {
    let found = ["chromium", "chromedriver"].iter().all(|name| program(name).is_some());
    if !found {
        skip("Chromium is missing: install the packages chromium and chromium-driver");
    }
    found
}

pub(super) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

impl Browser {
    /// Runs `test` in a browser of its own; keeps a screenshot, and asserts that the console has no error.
    pub(super) async fn run(name: &str, test: impl AsyncFnOnce(&Self)) {
        let profile = tempfile::tempdir().unwrap();
        let (_chromedriver, port) = chromedriver();
        let browser = Self::start(port, &profile).await;
        let outcome = AssertUnwindSafe(test(&browser)).catch_unwind().await;
        browser.keep_screenshot(name).await;
        let complaints = browser.console_errors().await;
        browser.driver.quit().await.unwrap();
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
        assert!(complaints.is_empty(), "the browser's console: {complaints:#?}");
    }

    async fn start(port: u16, profile: &TempDir) -> Self {
        let downloads = profile.path().join("downloads");
        let mut wanted = DesiredCapabilities::chrome();
        for argument in ARGUMENTS {
            wanted.add_arg(argument).unwrap();
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.path().display())).unwrap();
        wanted.set_binary(program("chromium").unwrap().to_str().unwrap()).unwrap();
        wanted
            .add_experimental_option("prefs", json!({ "download.default_directory": downloads }))
            .unwrap();
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let driver = WebDriver::builder(format!("http://127.0.0.1:{port}"), Capabilities::from(wanted))
            .client(plain_client())
            .connect()
            .await
            .expect("Chromium starts");
        Self { driver, downloads }
    }

    /// Opens a page, and waits until it hears of what happens.
    pub(super) async fn open(&self, url: &str) {
        self.go_to(url).await;
        self.see("#live[data-state=live]", "").await;
    }

    /// Opens a page.
    pub(super) async fn go_to(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// Goes one step back in the history.
    pub(super) async fn go_back(&self) {
        self.driver.back().await.unwrap();
    }

    /// Loads the page again.
    pub(super) async fn reload(&self) {
        self.driver.refresh().await.unwrap();
    }

    /// The text of every element that `css` finds, in order.
    pub(super) async fn texts(&self, css: &str) -> Vec<String> {
        let script =
            "return [...document.querySelectorAll(arguments[0])].map((found) => found.innerText)";
        serde_json::from_value(self.run_script(script, vec![json!(css)]).await).unwrap()
    }

    /// Waits until an element that `css` finds has a text that contains `text`.
    pub(super) async fn see(&self, css: &str, text: &str) {
        self.wait(&format!("{text:?} in {css}"), css, |texts| {
            texts.iter().any(|found| found.contains(text))
        })
        .await;
    }

    /// Waits until the texts of the elements that `css` finds are as wanted; returns them.
    pub(super) async fn wait(
        &self,
        what: &str,
        css: &str,
        wanted: impl Fn(&[String]) -> bool,
    ) -> Vec<String> {
        until(what, async || Some(self.texts(css).await).filter(|texts| wanted(texts))).await
    }

    /// Waits until a script returns true.
    pub(super) async fn wait_for(&self, what: &str, script: &str) {
        until(what, async || (self.run_script(script, vec![]).await == true).then_some(())).await;
    }

    /// Changes the size of the page.
    pub(super) async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", size).await;
        self.wait_for("the size", &format!("return innerWidth === {width} && innerHeight === {height}"))
            .await;
    }

    /// Presses the element that `css` finds, once it can be pressed.
    pub(super) async fn press(&self, css: &str) {
        until(&format!("{css} to press"), async || {
            self.driver.find(By::Css(css)).await.ok()?.click().await.ok()
        })
        .await;
    }

    /// Whether an element that `css` finds has the focus.
    pub(super) async fn is_focused(&self, css: &str) -> bool {
        let script = "return document.activeElement.matches(arguments[0])";
        self.run_script(script, vec![json!(css)]).await == true
    }

    /// Waits until an element that `css` finds has the focus.
    pub(super) async fn see_focus(&self, css: &str) {
        until(&format!("the focus on {css}"), async || self.is_focused(css).await.then_some(())).await;
    }

    /// Gives the focus to the first element that `css` finds.
    pub(super) async fn focus(&self, css: &str) {
        self.run_script("document.querySelector(arguments[0]).focus()", vec![json!(css)]).await;
    }

    /// Lets the system prefer a theme, and waits until the page has it.
    pub(super) async fn prefer(&self, theme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.command("Emulation.setEmulatedMedia", features).await;
        self.see(&format!("[data-theme={theme}]"), "").await;
    }

    /// Types into the focused element.
    pub(super) async fn type_keys(&self, keys: impl Into<String>) {
        self.driver.action_chain().send_keys(keys.into()).perform().await.unwrap();
    }

    /// Writes a text as the chosen user and sends it.
    pub(super) async fn say(&self, text: &str) {
        let field = self.driver.find(By::Css("#text")).await.unwrap();
        field.send_keys(format!("{text}{ENTER}")).await.unwrap();
    }

    /// The account's replies in this conversation, oldest first.
    pub(super) async fn replies(&self) -> Vec<String> {
        self.texts("#messages .theirs .bubble").await
    }

    /// Waits until a reply contains `text`.
    pub(super) async fn see_reply(&self, text: &str) {
        self.see("#messages .theirs .bubble", text).await;
    }

    /// Runs a script in the page; returns its value.
    pub(super) async fn run_script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.driver.execute(script, arguments).await.unwrap().json().clone()
    }

    /// Runs a script that calls its last argument when it is done.
    pub(super) async fn run_script_until_done(&self, script: &str, arguments: Vec<Value>) {
        self.driver.set_script_timeout(PATIENCE).await.unwrap();
        self.driver.execute_async(script, arguments).await.unwrap();
    }

    /// Sends a command of the browser's own protocol that `WebDriver` does not have.
    pub(super) async fn command(&self, name: &str, parameters: Value) {
        self.driver.cdp().send_raw(name, parameters).await.unwrap();
    }

    /// Waits for the only downloaded file; returns its content.
    pub(super) async fn downloaded(&self, name: &str) -> String {
        let file = self.downloads.join(name);
        until(name, async || std::fs::read_to_string(&file).ok().filter(|text| !text.is_empty())).await
    }

    /// Keeps a screenshot as test output.
    pub(super) async fn keep_screenshot(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
        std::fs::create_dir_all(&folder).unwrap();
        self.driver.screenshot(&folder.join(format!("{name}.png"))).await.unwrap();
    }

    /// The console's errors since the last call.
    pub(super) async fn console_errors(&self) -> Vec<String> {
        let entries = self.driver.browser_log().await.unwrap();
        entries.into_iter().filter(|entry| entry.level == "SEVERE").map(|entry| entry.message).collect()
    }
}

/// Starts chromedriver on a port that it chooses; it ends if that port was taken meanwhile on the other loopback address.
fn chromedriver() -> (Chromedriver, u16) {
    (0..10).find_map(|_| try_chromedriver()).expect("chromedriver says its port")
}

fn try_chromedriver() -> Option<(Chromedriver, u16)> {
    let mut command = Command::new("chromedriver");
    command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut driver = Chromedriver { child, output };
    let mut lines = driver.output.by_ref().lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok()
    })?;
    Some((driver, port))
}

/// The HTTP client without TLS: the default client would look for a TLS library that is not installed.
fn plain_client() -> reqwest::Client {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}
