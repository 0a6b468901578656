//! The conversation: the messages of a user, and the look of the answers.

use serde_json::json;

use super::{
    browser::{ENTER, ESCAPE, TAB},
    on_a_page,
};

#[tokio::test]
async fn a_text_is_answered_and_its_delivery_is_shown() {
    on_a_page("text", async |page, _| {
        page.see("#chat-empty", "Nothing said yet").await;
        page.say("hello").await;
        page.see("#messages .mine .bubble", "hello").await;
        page.see_reply("hello").await;
        page.see("#messages .mine .receipt", "accepted").await;
        page.see("#delivery-list .delivery-what", "hello").await;

        page.press("#delivery-list .delivery").await;
        page.see("#detail .attempt .result", "200").await;
        page.see("#detail .xml", "<Content><![CDATA[hello]]></Content>").await;
        page.see("#detail .xml", "</MsgID>").await;
        page.see("#detail .call code", "/message/").await;
        page.see("#detail .call pre", "\"touser\"").await;
    })
    .await;
}

#[tokio::test]
async fn who_follows_is_welcomed() {
    on_a_page("follow", async |page, _| {
        page.see("#follow", "Follow").await;
        page.press("#follow").await;
        page.see("#messages .note", "followed the account").await;
        page.wait("a welcome", "#messages .theirs .bubble", |texts| texts.len() == 1).await;
        page.see("#follow", "Unfollow").await;
        page.press("#follow").await;
        page.see("#messages .note", "unfollowed the account").await;
    })
    .await;
}

#[tokio::test]
async fn cards_of_one_and_of_several_articles_are_shown() {
    on_a_page("news", async |page, _| {
        page.say("news").await;
        page.wait("a card", "#messages .news", |cards| cards.len() == 1).await;
        assert_eq!(page.texts("#messages .news .row").await.len(), 0);
        page.say("news 3").await;
        page.wait("a card of several", "#messages .news .row", |rows| rows.len() == 2).await;
        assert_eq!(page.texts("#messages .news .cover").await.len(), 2);
        let pictures =
            "return [...document.querySelectorAll('.news img')].every((picture) => picture.alt === '')";
        assert_eq!(page.run_script(pictures, vec![]).await, true);
    })
    .await;
}

#[tokio::test]
async fn the_menu_opens_its_second_level_and_links_safely() {
    on_a_page("menu", async |page, _| {
        page.press("#menu .menu-entry button").await;
        page.wait("links", "#menu .submenu:not([hidden]) a", |links| !links.is_empty()).await;
        let unsafe_links = "return [...document.querySelectorAll('#menu a')].filter((link) => \
            !/^https?:$/.test(link.protocol) || link.rel !== 'noopener noreferrer' || link.target !== '_blank').length";
        assert_eq!(page.run_script(unsafe_links, vec![]).await, 0);
        page.type_keys(ESCAPE).await;
        page.wait("a closed menu", "#menu .submenu:not([hidden])", <[String]>::is_empty).await;
    })
    .await;
}

#[tokio::test]
async fn every_kind_of_message_is_sent() {
    on_a_page("kinds", async |page, _| {
        for kind in ["image", "voice", "location", "imgtxt"] {
            page.press("#attach[aria-expanded=false]").await;
            page.press(&format!("#attachments [data-kind={kind}]")).await;
            page.press("dialog button[type=submit]").await;
            page.wait("the dialog gone", "dialog", <[String]>::is_empty).await;
        }
        page.see("#messages .mine .bubble.voice", "3″").await;
        page.see("#messages .mine .bubble.place", "The Bund, Shanghai").await;
        page.see("#messages .mine .bubble.card", "An evening at the river").await;
        page.wait("a picture", "#messages .mine .bubble.picture img", |found| found.len() == 1).await;
        page.see_reply("The Bund, Shanghai").await;
        page.wait("four deliveries", "#delivery-list .delivery-state.good", |found| found.len() >= 4)
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_new_user_talks_in_a_conversation_of_its_own() {
    on_a_page("users", async |page, _| {
        page.say("from the first user").await;
        page.see_reply("from the first user").await;
        page.press("#add-user").await;
        page.type_keys(format!("carol{TAB}Carol{ENTER}")).await;
        page.see("#chat-empty", "Nothing said yet").await;
        // The message field cannot be used as long as the dialog is open.
        page.wait_for("the dialog to close", "return !document.querySelector('dialog')").await;
        page.say("from Carol").await;
        page.see_reply("from Carol").await;
        assert_eq!(page.texts("#messages .mine").await.len(), 1);
        page.see("#delivery-list .delivery-who", "Carol").await;
    })
    .await;
}

#[tokio::test]
async fn a_recording_is_played_or_says_why_not_and_a_place_has_a_map() {
    on_a_page("voice", async |page, sandbox| {
        let address = format!("{}/sandbox/samples/voice", sandbox.url);
        for content in [
            json!({ "kind": "voice", "url": format!("{address}.amr") }),
            json!({ "kind": "voice", "url": format!("{address}.mp3"), "seconds": 2 }),
            json!({ "kind": "location", "latitude": 31.2397, "longitude": 121.4903, "label": "The Bund" }),
        ] {
            sandbox.write("ann", content).await;
        }
        page.see("#messages .mine .bubble.voice", "AMR: this browser cannot play it · download").await;
        let download = "return document.querySelector('.bubble.voice a[download]').href";
        assert_eq!(page.run_script(download, vec![]).await, json!(format!("{address}.amr")));
        page.see("#messages .mine .bubble.place", "31.2397, 121.4903 · map").await;
        page.wait("a button", ".mine .bubble.voice [data-control=play]", |found| found.len() == 1).await;
        let map = "return document.querySelector('.bubble.place a').href";
        let street = "https://www.openstreetmap.org/?mlat=31.2397&mlon=121.4903#map=16/31.2397/121.4903";
        assert_eq!(page.run_script(map, vec![]).await, json!(street));
        page.press("#language").await;
        page.see("#messages .bubble.place", "地图").await;
        let amap = "https://uri.amap.com/marker?position=121.4903%2C31.2397&name=The+Bund";
        assert_eq!(page.run_script(map, vec![]).await, json!(amap));
    })
    .await;
}
