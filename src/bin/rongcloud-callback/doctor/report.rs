//! The findings of `doctor`, printed as text or as JSON.

use rongcloud_callback::config::AppSection;
use serde::Serialize;

use crate::{failure::Failure, output::print_json, terminal};

/// The result of one check.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<String>,
    /// Whether the check passed; none if it could not be made.
    ok: Option<bool>,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Finding {
    fn new(check: &'static str, ok: Option<bool>, what: impl Into<String>) -> Self {
        Self { check, app: None, ok, what: what.into(), hint: None }
    }

    /// The finding of a check that passed.
    pub(super) fn fine(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Some(true), what)
    }

    /// The finding of a check that failed.
    pub(super) fn wrong(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..Self::new(check, Some(false), what) }
    }

    /// The finding of a check that could not be made.
    pub(super) fn open(check: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..Self::new(check, None, what) }
    }
}

/// The findings so far; without `json` each is printed at once.
pub(super) struct Report {
    json: bool,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self { json, findings: Vec::new() }
    }

    pub(super) fn add(&mut self, finding: Finding) {
        if !self.json {
            let mark = finding.ok.map_or('–', |ok| if ok { '✓' } else { '✗' });
            let app = finding.app.as_ref().map_or_else(String::new, |app| format!("app {app}: "));
            println!("{mark} {:13}  {app}{}", finding.check, terminal::block(&finding.what));
            if let Some(hint) = &finding.hint {
                println!("    hint: {}", terminal::block(hint));
            }
        }
        self.findings.push(finding);
    }

    /// Adds a finding that concerns one app.
    pub(super) fn add_for_app(&mut self, app: &AppSection, finding: Finding) {
        self.add(Finding { app: Some(app.key.to_string()), ..finding });
    }

    /// Prints the findings as JSON if asked for; fails if any check failed.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.json {
            print_json(&self.findings)?;
        }
        let wrong = self.findings.iter().filter(|finding| finding.ok == Some(false)).count();
        match wrong {
            0 => Ok(()),
            wrong => Err(Failure::yours(anyhow::anyhow!("{wrong} of the checks failed"))
                .hint("mend what is marked ✗, from top to bottom, and run it again")),
        }
    }
}
