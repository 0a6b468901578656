//! The newest message stays in view, unless the reader has scrolled away from it.

use serde_json::json;

use super::{browser::Browser, executable::Executable, on_a_page};

#[tokio::test]
async fn one_s_own_message_is_scrolled_to() {
    on_a_page("scroll-own", async |page, sandbox| {
        talk(page, sandbox).await;
        scroll_up(page).await;
        page.say("do you see me?").await;
        page.see("#messages .mine .bubble", "do you see me?").await;
        assert_newest_in_view(page).await;
    })
    .await;
}

#[tokio::test]
async fn what_others_say_leaves_a_reader_where_they_are() {
    on_a_page("scroll-others", async |page, sandbox| {
        talk(page, sandbox).await;
        scroll_up(page).await;
        sandbox.say("ann", "from elsewhere").await;
        page.see("#delivery-list > li", "from elsewhere").await;
        page.see("#to-newest:not([hidden])", "Newest").await;
    })
    .await;
}

#[tokio::test]
async fn narrowing_the_window_and_turning_a_phone_keep_the_newest_in_view() {
    on_a_page("scroll-sizes", async |page, sandbox| {
        talk(page, sandbox).await;
        for (width, height) in [(900, 900), (390, 844), (844, 390), (390, 844), (390, 500), (1440, 900), (700, 900)] {
            page.resize(width, height).await;
            assert_newest_in_view(page).await;
        }
        // A browser may report the changed scroll position before the changed size.
        let moved = "const view = document.getElementById('transcript'); document.body.style.height = '600px'; \
            view.scrollTop -= 300; view.dispatchEvent(new Event('scroll'))";
        page.run_script(moved, vec![]).await;
        assert_newest_in_view(page).await;
    })
    .await;
}

/// Lets a user and the bot write pictures and cards, which are lower in a narrower window, and texts, which are higher.
async fn talk(page: &Browser, sandbox: &Executable) {
    for said in [
        "image",
        "news",
        "a rather long text which needs more lines on a phone than on a screen",
        "news 3",
        "image",
    ] {
        sandbox.say("ann", said).await;
    }
    page.wait("all replies", "#messages .theirs", |replies| replies.len() == 5).await;
    page.wait_for("the pictures", "return [...document.images].every((image) => image.complete)").await;
    assert_newest_in_view(page).await;
}

/// Scrolls with the mouse wheel, as a reader does.
async fn scroll_up(page: &Browser) {
    let wheel = json!({ "type": "mouseWheel", "x": 200, "y": 400, "deltaX": 0, "deltaY": -5000 });
    page.command("Input.dispatchMouseEvent", wheel).await;
    page.see("#to-newest:not([hidden])", "Newest").await;
}

/// Asserts that the last message is wholly visible, and that no button leads to it.
async fn assert_newest_in_view(page: &Browser) {
    let seen = "const last = document.getElementById('messages').lastElementChild.getBoundingClientRect(); \
        const view = document.getElementById('transcript').getBoundingClientRect(); \
        return last.bottom <= view.bottom + 1 && document.getElementById('to-newest').hidden";
    page.wait_for("the newest in view", seen).await;
    // A scroll event comes with the next frame.
    page.run_script_until_done(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))",
        vec![],
    )
    .await;
    assert_eq!(page.run_script(seen, vec![]).await, true);
}
