//! The conversations of the journal: five accounts in two apps, and users of whom a few write much and most write little.

use rongcloud_callback::{ids::AppKey, protocol::Conversation};

/// The apps' keys, of 13 characters as the platform has them. The path of an app's callbacks is its key.
pub(crate) const APPS: [&str; 2] = ["8luwapkvucoil", "c9kqb3rdkdoej"];
/// The ids of the accounts: three of the first app and two of the second.
const ACCOUNTS: [(&str, &str); 5] = [
    (APPS[0], "mc7Kq2x9Bd"),
    (APPS[0], "mcP4w8Tz1L"),
    (APPS[0], "mcE0v5Rn6Y"),
    (APPS[1], "mcJ3s9Hc2F"),
    (APPS[1], "mcX6m1Gb8U"),
];
/// The number of conversations.
const CONVERSATIONS: u64 = 100_000;
/// The user with by far the most entries.
pub(crate) const BUSIEST: u64 = 0;
/// How unequal the users are: with 1.8 the second of them has a six hundredth of all messages, the last one a few.
const INEQUALITY: f64 = 1.8;

/// A number without any order, the same for each run.
pub(crate) fn scattered(number: u64) -> u64 {
    // The finaliser of SplitMix64.
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The user who has written message `number`; never the busiest.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a position below the number of conversations"
)]
pub(crate) fn user_of(number: u64) -> u64 {
    let position = (scattered(number) >> 11) as f64 / (1_u64 << 53) as f64;
    let others = CONVERSATIONS - 1;
    BUSIEST + 1 + ((others as f64 * position.powf(INEQUALITY)) as u64).min(others - 1)
}

/// The conversation of a user.
pub(crate) fn conversation(user: u64) -> Conversation {
    let (app, account) = ACCOUNTS[usize::try_from(user % 5).expect("below five")];
    let user = format!("{:014x}{user:010x}", scattered(user) >> 8);
    Conversation { app: AppKey::from(app), account: account.into(), user: user.into() }
}
