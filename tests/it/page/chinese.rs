//! The Chinese page, on which no English text is left.

use serde_json::json;

use super::{
    browser::Browser,
    executable::Executable,
    feed::{self, handling, put_accepted},
    on_a_page,
};

/// The words that Chinese texts write in Latin letters, and names that users and programs have given.
const ALLOWED: &[&str] = &[
    "AMR",
    "API",
    "toml",
    "HTTP",
    "ID",
    "JPEG",
    "KiB",
    "MiB",
    "PNG",
    "TLS",
    "URL",
    "XML",
    "JSON",
    "cURL",
    "curl",
    "POST",
    "GET",
    "FromUserName",
    "MsgId",
    "MsgID",
    "MsgType",
    "Ann",
    "ann",
    "Demo",
    "demo",
    "rongcloud",
    "callback",
    // The words that authors of rules and handlers have written.
    "orders",
    "Text",
    "Image",
    "Voice",
    "Location",
    "ImageText",
    "Subscribe",
];

/// The answer of a server, which is quoted as it came.
const ANSWER: &str = "not signed with any of this app's secrets";

/// The elements whose texts users, bots and programs have written.
const WRITTEN: &str = ".bubble, .news, #menu, select, pre, code, #route, #language, .outcome-reason";

/// A script: each visible text, label, hint and placeholder, except for those in elements like the argument.
const WORDS: &str = "const written = arguments[0]; const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); const found = [document.title]; \
    while (walker.nextNode()) { const parent = walker.currentNode.parentElement; \
        if (!parent.closest(written) && !parent.closest('script, svg') && parent.checkVisibility()) found.push(walker.currentNode.data); } \
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) \
        if (element.checkVisibility() && !element.closest(written)) for (const name of ['aria-label', 'title', 'placeholder']) \
            found.push(element.getAttribute(name) ?? ''); \
    return found";

#[tokio::test]
async fn the_chinese_page_has_no_english_word() {
    on_a_page("chinese", async |page, sandbox| {
        feed::open(page, sandbox).await;
        page.press("#language").await;
        page.see("#follow", "关注").await;
        assert_chinese(page, "an empty page").await;
        page.press("#record").await;
        page.say("再见").await;
        page.see_reply("再见").await;
        page.press("#record").await;
        page.see(".notice", "已保存为").await;
        page.press(".notice button.small").await;
        page.see("dialog .told pre", "通过").await;
        assert_chinese(page, "a play").await;
        page.press("dialog .buttons button").await;
        produce_everything(page, sandbox).await;
        assert_chinese(page, "a conversation").await;
        for row in ["1", "8", "10"] {
            page.press(&format!("#delivery-list .delivery:nth-child({row})")).await;
            page.see("#detail", "").await;
            assert_chinese(page, "a delivery").await;
        }
        for kind in ["image", "voice", "location", "imgtxt"] {
            page.press("#attach[aria-expanded=false]").await;
            page.press(&format!("#attachments [data-kind={kind}]")).await;
            page.see("dialog", "").await;
            assert_chinese(page, kind).await;
            page.press("dialog button.plain").await;
            page.wait("the dialog gone", "dialog", <[String]>::is_empty).await;
            page.press("#attach").await;
        }
        page.press("#add-user").await;
        page.see("dialog", "新用户").await;
        assert_chinese(page, "a new user").await;
        page.press("dialog button.plain").await;
        page.press("#more").await;
        page.see("#restart", "重新开始会话").await;
        assert_chinese(page, "the other actions").await;
        page.press("#pass-own").await;
        page.see("dialog", "快进时间").await;
        assert_chinese(page, "a span of time").await;
        page.press("dialog button.plain").await;
        page.say("人工").await;
        page.see("#dialogue", "人工接管").await;
        page.say("订单到哪里了？").await;
        page.see("#messages .outcome", "已为人工保留").await;
        assert_chinese(page, "a person").await;
        page.press("#hand-back").await;
        page.see("#dialogue", "不在对话中").await;
        page.press("#dialogue-history").await;
        page.see(".states", "由人工操作").await;
        assert_chinese(page, "the states").await;
    })
    .await;
}

/// Messages, deliveries and calls of each kind, successful and failed.
async fn produce_everything(page: &Browser, sandbox: &Executable) {
    page.press("label:has(#switch-wrong_signature)").await;
    page.press("#follow").await;
    page.see("#follow", "取消关注").await;
    for said in ["你好", "图片", "语音", "图文 3"] {
        page.say(said).await;
    }
    page.wait("replies", "#messages .theirs", |replies| replies.len() == 7).await;
    let place = json!({ "kind": "location", "latitude": 31.2, "longitude": 121.5, "label": "上海外滩" });
    sandbox.write("ann", place).await;
    page.wait("a place", "#messages .bubble.place", |places| places.len() == 1).await;
    let retry_at = feed::now(page).await + 50_000;
    let cases = [
        json!({ "state": "retrying", "attempts": 2, "reason": "商店已打烊", "retry_at": retry_at }),
        json!({ "state": "waiting", "by": null, "behind": 9001 }),
        json!({ "state": "working", "by": "handler 2 (Text)" }),
        json!({ "state": "dead", "attempts": 3, "reason": "商店已打烊" }),
        json!({ "state": "not_taken", "by": null }),
        json!({ "state": "quiet" }),
        json!({ "replies": [{ "entry": 2, "state": "dead", "attempts": 1, "reason": "文本太长", "retry_at": null }] }),
    ];
    for (id, changes) in (9001..).zip(cases) {
        put_accepted(page, id, "订单", &handling(&changes)).await;
    }
    page.see("#messages .outcome.warn", "后重试").await;
    page.see("#messages .outcome.bad", "死信").await;
}

async fn assert_chinese(page: &Browser, at: &str) {
    let texts = texts_of_the_page(page, WRITTEN).await;
    let english = texts.iter().filter(|text| is_english(&text.replace(ANSWER, ""), ALLOWED));
    let english = english.collect::<Vec<_>>();
    assert!(english.is_empty(), "English in {at}: {english:#?}");
}

/// The visible texts of a page and its labels, except for those in elements like `written`.
pub(super) async fn texts_of_the_page(page: &Browser, written: &str) -> Vec<String> {
    serde_json::from_value(page.run_script(WORDS, vec![json!(written)]).await).unwrap()
}

/// Whether a text has a word in Latin letters that is not an `allowed` one.
pub(super) fn is_english(text: &str, allowed: &[&str]) -> bool {
    let is_word =
        |word: &&str| word.len() > 1 && word.chars().all(|letter| letter.is_ascii_alphabetic());
    text.split(|letter: char| !letter.is_ascii_alphabetic())
        .filter(is_word)
        .any(|word| !allowed.contains(&word))
}
