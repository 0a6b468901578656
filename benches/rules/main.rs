//! The cost of matching a message against an operator's rules, beside parsing it: `cargo bench --bench rules`.
//!
//! Prints a table for ten, one hundred and three hundred rules, with medians over several passes. Ends with an error if
//! matching a message against a hundred rules costs more than three times of parsing it.

#![expect(clippy::print_stdout, reason = "a report")]

use std::{
    fmt::Write,
    hint::black_box,
    process::ExitCode,
    time::{Duration, Instant},
};

use rongcloud_callback::{
    Config, Content, Inbound, Message, Rules, Text, clock::UnixMillis, ids::AppKey, protocol::parse,
};

/// Numbers of rules: a small bot, an operator's list, and a large list.
const SIZES: [usize; 3] = [10, 100, 300];
/// The most that a message costs against a hundred rules, as a multiple of parsing it.
const MAX_RATIO: f64 = 3.0;
const MESSAGES: usize = 20_000;
const PASSES: usize = 7;

fn main() -> ExitCode {
    let bodies: Vec<String> = (0..MESSAGES).map(body).collect();
    let messages: Vec<Inbound> =
        bodies.iter().map(|body| parse(body.as_bytes()).expect("a message")).collect();
    let parsing = median((0..PASSES).map(|_| each(&bodies, |body| parse(body.as_bytes()).is_ok()).0));
    println!("{MESSAGES} messages, median of {PASSES} passes, per message; parsing: {parsing:?}");
    println!(
        "| rules | matching | matching : parsing | messages that a rule takes |\n|---|---|---|---|"
    );
    let mut is_slow = false;
    for size in SIZES {
        let config = Config::from_toml(&configuration(size), |_| None).expect("a configuration");
        let rules = Rules::new(&config.rules).expect("rules");
        let app = AppKey::from("bench");
        let take = |message: &Inbound| rules.takes(&app, message, UnixMillis(0));
        let (_, taken) = each(&messages, take);
        let matching = median((0..PASSES).map(|_| each(&messages, take).0));
        let ratio = matching.div_duration_f64(parsing);
        println!("| {size} | {matching:?} | {ratio:.2} | {taken} |");
        is_slow |= size == 100 && ratio > MAX_RATIO;
    }
    ExitCode::from(u8::from(is_slow))
}

/// Runs `run` for each item; returns the time of one run, and the number of items for which it is true.
fn each<T>(items: &[T], run: impl Fn(&T) -> bool) -> (Duration, usize) {
    let started = Instant::now();
    let count = items.iter().filter(|item| black_box(run(black_box(item)))).count();
    (started.elapsed() / u32::try_from(items.len()).expect("few enough"), count)
}

fn median(spans: impl Iterator<Item = Duration>) -> Duration {
    let mut spans: Vec<_> = spans.collect();
    spans.sort_unstable();
    spans[spans.len() / 2]
}

/// Rules of which six in ten look for whole words, three for a part, and one has a regex; one in four is for one account.
fn configuration(size: usize) -> String {
    let mut text =
        "[[apps]]\nkey = 'bench'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n".to_owned();
    for number in 0..size {
        let keyword = match number % 10 {
            0..6 => format!("{{ is = ['问题{number}', 'question {number}'] }}"),
            6..9 => format!("{{ contains = ['关键词{number}号'] }}"),
            _ => format!("{{ regex = '编号{number}-(?<no>\\d+)' }}"),
        };
        let account = if number % 4 == 0 {
            format!("account = 'account-{}'\n", number % 10)
        } else {
            String::new()
        };
        write!(
            text,
            "[[rules]]\non = 'text'\n{account}keyword = {keyword}\nreply = {{ text = 'answer {number}' }}\n"
        )
        .expect("writing to a string");
    }
    text
}

/// A body as the platform prints it; half of the messages have a keyword, and one in ten is in full-width forms.
fn body(number: usize) -> String {
    let rule = number * 7919 % SIZES[1];
    let content = match number % 10 {
        0 | 1 => format!("问题{rule}"),
        2 => format!("ＱＵＥＳＴＩＯＮ　{rule}"),
        3 => format!("你好，请问关键词{rule}号是什么意思？谢谢你的回答。"),
        4 => format!("我要查编号{rule}-{number}的东西"),
        _ => "一条不长不短的消息，用来测量一条消息与许多条规则比较需要多少时间。".to_owned(),
    };
    let text = Message::Text(Text { content });
    Inbound::new(
        format!("account-{}", number % 10),
        format!("user-{number}"),
        134_223_445_860,
        Content::Message(text),
    )
    .with_message_id(format!("BAE6-3KQ2-{number:012}"))
    .to_documented_xml()
}
