//! The layout in three widths, two themes and two languages: nothing overflows, no name of a text is shown, and screenshots
//! are kept.

use serde_json::json;

use super::{Browser, on_a_console, server::Console};

/// A script: the elements that stick out of the window; parts that scroll by themselves may be wider.
const OUTSIDE: &str = "const outside = [...document.querySelectorAll('body *')] \
    .filter((found) => found.checkVisibility() && !found.closest('.skip, .unseen, .views, .ended-jobs, .table-scroll') \
        && found.getBoundingClientRect().right > innerWidth + 1).map((found) => found.outerHTML.slice(0, 200)); \
    if (document.documentElement.scrollWidth > innerWidth) outside.push('the page scrolls sideways'); \
    return outside";
/// A script: texts and labels that are a text's name.
const UNTRANSLATED: &str = "const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); const found = []; \
    while (walker.nextNode()) if (!walker.currentNode.parentElement.closest('pre, script')) found.push(walker.currentNode.data); \
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) \
        for (const name of ['aria-label', 'title', 'placeholder']) found.push(element.getAttribute(name) ?? ''); \
    return found.filter((text) => /^[a-z_-]+(\\.[a-z_-]+)+$/.test(text.trim()) || /\\{\\w+\\}/.test(text))";

/// The views: each with its route, and with an element that it shows once it is loaded.
const VIEWS: &[(&str, &str)] = &[
    ("overview", ".chart summary"),
    ("messages", ".entry"),
    ("messages?entry=ENTRY", ".detail-body .step"),
    ("messages?state=dead", ".entry"),
    ("dead-letters", ".dead-group"),
    ("conversations", ".conversation-row"),
    ("conversations?id=CHAT", ".talk-lines .bubble"),
    ("desk?id=DESK", ".talk-lines .bubble"),
    ("audit", ".audit-table td"),
    ("live", ".view-body"),
];

#[tokio::test]
async fn every_view_fits_every_width_in_both_languages_and_themes() {
    on_a_console("looks", async |page, console| {
        let [entry, chat, desk] = fill(console).await;
        console.enter(page, "alice", "overview").await;
        for (width, height) in [(390, 844), (1280, 800), (2560, 1300)] {
            page.resize(width, height).await;
            for theme in ["dark", "light"] {
                page.prefer(theme).await;
                for language in ["zh-CN", "en"] {
                    page.press("#language").await;
                    page.see(&format!("html[lang={language}]"), "").await;
                    for (route, css) in VIEWS {
                        let route =
                            route.replace("ENTRY", &entry).replace("CHAT", &chat).replace("DESK", &desk);
                        look(page, console, &route, css, &format!("{width}-{theme}-{language}")).await;
                    }
                }
            }
        }
    })
    .await;
}

async fn look(page: &Browser, console: &Console, route: &str, css: &str, how: &str) {
    console.visit(page, route).await;
    let name = route.split('=').next().unwrap().replace('?', "-");
    page.see(&format!(".view-{} {css}", route.split('?').next().unwrap()), "").await;
    page.wait_for(
        "loaded pictures",
        "return [...document.images].every((image) => image.complete || !image.checkVisibility())",
    )
    .await;
    assert_eq!(page.run_script(OUTSIDE, vec![]).await, json!([]), "{name} {how}");
    assert_eq!(page.run_script(UNTRANSLATED, vec![]).await, json!([]), "{name} {how}");
    page.keep_screenshot(&format!("console-{name}-{how}")).await;
}

/// Fills the journal with something of everything; returns an entry, a conversation, and one that a person has.
async fn fill(console: &Console) -> [String; 3] {
    let picture = console.picture();
    console.deliver("xiaomei", "event", "<Event>subscribe</Event>").await;
    for text in ["你好，请问这双鞋还有 42 码吗？", "news"] {
        console.say("xiaomei", text).await;
    }
    console.deliver("xiaomei", "image", &format!("<PicUrl>{picture}</PicUrl>")).await;
    console
        .deliver(
            "xiaomei",
            "location",
            "<Location_X>31.2397</Location_X><Location_Y>121.4998</Location_Y><Label>上海外滩</Label>",
        )
        .await;
    for n in 1..=4 {
        console.say(&format!("customer{n}"), &format!("broken parcel 20261129-{n}: where is it?")).await;
    }
    console
        .say(&format!("user-with-a-name-without-an-end-{}", "x".repeat(24)), &"long text ".repeat(60))
        .await;
    console.say("lihua", "person").await;
    console.sent("lihua", "正在为您转接人工客服，请稍候。").await;
    console.say("lihua", "订单 20261129-7 的包裹三天没有更新了，能帮我查一下吗？").await;
    console.say("wangwei", "人工").await;
    console.say("wangwei", "Can I still change the address of my order?").await;
    console.counts("state=pending", 0).await;
    let row = async |query: &str| {
        let rows = console.ask_as("alice", "GET", &format!("entries?limit=1&{query}"), &json!({})).await;
        rows["entries"][0]["id"].to_string()
    };
    let chat = async |user: &str| {
        let list =
            console.ask_as("alice", "GET", &format!("conversations?user={user}"), &json!({})).await;
        list["conversations"][0]["id"].as_str().unwrap().to_owned()
    };
    let desk = chat("lihua").await;
    console
        .ask_as("alice", "POST", &format!("conversations/{desk}/take"), &json!({ "from": null }))
        .await;
    let answer = json!({ "text": "您好，我是客服小李，正在为您查询，请稍等。" });
    console.ask_as("alice", "POST", &format!("conversations/{desk}/answer"), &answer).await;
    console.counts("state=pending", 0).await;
    [row("state=dead").await, chat("xiaomei").await, desk]
}
