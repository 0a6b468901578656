//! The way from the sandbox's page to the console of its own server, and back.

use super::super::browser::ENTER;
use super::super::on_a_page;

#[tokio::test]
async fn the_sandbox_leads_to_the_console_of_its_server_and_the_console_back() {
    on_a_page("to-console", async |page, sandbox| {
        page.say("hello").await;
        page.see_reply("hello").await;
        page.see("#console", "Console").await;
        let address = page.run_script("return document.getElementById('console').href", vec![]).await;
        page.open(address.as_str().unwrap()).await;
        page.see("#who", "local").await;
        page.wait("no need to log out", "#log-out:not([hidden])", <[String]>::is_empty).await;
        page.press("#views [data-view=conversations]").await;
        page.press(".conversation-row").await;
        page.see(".talk-lines .theirs .bubble", "hello").await;
        page.press("[data-action=take]").await;
        page.see(".holder.me", "You have it").await;
        page.see_focus(".answer-text").await;
        page.type_keys(format!("a person here{ENTER}")).await;
        page.see(".mine.person .receipt", "Sent").await;
        let back = page.run_script("return document.getElementById('sandbox').href", vec![]).await;
        assert_eq!(back, format!("{}/", sandbox.url));
        page.open(back.as_str().unwrap()).await;
        page.see_reply("a person here").await;
    })
    .await;
}
