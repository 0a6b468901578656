//! The Chinese console, on which no English text is left.

use super::super::{
    browser::ENTER,
    chinese::{is_english, texts_of_the_page},
};
use super::{Browser, on_a_console, server::Console};

/// The words that Chinese texts write in Latin letters, and names that users and programs have given.
const ALLOWED: &[&str] = &[
    "ID",
    "UTF",
    "XML",
    "JPG",
    "AMR",
    "KiB",
    "MiB",
    "Esc",
    "Enter",
    "rongcloud",
    "callback",
    "demo",
    "ann",
    "bo",
    "alice",
    "bodies",
    "welcome",
    "echo",
    "person",
    "orders",
    "news",
    "http",
    "https",
    "test",
    "app",
    "admin",
    "tokens",
    "min",
    "api_url",
];

/// The elements whose texts users, bots and programs have written.
const WRITTEN: &str = ".bubble, .news, select, pre, code, .cell-what, .cell-state, .row-text, .step-reason, .reason, .reasons, .dead-words h3, .dead-common bdi, .dead-example, .message-id, \
    .job-filter, .servers th, .audit-action .chip, .audit-target, .audit-who, .event-who, .event-what, .status-reason, #language, #who, .reply-link bdi, .detail-head h3, .step p span, .chip.bad";

#[tokio::test]
async fn the_chinese_console_has_no_english_word() {
    on_a_console("chinese", async |page, console| {
        page.go_to(&console.url("")).await;
        page.press("#language").await;
        page.see(".log-in h2", "登录控制台").await;
        assert_chinese(page, "the log-in").await;
        super::expect_refusals(page, &["401"]).await;
        console.deliver("ann", "event", "<Event>subscribe</Event>").await;
        for text in ["你好", "news", "broken"] {
            console.say("ann", text).await;
        }
        console.say("bo", "person").await;
        console.counts("state=pending", 0).await;
        console.enter(page, "alice", "overview").await;
        for (route, css) in [
            ("overview", ".chart summary"),
            ("messages", ".entry"),
            ("messages?user=nobody", ".empty"),
            ("messages?entry=1", ".detail-body .step"),
            ("messages?entry=3&state=dead", ".detail-body .step"),
            ("dead-letters", ".dead-group"),
            ("conversations", ".conversation-row"),
            ("conversations?user=nobody", ".empty"),
            ("audit", ".audit-action"),
            ("live", ".view-body"),
            ("desk", ".conversation-row"),
        ] {
            console.visit(page, route).await;
            page.see(&format!(".view-{} {css}", route.split('?').next().unwrap()), "").await;
            assert_chinese(page, route).await;
        }
        console.visit(page, "audit").await;
        page.see(".audit-action .chip", "查看").await;
        console.visit(page, "desk").await;
        open_the_rest(page, console).await;
    })
    .await;
}

/// Dialogs, an opened conversation, and notices.
async fn open_the_rest(page: &Browser, console: &Console) {
    page.press(".conversation-row").await;
    page.see(".holder", "等待人工").await;
    assert_chinese(page, "a waiting conversation").await;
    page.press("[data-action=take]").await;
    page.see(".holder.me", "由您接管").await;
    page.press(".answer button[title=发送图片]").await;
    page.see("dialog", "图片地址").await;
    assert_chinese(page, "a picture").await;
    page.press("dialog button.plain").await;
    console.visit(page, "dead-letters").await;
    page.press("[data-control^=discard-]").await;
    page.see("dialog", "丢弃 1 个条目").await;
    assert_chinese(page, "a job").await;
    page.type_keys(format!("1{ENTER}")).await;
    page.see(".ended-jobs .chip", "已完成").await;
    assert_chinese(page, "a finished job").await;
    console.visit(page, "messages").await;
    page.press(".help").await;
    page.see("dialog", "下一行和上一行").await;
    assert_chinese(page, "the keys").await;
    page.press("dialog .primary").await;
    console.visit(page, "overview").await;
    page.press("[data-control='sending-test-app-demo']").await;
    page.see("dialog", "暂停 demo 的发送").await;
    assert_chinese(page, "a pause").await;
}

async fn assert_chinese(page: &Browser, at: &str) {
    let texts = texts_of_the_page(page, WRITTEN).await;
    let english: Vec<_> = texts.iter().filter(|text| is_english(text, ALLOWED)).collect();
    assert!(english.is_empty(), "English in {at}: {english:#?}");
}
