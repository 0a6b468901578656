//! What matching a message against ten thousand rules costs beside parsing it: `cargo bench --bench rules`.
//!
//! Prints a table of medians over several passes, and ends with an error if matching costs more than parsing.

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

const RULES: usize = 10_000;
const MESSAGES: usize = 100_000;
const PASSES: usize = 7;

fn main() -> ExitCode {
    let started = Instant::now();
    let config = Config::from_toml(&configuration(), |_| None).expect("a configuration");
    let rules = Rules::new(&config.rules).expect("rules");
    println!("{RULES} rules read in {:?}", started.elapsed());
    let bodies: Vec<String> = (0..MESSAGES).map(body).collect();
    let messages: Vec<Inbound> =
        bodies.iter().map(|body| parse(body.as_bytes()).expect("a message")).collect();
    let app = AppKey::from("bench");
    let (mut parsing, mut matching, mut taken) = (Vec::new(), Vec::new(), 0);
    for _ in 0..PASSES {
        parsing.push(each(&bodies, |body| parse(body.as_bytes()).is_ok()).0);
        let (span, matched) = each(&messages, |message| rules.takes(&app, message, UnixMillis(0)));
        matching.push(span);
        taken = matched;
    }
    let (parsing, matching) = (median(parsing), median(matching));
    println!(
        "{MESSAGES} messages, {taken} of them taken by a rule; median of {PASSES} passes, per message"
    );
    println!("| parsing | matching | matching : parsing |\n|---|---|---|");
    println!("| {parsing:?} | {matching:?} | {:.2} |", matching.as_secs_f64() / parsing.as_secs_f64());
    ExitCode::from(u8::from(matching > parsing))
}

/// How long one of `items` takes, and for how many `run` is true.
fn each<T>(items: &[T], run: impl Fn(&T) -> bool) -> (Duration, usize) {
    let started = Instant::now();
    let count = items.iter().filter(|item| black_box(run(black_box(item)))).count();
    (started.elapsed() / u32::try_from(items.len()).expect("few enough"), count)
}

fn median(mut spans: Vec<Duration>) -> Duration {
    spans.sort_unstable();
    spans[spans.len() / 2]
}

/// Six in ten rules look for whole words, three for a part, one has a regex; a quarter is for one of 500 accounts.
fn configuration() -> String {
    let mut text =
        "[[apps]]\nkey = 'bench'\nsecrets = ['s']\napi_url = 'http://127.0.0.1:9'\n".to_owned();
    for number in 0..RULES {
        let keyword = match number % 10 {
            0..6 => format!("{{ is = ['问题{number}', 'question {number}'] }}"),
            6..9 => format!("{{ contains = ['关键词{number}号'] }}"),
            _ => format!("{{ regex = '编号{number}-(?<no>\\d+)' }}"),
        };
        let account = if number % 4 == 0 {
            format!("account = 'account-{}'\n", number % 500)
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

/// A body as the platform prints it; every other message has a keyword, and one in ten is in full-width forms.
fn body(number: usize) -> String {
    let rule = number * 7919 % RULES;
    let content = match number % 10 {
        0 | 1 => format!("问题{rule}"),
        2 => format!("ＱＵＥＳＴＩＯＮ　{rule}"),
        3 => format!("你好，请问关键词{rule}号是什么意思？谢谢你的回答。"),
        4 => format!("我要查编号{rule}-{number}的东西"),
        _ => "一条不长不短的消息，用来测量一条消息与一万条规则比较需要多少时间。".to_owned(),
    };
    let text = Message::Text(Text { content });
    Inbound::new(
        format!("account-{}", number % 1000),
        format!("user-{number}"),
        134_223_445_860,
        Content::Message(text),
    )
    .with_message_id(format!("BAE6-3KQ2-{number:012}"))
    .to_documented_xml()
}
