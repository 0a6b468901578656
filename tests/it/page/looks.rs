//! Three widths, two themes, two languages: nothing overflows, and screenshots are kept for the eye.

use serde_json::json;

use super::{browser::Browser, on_a_page};

/// What sticks out of the window; lists may be longer than it, but nothing may be wider.
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
        for (width, height) in [(390, 844), (820, 1100), (1440, 900)] {
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

async fn show(page: &Browser, width: u32, height: u32, theme: &str) {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    page.command("Emulation.setDeviceMetricsOverride", size).await;
    let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
    page.command("Emulation.setEmulatedMedia", features).await;
    page.see(&format!("[data-theme={theme}]"), "").await;
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
