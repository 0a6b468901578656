//! The layout in three widths, two themes and two languages: nothing overflows, and screenshots are kept.

use serde_json::json;

use super::{browser::Browser, feed, on_a_page};

/// A script: the elements that are wider than the window; lists may be longer than it.
const OUTSIDE: &str = "return [...document.querySelectorAll('body *')] \
    .filter((found) => found.checkVisibility() && !found.closest('.skip, .unseen') \
    && found.getBoundingClientRect().right > innerWidth + 1).map((found) => found.outerHTML.slice(0, 200))";

#[tokio::test]
async fn the_page_fits_every_width_in_both_themes() {
    on_a_page("looks", async |page, _| {
        for said in ["hello", "image", "news", "news 3"] {
            page.say(said).await;
        }
        page.wait("all replies", "#messages .theirs", |replies| replies.len() == 4).await;
        for (width, height) in [(390, 844), (900, 900), (1440, 900), (2560, 1300)] {
            for theme in ["light", "dark"] {
                show(page, width, height, theme).await;
                for view in ["chat", "deliveries", "switches"] {
                    let select = "document.querySelector(`[data-show=${arguments[0]}]`).click()";
                    page.run_script(select, vec![json!(view)]).await;
                    assert_eq!(page.run_script(OUTSIDE, vec![]).await, json!([]), "{width} {view}");
                    page.keep_screenshot(&format!("looks-{width}-{theme}-{view}")).await;
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_phone_reaches_everything_while_it_records() {
    on_a_page("looks-recording", async |page, _| {
        page.press("#record").await;
        for width in [320, 390] {
            page.resize(width, 844).await;
            for language in ["zh-CN", "en"] {
                page.press("#language").await;
                page.wait("the language", &format!("html[lang={language}]"), |found| found.len() == 1)
                    .await;
                assert_eq!(page.run_script(OUTSIDE, vec![]).await, json!([]), "{width} {language}");
                for theme in ["dark", "light"] {
                    page.press("#theme").await;
                    page.wait("the theme", &format!("html[data-theme={theme}]"), |found| {
                        found.len() == 1
                    })
                    .await;
                }
            }
        }
        page.press("#record[aria-pressed=true]").await;
        page.see(".notice", "Saved as").await;
    })
    .await;
}

#[tokio::test]
async fn a_state_and_the_person_s_field_fit_every_width_in_both_languages_and_themes() {
    on_a_page("looks-person", async |page, sandbox| {
        feed::open(page, sandbox).await;
        page.say("person").await;
        page.see("#desk:not([hidden])", "").await;
        for person in [true, false] {
            if !person {
                let body = json!({ "Address": { "item": "鞋".repeat(40), "size": 42 } });
                let dialogue = json!({ "name": format!("rule:{}", "order".repeat(20)), "version": 1, "body": body });
                let state = json!({
                    "id": 9, "at": 1, "account": "demo", "user": "ann", "message": 1, "by_person": false, "dialogue": dialogue,
                });
                feed::put(page, "state", &state).await;
                page.see("#dialogue-words", "orderorder").await;
            }
            for width in [320, 390, 900, 1440] {
                for theme in ["light", "dark"] {
                    show(page, width, 844, theme).await;
                    for language in ["zh-CN", "en"] {
                        page.press("#language").await;
                        page.see(&format!("html[lang={language}]"), "").await;
                        page.press("#more").await;
                        page.see("#clear", "").await;
                        assert_eq!(page.run_script(OUTSIDE, vec![]).await, json!([]), "{width} {language}");
                        page.keep_screenshot(&format!("looks-{width}-{theme}-{language}-person-{person}")).await;
                        page.press("#more").await;
                    }
                }
            }
        }
    })
    .await;
}

async fn show(page: &Browser, width: u32, height: u32, theme: &str) {
    page.resize(width, height).await;
    page.prefer(theme).await;
}

#[tokio::test]
async fn language_and_theme_are_switched_and_remembered() {
    on_a_page("language", async |page, sandbox| {
        page.press("#language").await;
        page.see("#deliveries-heading", "推送记录").await;
        page.see("html[lang=zh-CN] #follow", "关注").await;
        page.press("#theme").await;
        page.see("[data-theme=dark]", "").await;
        page.open(&format!("{}/?again", sandbox.url)).await;
        page.see("html[lang=zh-CN][data-theme=dark] #deliveries-heading", "推送记录").await;
    })
    .await;
}
