//! `docs/dialogues.md`: its program is an example's, and its table has every turn.

use std::collections::BTreeSet;

use rongcloud_callback::sandbox::Conversation;

use super::{block, entries, table_of};

const PAGES: [&str; 2] =
    [include_str!("../../../docs/dialogues.md"), include_str!("../../../docs/dialogues.zh-CN.md")];

#[test]
fn the_order_of_the_page_is_the_example_s() {
    let example = include_str!("../../../examples/order_dialogue.rs");
    let printed = format!("{}\n", block(PAGES[0], "use std::time::Duration;"));
    assert_eq!(example.split_once("\n\n").unwrap().1, printed);
}

#[test]
fn the_page_has_every_turn() {
    let code = include_str!("../../../src/dialogue/turn.rs");
    let functions = code.lines().filter_map(|line| line.strip_prefix("    pub fn ")?.split_once('('));
    let functions = functions.filter(|(_, parameters)| !parameters.contains("self"));
    let turns: BTreeSet<_> = functions.map(|(name, _)| format!("Turn::{name}")).collect();
    assert!(turns.len() >= 5, "{turns:?}");
    for page in PAGES {
        assert_eq!(entries(&table_of(page, "Turn::to")).into_iter().collect::<BTreeSet<_>>(), turns);
    }
}

#[test]
fn the_conversation_of_the_page_can_be_read() {
    block(PAGES[0], "[[step]]").parse::<Conversation>().unwrap();
}
