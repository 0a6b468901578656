//! The deliveries as rows, and one of them in full.

use serde_json::{Value, json};

use super::{
    browser::{self, Browser, DOWN, ENTER, ESCAPE, UP},
    executable::Executable,
    feed::{self, handling, put_accepted},
    on_a_page,
};

/// A script: whether the details are within their part of the page.
const INSIDE: &str = "const [inner, outer] = ['detail', 'deliveries'].map((id) => document.getElementById(id).getBoundingClientRect()); \
    return inner.width > 0 && inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom";
/// A script: the elements that stick out of the window.
const OUTSIDE: &str = "return [...document.querySelectorAll('.deliveries *, .switches *')] \
    .filter((found) => found.checkVisibility() && found.getBoundingClientRect().right > innerWidth + 1) \
    .map((found) => found.outerHTML.slice(0, 200))";
/// A script: the heights of the rows that are wholly visible.
const ROWS: &str = "const log = document.getElementById('log').getBoundingClientRect(); \
    return [...document.querySelectorAll('.delivery')].map((row) => row.getBoundingClientRect()) \
    .filter((row) => row.top >= log.top && row.bottom <= log.bottom).map((row) => row.height)";

#[tokio::test]
async fn a_screen_shows_twenty_deliveries_and_more_a_line_each() {
    on_a_page("rows", async |page, sandbox| {
        for n in 1..=40 {
            sandbox.say("ann", &format!("message {n}, and a text that is too long for its line")).await;
        }
        page.wait("the rows", "#delivery-list .delivery", |rows| rows.len() == 40).await;
        page.wait("all of them accepted", ".delivery-state.good", |rows| rows.len() == 40).await;
        for (width, height) in [(1440, 900), (900, 900), (390, 844)] {
            page.resize(width, height).await;
            page.run_script("document.querySelector('[data-show=deliveries]').click()", vec![]).await;
            let heights = page.run_script(ROWS, vec![]).await;
            let heights = heights.as_array().unwrap();
            assert!(heights.len() >= 20, "{} rows at {width}", heights.len());
            assert!(heights.iter().all(|height| height.as_f64().unwrap() < 34.0), "{heights:?}");
            assert_eq!(page.run_script(OUTSIDE, vec![]).await, json!([]), "{width}");
        }
        let row = page.texts("#delivery-list .delivery:first-child > *").await;
        let [at, who, what, _, tries, took] = &row[..] else { panic!("{row:?}") };
        assert_eq!((at.len(), who.as_str(), tries.as_str()), (8, "Ann", "1"));
        assert!(what.starts_with("message 40"), "{row:?}");
        assert!(took.ends_with("ms"), "{row:?}");
    })
    .await;
}

#[tokio::test]
async fn the_details_stand_beside_the_rows_or_over_them_and_close() {
    on_a_page("detail", async |page, _| {
        page.say("look at me").await;
        page.see_reply("look at me").await;
        let covered =
            "return !document.getElementById('log').checkVisibility({ visibilityProperty: true })";
        for (width, height, is_over) in
            [(1440, 900, false), (2560, 1300, false), (900, 900, true), (390, 844, true)]
        {
            page.resize(width, height).await;
            for (theme, language) in [("light", "zh-CN"), ("dark", "en")] {
                let features =
                    json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
                page.command("Emulation.setEmulatedMedia", features).await;
                page.press("#language").await;
                page.see(&format!("html[lang={language}][data-theme={theme}]"), "").await;
                page.run_script("document.querySelector('[data-show=deliveries]').click()", vec![])
                    .await;
                page.press("#delivery-list .delivery").await;
                page.see("#detail-heading", "look at me").await;
                page.see("#detail .xml", "<Content>").await;
                assert_eq!(page.run_script(covered, vec![]).await, is_over, "{width}");
                assert_eq!(page.run_script(INSIDE, vec![]).await, true, "{width}");
                assert_eq!(page.run_script(OUTSIDE, vec![]).await, json!([]), "{width}");
                page.keep_screenshot(&format!("detail-{width}-{theme}")).await;
                page.press("#detail [data-control=close]").await;
                page.wait("no details", "#detail:not([hidden])", <[String]>::is_empty).await;
                assert_eq!(page.run_script(covered, vec![]).await, false, "{width}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_delivery_is_opened_and_left_without_a_mouse() {
    on_a_page("detail-keys", async |page, sandbox| {
        for text in ["first", "second", "third"] {
            sandbox.say("ann", text).await;
        }
        page.wait("the rows", "#delivery-list .delivery", |rows| rows.len() == 3).await;
        page.run_script("document.getElementById('delivery-list').focus()", vec![]).await;
        page.type_keys(DOWN).await;
        page.see(".delivery.found[aria-selected=true]", "third").await;
        page.type_keys(format!("{DOWN}{ENTER}")).await;
        page.see("#detail-heading", "second").await;
        assert!(page.is_focused("#detail").await);
        // A change of the delivery, such as another attempt, leaves the focus where it was.
        page.focus("#detail [data-control=resend]").await;
        page.type_keys(ENTER).await;
        page.wait("another attempt", "#detail .attempt", |attempts| attempts.len() == 2).await;
        page.wait("the same control", "[data-control=resend]:focus", |found| found.len() == 1).await;
        page.type_keys(ESCAPE).await;
        page.wait("no details", "#detail:not([hidden])", <[String]>::is_empty).await;
        assert!(page.is_focused("#delivery-list").await);
        page.type_keys(format!("{UP}{ENTER}")).await;
        page.see("#detail-heading", "third").await;
        assert_eq!(page.texts("#delivery-list[aria-activedescendant=row-d3]").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn rows_are_searched_by_user_text_and_id() {
    on_a_page("search", async |page, sandbox| {
        sandbox.say("ann", "an Order for tea").await;
        sandbox.say("bo", "an order for coffee").await;
        sandbox.say("carol", "nothing").await;
        page.wait("the rows", "#delivery-list .delivery", |rows| rows.len() == 3).await;
        for (searched, found) in [
            ("ORDER", &["an order for coffee", "an Order for tea"][..]),
            ("order 小波", &["an order for coffee"]),
            ("carol", &["nothing"]),
            ("#1", &["an Order for tea"]),
            ("no such thing", &[]),
        ] {
            let search = "const field = document.getElementById('search'); field.value = arguments[0]; \
                field.dispatchEvent(new Event('input'))";
            page.run_script(search, vec![json!(searched)]).await;
            page.wait(searched, "#delivery-list .delivery-what", |rows| rows == found).await;
        }
        // A receipt leads to its delivery even where the search does not find it.
        page.press("#messages .mine .receipt").await;
        page.see("#detail-heading", "an Order for tea").await;
        page.wait("all rows", "#delivery-list .delivery", |rows| rows.len() == 3).await;
    })
    .await;
}

#[tokio::test]
async fn an_attempt_is_copied_as_a_command_that_works_when_it_is_pasted() {
    on_a_page("curl", async |page, sandbox| {
        if browser::program("curl").is_none() {
            crate::support::skip("curl is missing: install the package curl");
            return;
        }
        sandbox.say("ann", "it's \"odd\" & $HOME `id` \\ 50 % [1-3] {a,b}\nsecond line 你好").await;
        page.press("#delivery-list .delivery").await;
        let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        page.command("Browser.grantPermissions", permissions).await;
        page.press("#detail .attempt .copy").await;
        page.see("#detail .attempt .copy", "Copied").await;
        let pasted = page.run_script("return navigator.clipboard.readText()", vec![]).await;
        let pasted = pasted.as_str().unwrap();

        let answer = shell(pasted);
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{pasted}\n{answer}");
        // The shell passes the body to curl byte for byte as the sandbox has sent it.
        let arguments = shell(&format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{pasted}"));
        let delivery = page.run_script("return fetch('sandbox/state').then((state) => state.json()).then((state) => state.deliveries.at(-1))", vec![]).await;
        let attempt = &delivery["attempts"][0];
        let url = format!("{}?{}", delivery["url"].as_str().unwrap(), attempt["query"].as_str().unwrap());
        for wanted in ["POST", "content-type: text/xml; charset=utf-8", delivery["xml"].as_str().unwrap(), &url] {
            assert!(arguments.split('\0').any(|argument| argument == wanted), "{wanted}\n{arguments}");
        }

        page.press("#detail [data-control=copy-xml]").await;
        page.see("#detail [data-control=copy-xml]", "Copied").await;
        let pasted = page.run_script("return navigator.clipboard.readText()", vec![]).await;
        assert_eq!(pasted, delivery["xml"]);
    })
    .await;
}

fn shell(command: &str) -> String {
    let output = std::process::Command::new("sh").args(["-c", command]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn a_form_is_decoded_and_a_refusal_says_why_without_a_click() {
    on_a_page("form", async |page, sandbox| {
        let form = "mcid=demo&routeUrl=http%3A%2F%2Fexample.com%2Fa%20b%3Fc";
        let host = sandbox.url.trim_start_matches("http://");
        let head = format!(
            "POST /mc/route/setUrl.json HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\r\n",
            form.len()
        );
        let mut connection = crate::support::http::Connection::open(host.parse().unwrap()).await;
        let answer = connection.ask(format!("{head}{form}")).await;
        assert_eq!(answer.status, 401);

        page.see("#delivery-list .delivery-what", "/mc/route/setUrl.json").await;
        page.see("#delivery-list .delivery-state.bad", "refused").await;
        page.see("#trouble-count", "1").await;
        page.press("#delivery-list .delivery").await;
        page.see("#detail .call code", "POST /mc/route/setUrl.json").await;
        page.see("#detail .call .ms", "ms").await;
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        page.see("#detail .call .why", answer["errmsg"].as_str().unwrap()).await;
        page.see("#detail .call pre", "{\n  \"errcode\": 1004,\n").await;
        page.wait("the form", "#detail .pairs td", |values| {
            values == ["demo", "http://example.com/a b?c"]
        })
        .await;
        page.press("#detail .call [aria-pressed=false]").await;
        page.see("#detail .call pre", form).await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_down_is_seen_as_trouble_in_both_languages() {
    if !browser::is_available() {
        return;
    }
    // Port 9 belongs to the discard service, which no machine offers any more.
    let sandbox = Executable::start_with(&["--route-url", "http://127.0.0.1:9/callback"]);
    Browser::run("down", async |page| {
        page.open(&format!("{}/", sandbox.url)).await;
        page.say("is anybody there?").await;
        page.see("#delivery-list .delivery-state.bad", "failed").await;
        page.see("#trouble-count", "1").await;
        page.press("#delivery-list .delivery").await;
        page.see(
            "#detail .detail-outcome.bad .reason",
            "127.0.0.1:9 refuses connections: is the server running?",
        )
        .await;
        page.wait("its tries", "#detail .attempt .number", |numbers| numbers == ["1", "2", "3", "4"])
            .await;
        page.wait("their pauses", "#detail .attempt .pause", |pauses| {
            pauses[1..].iter().all(|pause| pause.starts_with("after "))
        })
        .await;
        page.press("#language").await;
        page.see("#detail .detail-outcome.bad .reason", "127.0.0.1:9 拒绝连接：服务器启动了吗？").await;
        page.see("#detail .attempt .result.bad-text", "127.0.0.1:9 拒绝连接：服务器启动了吗？").await;
        page.see("#delivery-list .delivery-state.bad", "失败").await;
    })
    .await;
}

#[tokio::test]
async fn what_is_sent_again_as_new_is_answered_again() {
    on_a_page("renew", async |page, _| {
        page.say("once more").await;
        page.see_reply("once more").await;
        page.press("#delivery-list .delivery").await;
        page.press("#detail [data-control=renew]").await;
        page.wait("a second reply", "#messages .theirs .bubble", |replies| replies.len() == 2).await;
        page.see("#detail .detail-head .count", "#2").await;
        page.see(".delivery.found#row-d2", "once more").await;
    })
    .await;
}

#[tokio::test]
async fn what_is_cleared_is_gone_from_rows_and_details() {
    on_a_page("cleared", async |page, sandbox| {
        page.say("forget me").await;
        page.see_reply("forget me").await;
        page.press("#delivery-list .delivery").await;
        page.see("#detail-heading", "forget me").await;
        sandbox.post("clear", &json!({})).await;
        page.wait("no rows", "#delivery-list .delivery", <[String]>::is_empty).await;
        page.wait("no details", "#detail:not([hidden])", <[String]>::is_empty).await;
        page.see("#deliveries-empty", "No deliveries yet").await;
        page.say("and a new one").await;
        page.see("#delivery-list .delivery-what", "and a new one").await;
    })
    .await;
}

#[tokio::test]
async fn what_became_of_a_message_is_in_its_row_its_details_and_the_count_of_trouble() {
    on_a_page("became", async |page, sandbox| {
        feed::open(page, sandbox).await;
        let retry_at = feed::now(page).await + 50_000;
        let dead_reply = json!({ "entry": 2, "state": "dead", "attempts": 3, "reason": "the text is too long", "retry_at": null });
        let cases = [
            (json!({ "state": "retrying", "attempts": 2, "reason": "the shop is shut", "retry_at": retry_at }), "warn", "retrying"),
            (json!({ "state": "waiting", "behind": 9001 }), "warn", "waits"),
            (json!({ "state": "dead", "attempts": 5, "reason": "it panicked" }), "bad", "dead letter"),
            (json!({ "state": "not_taken", "by": null }), "warn", "no handler"),
            (json!({ "replies": [dead_reply] }), "bad", "reply is dead"),
            (json!({ "state": "quiet" }), "", "quiet"),
        ];
        for (id, (changes, tone, word)) in (9001..).zip(cases) {
            put_accepted(page, id, &format!("message {id}"), &handling(&changes)).await;
            page.see(&format!("#row-d{id} .delivery-state[class='delivery-state {tone}']"), word).await;
        }
        page.see("#trouble-count", "5").await;
        page.press("[data-filter=trouble]").await;
        page.wait("what is in trouble", "#delivery-list .delivery", |rows| rows.len() == 5).await;
        page.press("#row-d9005").await;
        page.see("#detail .detail-outcome.bad .reason", "the text is too long").await;
        page.see("#detail .detail-outcome", "journal entry #1, replies #2").await;
        // A waiting message leads to the one that it waits for.
        page.press("#row-d9002").await;
        page.press("#detail [data-control=behind]").await;
        page.see("#detail-heading", "message 9001").await;
        let outcome = "#detail .detail-outcome.warn";
        page.see(outcome, "failed 2 times, retry in").await;
        let before = page.texts(outcome).await;
        page.wait("the next second", outcome, |now| now != before).await;
    })
    .await;
}

#[tokio::test]
async fn a_pause_in_pushing_is_shown_with_the_time_that_is_left() {
    on_a_page("pause", async |page, sandbox| {
        feed::open(page, sandbox).await;
        let until = feed::now(page).await + 30_000;
        feed::put(page, "paused", &json!({ "paused_until": until })).await;
        page.see(".deliveries .paused:not([hidden])", "Pushing pauses for").await;
        page.see(".switches .paused:not([hidden])", "Pushing pauses for").await;
        page.press("#language").await;
        page.see(".deliveries .paused:not([hidden])", "推送已暂停").await;
        feed::put(page, "paused", &json!({ "paused_until": null })).await;
        page.wait("no pause", ".paused:not([hidden])", <[String]>::is_empty).await;
    })
    .await;
}

#[tokio::test]
async fn a_reply_leads_to_the_api_call_that_brought_it() {
    on_a_page("call", async |page, _| {
        page.say("first").await;
        page.see_reply("first").await;
        page.say("second").await;
        page.see_reply("second").await;
        page.press("#messages .theirs [data-control=call]").await;
        page.see("#detail .call.found pre", "first").await;
        assert_eq!(page.texts("#detail .call.found").await.len(), 1);
    })
    .await;
}
