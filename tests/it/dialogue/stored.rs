//! States that another program has stored: older ones, newer ones, and those that cannot be read.

use rongcloud_callback::{CallbackService, Context, Dialogue, HandlerError, Text, Turn};
use serde::{Deserialize, Serialize};

use super::{Count, count_bot, dead_letters, order_bot, states, talk, with_file};
use crate::sandbox::Bot;

/// The next version of [`Count`], which counts in pairs.
#[derive(Serialize, Deserialize, Default)]
struct Pairs {
    pairs: u32,
}

impl Dialogue for Pairs {
    const NAME: &'static str = Count::NAME;
    const VERSION: u32 = 2;

    fn migrate(from: u32, stored: serde_json::Value) -> Result<Self, HandlerError> {
        let Count(n) = serde_json::from_value(stored)?;
        if from == 1 && n.is_multiple_of(2) {
            Ok(Self { pairs: n / 2 })
        } else {
            Err("an odd one".into())
        }
    }
}

fn pairs_bot(service: CallbackService) -> CallbackService {
    service.dialogue(|Pairs { pairs }: Pairs, _: Text, _: Context| async move {
        Turn::to(Pairs { pairs: pairs + 1 }).say(format!("{} pairs", pairs + 1))
    })
}

const RESTARTED: &str = "抱歉，刚才的对话已失效，请重新开始。";

#[tokio::test]
async fn a_state_of_an_earlier_version_is_migrated_and_a_newer_one_is_not_read() {
    let (sandbox, _folder, journal) = with_file().await;
    let (even, odd) = (sandbox.user("even"), sandbox.user("odd"));
    let bot = Bot::start_on(&sandbox, &journal, "", count_bot).await;
    talk(&even, &[("a", "1"), ("b", "2")]).await;
    talk(&odd, &[("a", "1")]).await;
    bot.idle().await;
    bot.stop().await;

    let bot = Bot::start_on(&sandbox, &journal, "", pairs_bot).await;
    talk(&even, &[("c", "2 pairs")]).await;
    talk(&odd, &[("b", RESTARTED), ("c", "1 pairs")]).await;
    bot.idle().await;
    bot.stop().await;

    let bot = Bot::start_on(&sandbox, &journal, "", count_bot).await;
    talk(&even, &[("d", RESTARTED), ("e", "1")]).await;
    bot.stop().await;
}

#[tokio::test]
async fn a_state_that_cannot_be_read_makes_a_dead_letter_if_that_is_wanted() {
    let (sandbox, _folder, journal) = with_file().await;
    let user = sandbox.user("ann");
    let bot = Bot::start_on(&sandbox, &journal, "", pairs_bot).await;
    talk(&user, &[("a", "1 pairs")]).await;
    bot.idle().await;
    bot.stop().await;

    let keep = "[dialogue]\nunreadable = \"dead_letter\"\n";
    let bot = Bot::start_on(&sandbox, &journal, keep, count_bot).await;
    user.says("b").await;
    let reasons = dead_letters(&bot).await;
    let why = "the stored state of the dialogue `count`, version 2: this program knows version 1 and older ones";
    assert!(matches!(&reasons[..], [reason] if reason.ends_with(why)), "{reasons:?}");
    assert_eq!(states(&bot).await[0].body, "{\"pairs\":1}");
    bot.stop().await;

    let bot = Bot::start_on(&sandbox, &journal, "", pairs_bot).await;
    talk(&user, &[("c", "2 pairs")]).await;
    bot.stop().await;
}

#[tokio::test]
async fn a_dialogue_that_the_program_no_longer_has_ends() {
    let (sandbox, _folder, journal) = with_file().await;
    let user = sandbox.user("ann");
    let bot = Bot::start_on(&sandbox, &journal, "", count_bot).await;
    talk(&user, &[("a", "1")]).await;
    bot.idle().await;
    bot.stop().await;

    let bot = Bot::start_on(&sandbox, &journal, "", order_bot).await;
    talk(&user, &[("下单", RESTARTED), ("下单", "要多大号？")]).await;
    bot.stop().await;
}
