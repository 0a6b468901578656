//! Dead letters: one is revived or discarded, and all of a reason are, by a job.

use super::super::browser::ENTER;
use super::{Browser, on_each_journal, see_address};

/// Loads the rows again, and waits until there are so many.
async fn refresh(page: &Browser, count: usize) {
    page.press(".list-bar button[title^=Refresh]").await;
    page.wait(&format!("{count} rows"), ".entry", |rows| rows.len() == count).await;
}

#[tokio::test]
async fn one_dead_letter_is_revived_and_another_one_discarded() {
    on_each_journal("revive", async |page, console| {
        console.say("ann", "broken one").await;
        console.say("bo", "broken two").await;
        console.enter(page, "alice", "messages?state=dead").await;
        console.counts("state=dead", 2).await;
        refresh(page, 2).await;
        console.mend().await;
        page.press(".entry:last-child").await;
        page.see(".detail-outcome", "Dead letter").await;
        page.press("[data-control=revive]").await;
        page.see(".notice.good", "#1 is pending again.").await;
        console.sent("ann", "You wrote: broken one").await;
        console.counts("state=dead", 1).await;
        refresh(page, 1).await;
        page.see(".detail-outcome.good", "Handled by rule “echo”").await;

        page.press(".entry").await;
        page.see(".detail-outcome.bad", "Dead letter").await;
        page.press("[data-control=discard]").await;
        page.see("dialog", "Discard #2?").await;
        page.press("dialog .primary").await;
        page.see("#row-2 .cell-state", "Discarded").await;
        page.see(".detail-outcome", "Discarded by an operator").await;
        page.wait("nothing left to do", ".detail-head button.small", <[String]>::is_empty).await;
        assert!(console.platform.sent().iter().all(|(user, _)| user != "bo"));
    })
    .await;
}

#[tokio::test]
async fn a_group_is_revived_by_a_job_once_its_number_is_typed() {
    on_each_journal("job", async |page, console| {
        for n in 1..=12 {
            console.say(&format!("user{n}"), &format!("broken {n}")).await;
        }
        console.enter(page, "alice", "dead-letters").await;
        console.counts("state=dead", 12).await;
        page.reload().await;
        page.see(".dead-count", "12").await;
        page.see(".dead-group h3", "no answer from http://…/orders: Connection refused").await;
        page.see(".dead-common", "account demo").await;
        page.see(".view-head .count", "12 for one reason").await;
        page.press("[data-control^=show-]").await;
        page.wait("all of the group", ".view-messages .entry", |rows| rows.len() == 12).await;
        see_address(page, "group=").await;
        page.go_back().await;
        console.mend().await;

        page.press("[data-control^=revive-]").await;
        page.see("dialog", "Type 12 to confirm").await;
        page.focus("dialog input[name=count]").await;
        page.type_keys(format!("7{ENTER}")).await;
        page.see("dialog .why", "The number is 12").await;
        page.run_script("document.querySelector('dialog input[name=count]').value = ''", vec![]).await;
        page.focus("dialog input[name=count]").await;
        page.keep_screenshot("console-job-asked").await;
        page.type_keys(format!("12{ENTER}")).await;
        page.see(".notice.good", "The job has started").await;
        page.see(".ended-jobs tbody tr", "12 of 12").await;
        page.see(".ended-jobs .chip.good", "done").await;
        page.see(".empty", "No dead letters").await;
        for n in 1..=12 {
            console.sent(&format!("user{n}"), &format!("You wrote: broken {n}")).await;
        }
        assert_eq!(console.platform.sent().len(), 12);
    })
    .await;
}

#[tokio::test]
async fn dead_letters_are_discarded_by_a_filter_and_a_slow_job_is_cancelled() {
    on_each_journal("job-cancel", async |page, console| {
        for n in 1..=20 {
            console.say("ann", &format!("broken {n}")).await;
        }
        console.enter(page, "alice", "messages?state=dead&user=ann").await;
        console.counts("state=dead", 20).await;
        refresh(page, 20).await;
        page.press(".list-bar .actions button:last-child").await;
        page.see("dialog", "Discard 20 entries").await;
        page.see("dialog .job-filter", "user ann").await;
        page.run_script("document.querySelector('dialog input[name=rate]').value = 1", vec![]).await;
        page.focus("dialog input[name=count]").await;
        page.type_keys(format!("20{ENTER}")).await;
        page.press(".notice a.button").await;
        page.see(".view-dead-letters .job", "Discarding").await;
        page.see(".view-dead-letters .job progress", "").await;
        page.keep_screenshot("console-job-runs").await;
        // The job goes on, and the focus stays on its button.
        page.focus("[data-control^=cancel-]").await;
        let before = page.texts(".view-dead-letters .job").await;
        page.wait("progress", ".view-dead-letters .job", |jobs| jobs != before).await;
        assert!(page.is_focused("[data-control^=cancel-]").await);
        page.press("[data-control^=cancel-]").await;
        page.see(".ended-jobs .chip.warn", "cancelled").await;
        page.wait("no running job", ".jobs:not([hidden]) .job", <[String]>::is_empty).await;
    })
    .await;
}
