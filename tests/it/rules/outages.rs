//! A service that is down, slow, overloaded or cut off: nothing is lost, and order is kept.

use std::{collections::HashMap, time::Duration};

use super::{
    Bot,
    target::{Act, Request, Target},
};
use crate::support::{messages::text, process::free_address, until};

/// Sections with enough attempts for an outage of a test's length.
const PATIENT: &str = "[dispatch]\nattempts = 1000\nbackoff = \"10ms\"\nmax_backoff = \"100ms\"\n";

async fn start(rule: &str) -> Bot {
    Bot::start_with(PATIENT, rule).await
}

/// The texts of each user in the order in which they came; repeated attempts at a text count once.
fn texts(requests: &[Request]) -> HashMap<String, Vec<String>> {
    let mut texts: HashMap<String, Vec<String>> = HashMap::new();
    for request in requests {
        let of_user = texts.entry(request.json()["user"].as_str().unwrap().to_owned()).or_default();
        if of_user.last() != Some(&request.text()) {
            of_user.push(request.text());
        }
    }
    texts
}

#[tokio::test]
async fn a_service_that_was_down_gets_everything_in_order_and_not_all_at_once() {
    let address = free_address();
    let rule = format!(
        "[[rules]]\non = 'text'\nforward = {{ url = 'http://{address}/wechat', concurrency = 3, secret = '{}' }}\n",
        super::target::SECRET
    );
    let bot = start(&rule).await;
    let (users, messages) = (20, 4);
    for number in 0..messages {
        for user in 0..users {
            let body = text(&format!("user-{user}"), &format!("{user}.{number}"), &number.to_string());
            bot.process.deliver(&body).await.assert_ack();
        }
    }
    // All conversations have met the outage.
    until("failed attempts", async || {
        let records = bot.home.records().await;
        let met = records.iter().filter(|record| record.reason.is_some()).count();
        (met >= users).then_some(())
    })
    .await;
    let reason = bot.home.records().await.into_iter().find_map(|record| record.reason).unwrap();
    assert!(reason.contains(&format!("no answer from http://{address}/wechat: ")), "{reason}");

    let target =
        Target::start_at(address, vec![Act::Echo(Duration::from_millis(20)); users * messages]).await;
    assert!(bot.dead_letters().await.is_empty());
    let texts = texts(&target.requests());
    assert_eq!(texts.len(), users);
    assert!(texts.values().all(|texts| texts == &["0", "1", "2", "3"]), "{texts:?}");
    assert!(target.most_open() <= 3, "{} at once", target.most_open());
}

#[tokio::test]
async fn a_service_that_hangs_or_hangs_up_is_asked_again() {
    for act in [Act::Hang, Act::Cut] {
        let target = Target::start([act.clone(), act]).await;
        let bot = start(&target.rule(", timeout = '300ms'")).await;
        let ann = bot.sandbox.user("ann");
        for number in 0..3 {
            ann.says(number.to_string()).await;
        }
        for number in 0..3 {
            assert_eq!(ann.received().await.text(), number.to_string());
        }
        assert!(bot.dead_letters().await.is_empty());
        let attempts: Vec<_> = target
            .requests()
            .iter()
            .map(|request| (request.text(), request.json()["attempt"].as_u64().unwrap()))
            .collect();
        let expected = [("0", 1), ("0", 2), ("0", 3), ("1", 1), ("2", 1)];
        assert_eq!(attempts, expected.map(|(text, attempt)| (text.to_owned(), attempt)));
    }
}

#[tokio::test]
async fn a_service_that_hangs_holds_up_only_those_that_wait_for_it() {
    let target = Target::start([Act::Hang]).await;
    let rule = target.rule(", timeout = '10s'").replace("on = 'text'", "on = 'text'\nuser = 'ann'");
    let bot = start(&format!("{rule}[[rules]]\non = 'text'\nreply = {{ text = 'at once' }}\n")).await;
    bot.sandbox.user("ann").says("hello").await;
    target.wait_for(1).await;
    bot.plays("[[step]]\nuser = 'bo'\nsays = 'hello'\nreplies = [{ exact = 'at once' }]\n").await;
}

#[tokio::test]
async fn a_service_is_not_asked_again_before_the_time_it_names() {
    let busy = Act::Answer(429, "retry-after: 1\r\n", "busy");
    let target = Target::start([busy]).await;
    // Without the header the service would be asked again within 10 ms.
    let bot = Bot::start(&target.rule("")).await;
    bot.plays("[[step]]\nuser = 'ann'\nsays = 'a'\nreplies = [{ exact = 'a' }]\nwithin = '30s'\n").await;
    let requests = target.requests();
    let pause = requests[1].at - requests[0].at;
    assert!(pause >= Duration::from_millis(990), "{pause:?}");
}

#[tokio::test]
async fn rules_that_hand_on_to_the_same_service_share_its_turns() {
    let target = Target::start(vec![Act::Echo(Duration::from_millis(50)); 8]).await;
    let rule = target.rule(", concurrency = 1");
    let ann = rule.replace("on = 'text'", "on = 'text'\nuser = 'user-0'");
    let bot = start(&format!("{ann}{rule}")).await;
    for number in 0..8 {
        let body = text(&format!("user-{}", number % 4), &number.to_string(), "hello");
        bot.process.deliver(&body).await.assert_ack();
    }
    target.wait_for(8).await;
    assert!(bot.dead_letters().await.is_empty());
    assert_eq!(target.most_open(), 1);
}
