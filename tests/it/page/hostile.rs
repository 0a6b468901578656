//! Hostile messages, names, menus and API calls, which the page never reads as HTML nor opens as a script.

use serde_json::json;

use super::{browser::Browser, on_a_page};

pub(super) const MARKUP: &str =
    "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";
pub(super) const SCRIPT: &str = "javascript:window.hacked=1";

#[tokio::test]
async fn markup_in_names_texts_and_cards_stays_text() {
    on_a_page("hostile", async |page, sandbox| {
        sandbox.post("users", &json!({ "id": MARKUP, "name": MARKUP })).await;
        page.see("#user", MARKUP).await;
        page.run_script("location.hash = `#demo/${encodeURIComponent(arguments[0])}`", vec![json!(MARKUP)]).await;
        let contents = [
            json!({ "kind": "text", "text": MARKUP }),
            json!({ "kind": "text", "text": SCRIPT }),
            json!({ "kind": "location", "latitude": 1.0, "longitude": 2.0, "label": MARKUP }),
            json!({ "kind": "image", "url": SCRIPT }),
            json!({ "kind": "voice", "url": SCRIPT, "seconds": null }),
            json!({ "kind": "imgtxt", "title": MARKUP, "description": MARKUP, "picture_url": SCRIPT, "url": SCRIPT }),
        ];
        for content in &contents {
            sandbox.write(MARKUP, content.clone()).await;
        }
        page.wait("all of them", "#messages .mine", |lines| lines.len() == contents.len()).await;
        page.see("#messages .mine .bubble", MARKUP).await;
        page.see("#messages .mine .dead-link", SCRIPT).await;
        page.see_reply(MARKUP).await;
        page.see("#delivery-list .delivery-who", MARKUP).await;
        for row in 0..contents.len() {
            let open = "document.querySelectorAll('.delivery')[arguments[0]].click(); \
                for (const details of document.querySelectorAll('details')) details.open = true";
            page.run_script(open, vec![json!(row)]).await;
            page.see("#detail .xml", "</FromUserName>").await;
            page.see("#detail .pairs", "rc-signature").await;
            assert_harmless(page).await;
        }
    })
    .await;
}

/// Asserts that no text became an element, no link or picture leads to a script, and no script ran.
pub(super) async fn assert_harmless(page: &Browser) {
    let elements = "return document.querySelectorAll('main script, [onerror], [src=x]').length";
    assert_eq!(page.run_script(elements, vec![]).await, 0);
    let addresses = "return [...document.querySelectorAll('a[href], img[src], audio[src]')].map((found) => found.href ?? found.src) \
        .filter((address) => !/^(https?|blob):/.test(address))";
    assert_eq!(page.run_script(addresses, vec![]).await, json!([]));
    assert_eq!(page.run_script("return window.hacked ?? null", vec![]).await, json!(null));
}

#[tokio::test]
async fn a_script_in_a_menu_or_an_article_is_shown_and_not_linked() {
    on_a_page("hostile-menu", async |page, _| {
        // The page must also bear objects that the sandbox's API would refuse, so they come through its source of events.
        let menu = json!([
            { "id": "1", "name": MARKUP, "url": null, "children": [{ "id": "2", "name": "Run", "url": SCRIPT }] },
            { "id": "3", "name": "Direct", "url": SCRIPT, "children": [] },
        ]);
        let articles = json!([
            { "title": MARKUP, "description": MARKUP, "url": SCRIPT, "picture_url": SCRIPT },
            { "title": "Second", "description": "", "url": " \u{1}javascript:alert(1)", "picture_url": "data:text/html,x" },
        ]);
        let show = "const done = arguments[2]; Promise.all([import('/menu.js'), import('/contents.js')]).then(([menu, contents]) => { \
            menu.showMenu(arguments[0]); \
            document.getElementById('messages').append(contents.shown({ kind: 'news', articles: arguments[1] })); done(); })";
        page.run_script_until_done(show, vec![menu, articles]).await;
        page.see("#menu .dead-link", SCRIPT).await;
        page.press("#menu .menu-entry button").await;
        page.see("#menu .submenu .dead-link", SCRIPT).await;
        assert_eq!(page.texts("#menu a, .news a").await, Vec::<String>::new());
        assert_harmless(page).await;
    })
    .await;
}
