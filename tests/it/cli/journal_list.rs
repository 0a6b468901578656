//! The output of `journal list`, `export` and `show`, on a terminal and in a pipe.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use futures_util::future::try_join_all;
use rongcloud_callback::{
    clock::{Clock, UnixMillis},
    journal::{self, Entry, EntryKey, NewEntry, Options, Queue, Queues},
    protocol::{Content, Conversation, Inbound, Message, Outgoing, Payload, Recipients, Text},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::outcome;
use crate::support::{
    messages::{subscribe, text},
    postgres::{Cluster, client},
    process::Home,
    screen::printed_on,
    until,
};

/// The time 2026-11-28 06:00:08.750 UTC.
const START: UnixMillis = UnixMillis(1_795_845_608_750);
const ESCAPES: &str = "\x1b]0;title\x07\x1b]52;c;cm0=\x07\x1b[2J\u{9b}31m\u{202e}";
const FORGED: &str = "ann\n 999 11-28 00:00:00 inbox done";
const CHINESE: &str = "张三李四王五赵六孙七周八吴九郑十";
const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// A journal that tests fill without a server, with a clock of its own.
struct Filled {
    journal: Arc<dyn Queues>,
    clock: Clock,
    keys: u32,
}

impl Filled {
    async fn of(home: &Home) -> Self {
        let clock = Clock::manual(START);
        let options = Options { clock: clock.clone(), ..Options::default() };
        let url = format!("sqlite:{}", home.database().display());
        Self { journal: journal::open_server(&url, options).await.unwrap(), clock, keys: 0 }
    }

    /// Adds messages, one each second.
    async fn text(&mut self, [app, account, user]: [&str; 3], content: &str) {
        let text = Message::Text(Text { content: content.to_owned() });
        let inbound = Inbound::new(account, user, 1, Content::Message(text));
        let body = inbound.with_message_id(format!("m{}", self.keys)).to_xml();
        self.add([app, account, user], body.into_bytes(), None).await;
    }

    async fn add(&mut self, names: [&str; 3], body: Vec<u8>, dead: Option<&str>) {
        let [app, account, user] = names;
        let names = Conversation { app: app.into(), account: account.into(), user: user.into() };
        self.keys += 1;
        let entry = NewEntry {
            queue: Queue::Inbox,
            key: EntryKey::of(&self.keys.to_string()),
            conversation: names.encode(),
            body: body.into(),
            dead: dead.map(str::to_owned),
        };
        self.journal.append(entry, None).await.unwrap();
        self.clock.advance(Duration::from_secs(1));
    }

    async fn leased(&self, queue: Queue) -> Entry {
        let until = self.clock.now().plus(Duration::from_mins(1));
        self.journal.lease(queue, 1, until).await.unwrap().remove(0)
    }

    /// Answers the oldest message with two replies, the first of which is refused.
    async fn answer(&self, user: &str) {
        let entry = self.leased(Queue::Inbox).await;
        let replies = ["first", "second"].into_iter().enumerate().map(|(index, content)| NewEntry {
            queue: Queue::Outbox,
            key: entry.id.reply_key(index),
            conversation: entry.conversation.clone(),
            body: Outgoing {
                sender: "demo".into(),
                recipients: Recipients::User(user.into()),
                payload: Payload::text(content),
            }
            .encode()
            .into(),
            dead: None,
        });
        self.journal.finish(entry.lease.clone(), replies.collect::<Vec<_>>().into()).await.unwrap();
        let refused = self.leased(Queue::Outbox).await;
        self.journal.bury(refused.lease, format!("refused: {ESCAPES}\nno").into()).await.unwrap();
    }
}

fn command(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(&[&["journal"], arguments].concat());
    command.env("TZ", "Asia/Shanghai");
    command
}

/// The output of a command in a pipe, which must succeed.
fn printed(home: &Home, arguments: &[&str]) -> String {
    let (code, output, errors) = outcome(command(home, arguments).output().unwrap());
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{arguments:?}");
    output
}

/// The cells of a row in a pipe.
fn cells(row: &str) -> Vec<&str> {
    row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

fn ids(home: &Home, arguments: &[&str]) -> Vec<u64> {
    let list = printed(home, &[&["list"], arguments].concat());
    list.lines().skip(1).map(|row| cells(row)[0].parse().unwrap()).collect()
}

fn json(home: &Home, arguments: &[&str]) -> Vec<Value> {
    printed(home, arguments).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The number of columns of a text; a Chinese character has two.
fn width(text: &str) -> usize {
    text.chars().map(|char| if ('\u{2e80}'..='\u{ffef}').contains(&char) { 2 } else { 1 }).sum()
}

fn is_harmless(text: &str) -> bool {
    text.chars().all(|char| char == '\n' || !char.is_control() && char != '\u{202e}')
}

async fn add_hostile(home: &Home) {
    let mut filled = Filled::of(home).await;
    filled.text(["my-app", "demo", CHINESE], "你好，我的包裹在哪里？\n已经三天了").await;
    filled.answer(CHINESE).await;
    filled.text(["my-app", "demo", "bob"], ESCAPES).await;
    filled.text(["my-app", "demo", FORGED], "x").await;
    filled.text(["my-app", "demo", "ann      999  inbox  done"], &"long ".repeat(100)).await;
    filled.text(["my-app", "demo", &"0123456789abcdef".repeat(16)], "y").await;
    filled.add(["my-app", "", HASH], ESCAPES.as_bytes().to_vec(), Some("not XML: \x1b[2J")).await;
    filled.journal.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_straight_and_as_wide_as_the_terminal_whatever_a_stranger_wrote() {
    let home = Home::new();
    add_hostile(&home).await;
    for columns in [20, 40, 60, 80, 100, 140, 200, 400] {
        let table = printed_on(columns, command(&home, &["list"]));
        assert!(is_harmless(&table), "{table:?}");
        let rows: Vec<_> = table.lines().collect();
        let numbers = rows.iter().skip(1).map(|row| row.split_whitespace().next().unwrap());
        assert_eq!(numbers.collect::<Vec<_>>(), ["8", "7", "6", "5", "4", "3", "2", "1"], "{table}");
        for row in &rows {
            assert!(width(row) <= columns.into(), "{columns} columns: {table}");
        }
        if columns < 60 {
            continue;
        }
        let place = |row: &str, words: &[&str]| {
            let at = words.iter().find_map(|word| row.find(&format!(" {word} "))).unwrap();
            width(&row[..at])
        };
        let heading = place(rows[0], &["state"]);
        for row in &rows[1..] {
            let state = place(row, &["pending", "done   ", "dead   "]);
            assert_eq!(state, heading, "{table}");
        }
        let user = width(&rows[0][..rows[0].find(" user ").unwrap()]);
        let chinese = rows.iter().find_map(|row| row.find("张三").map(|at| &row[..at])).unwrap();
        assert_eq!(width(chinese), user + 1, "{table}");
        assert!(!table.contains(HASH) && !table.contains(&HASH[..9]), "nobody's name: {table}");
    }
    let table = printed_on(80, command(&home, &["list"]));
    assert!(table.contains(" 11-28 14:00:08 ") && table.contains("你好，"), "{table}");
    assert!(printed_on(400, command(&home, &["list"])).contains(CHINESE));
    let none = printed_on(80, command(&home, &["list", "--user", "nobody"]));
    assert_eq!(none, "there is no such entry\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_pipe_a_row_is_whole_and_two_spaces_are_between_its_cells() {
    let home = Home::new();
    add_hostile(&home).await;
    let table = printed(&home, &["list"]);
    assert!(table.chars().all(|char| !char.is_control() || char == '\n'), "{table:?}");
    let rows: Vec<_> = table.lines().map(cells).collect();
    assert!(rows.len() == 9 && rows.iter().all(|row| row.len() == rows[0].len()), "{table}");
    let column = |name: &str| {
        let place = rows[0].iter().position(|heading| *heading == name).unwrap();
        rows[1..].iter().rev().map(|row| row[place]).collect::<Vec<_>>()
    };
    assert_eq!(column("accepted")[..2], ["2026-11-28 14:00:08", "2026-11-28 14:00:09"]);
    assert_eq!(column("queue")[..3], ["inbox", "outbox", "outbox"]);
    assert_eq!(column("answers")[..4], ["-", "1", "1", "-"]);
    assert_eq!(column("user")[0], CHINESE);
    assert_eq!(column("user")[4], FORGED.replace("\n ", "\\u{a}\\u{20}"));
    assert_eq!(column("user")[7], "-");
    assert_eq!(column("text")[0], "你好，我的包裹在哪里？ 已经三天了");
    assert!(column("text")[5].len() > 490);
    assert!(column("reason")[1].starts_with("refused: \\u{1b}]0;"), "{table}");
    assert_eq!(column("reason")[2], "-");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_of_the_journal_and_not_of_its_newest_entries() {
    let home = Home::new();
    let mut filled = Filled::of(&home).await;
    filled.text(["one", "news", "ann"], "a").await;
    filled.text(["two", "news", "ann"], "b").await;
    filled.text(["one", "shop", "bo"], "c").await;
    filled.add(["one", "shop", "bo"], subscribe("bo").into_bytes(), None).await;
    filled.add(["one", "", HASH], b"?".to_vec(), Some("not XML")).await;
    let crowd = (0..1200).map(|number| NewEntry {
        queue: Queue::Inbox,
        key: EntryKey::of(&format!("crowd {number}")),
        conversation: format!("one\u{1f}news\u{1f}crowd{number}"),
        body: text("crowd", &number.to_string(), "z").into(),
        dead: None,
    });
    try_join_all(crowd.map(|entry| filled.journal.append(entry, None))).await.unwrap();
    filled.answer("ann").await;
    filled.journal.close().await.unwrap();

    for (arguments, expected) in [
        (&["--user", "ann"][..], &[1207, 1206, 2, 1][..]),
        (&["--user", "ann", "--queue", "inbox"], &[2, 1]),
        (&["--user", "ann", "--limit", "1"], &[1207]),
        (&["--user", "an"], &[]),
        (&["--app", "two"], &[2]),
        (&["--account", "shop"], &[4, 3]),
        (&["--account", "shop", "--kind", "subscribe"], &[4]),
        (&["--kind", "subscribe"], &[4]),
        (&["--kind", "unreadable"], &[5]),
        (&["--state", "dead"], &[1206, 5]),
        (&["--state", "dead", "--queue", "outbox"], &[1206]),
        (&["--state", "done"], &[1]),
        (&["--until", "2026-11-28 14:00:10"], &[2, 1]),
        (&["--until", "2026-11-28T06:00:10Z", "--since", "2026-11-28 06:00:09Z"], &[2]),
        (&["--since", "2026-11-28 14:00:13", "--app", "one", "--user", "ann"], &[1207, 1206]),
    ] {
        assert_eq!(ids(&home, arguments), expected, "{arguments:?}");
    }
    assert_eq!(ids(&home, &[]).len(), 50);
    assert_eq!(ids(&home, &["--limit", "5000"]), (1..=1207).rev().collect::<Vec<_>>());
    assert_eq!(ids(&home, &["--kind", "text", "--limit", "1100"]).len(), 1100);

    for (arguments, expected) in [
        (["--since", "yesterday"], "not a time: write \"2026-11-28 14:00\""),
        (["--kind", "txt"], "image_text"),
        (["--state", "failed"], "dead"),
    ] {
        let (code, output, errors) =
            outcome(command(&home, &[&["list"][..], &arguments].concat()).output().unwrap());
        assert_eq!((code, output.as_str()), (Some(1), ""));
        assert!(errors.contains(expected), "{errors}");
    }
    let mut elsewhere = command(&home, &["list"]);
    let (code, _, errors) = outcome(elsewhere.env("TZ", "Mars/Base").output().unwrap());
    assert_eq!(code, Some(1));
    assert!(errors.starts_with("error: TZ is Mars/Base, which names no time zone\nhint: "), "{errors}");
}

/// The fields of an entry without those that only `show` adds.
fn entry(mut shown: Value) -> Value {
    let fields = shown.as_object_mut().unwrap();
    let added = ["failed_attempts", "replies", "state_changed", "state_before", "state_after", "why"];
    fields.retain(|name, _| name != "answers_message_id" && !added.contains(&&**name));
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_the_same_of_an_entry_everywhere() {
    let home = Home::new();
    add_hostile(&home).await;
    printed(&home, &["discard", "8"]);
    let exported = json(&home, &["export"]);
    let mut listed = json(&home, &["list", "--json"]);
    listed.reverse();
    assert_eq!(exported, listed);
    for row in &listed {
        let shown = json(&home, &["show", &row["id"].to_string(), "--json"]).remove(0);
        assert_eq!(&entry(shown), row);
        for time in ["accepted_at", "due_at", "settled_at"].map(|name| &row[name]) {
            let fits = |time: &str| time.len() == 24 && time.ends_with('Z') && &time[19..20] == ".";
            assert!(time.is_null() || time.as_str().is_some_and(fits), "{time}");
        }
    }
    assert_eq!(listed[0]["accepted_at"], "2026-11-28T06:00:08.750Z");
    assert_eq!(listed[4]["user"], FORGED);
    assert_eq!(listed[7]["body"], ESCAPES);
    let discarded: Vec<_> = listed.iter().map(|row| row["discarded"] == true).collect();
    assert_eq!(discarded, [false, false, false, false, false, false, false, true]);
    assert_eq!((&listed[7]["state"], &listed[7]["user"]), (&"done".into(), &"".into()));
    let stats = json(&home, &["stats", "--json"]).remove(0);
    assert_eq!(stats["inbox"]["oldest_pending"], "2026-11-28T06:00:09.750Z");
    let some = json(&home, &["export", "--user", CHINESE, "--limit", "2"]);
    assert_eq!(some.iter().map(|row| row["id"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_names_its_replies_and_a_reply_its_message() {
    let home = Home::new();
    add_hostile(&home).await;
    let message = json(&home, &["show", "1", "--json"]).remove(0);
    let replies = message["replies"].as_array().unwrap();
    let states: Vec<_> = replies.iter().map(|reply| (&reply["id"], &reply["state"])).collect();
    assert_eq!(states, [(&2.into(), &"dead".into()), (&3.into(), &"pending".into())]);
    let reply = json(&home, &["show", "2", "--json"]).remove(0);
    assert_eq!((&reply["answers"], &reply["answers_message_id"]), (&1.into(), &"m0".into()));
    assert_eq!(json(&home, &["show", "4", "--json"])[0]["replies"], Value::Array(Vec::new()));

    let shown = printed(&home, &["show", "1"]);
    let names: Vec<_> =
        shown.lines().map_while(|line| line.split_once(':')).map(|(name, _)| name).collect();
    let expected = [
        "id",
        "queue",
        "state",
        "attempts",
        "kind",
        "app",
        "account",
        "user",
        "message_id",
        "accepted_at",
        "settled_at",
        "reply",
        "failed",
        "reply",
        "waits",
    ];
    assert_eq!(names, expected, "{shown}");
    assert!(shown.contains("accepted_at:  2026-11-28 14:00:08.750 +08:00\n"), "{shown}");
    assert!(shown.contains("reply:        2, text \"first\", dead: refused: \\u{1b}]0;"), "{shown}");
    assert!(shown.contains("reply:        3, text \"second\", pending\n"), "{shown}");
    let shown = printed(&home, &["show", "3"]);
    let expected = "answers:      1, text \"你好，我的包裹在哪里？ 已经三天了\", message id m0, done\n";
    assert!(shown.contains(expected), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_shown_as_it_is_in_a_pipe_and_escaped_on_a_terminal() {
    let home = Home::new();
    add_hostile(&home).await;
    assert!(printed(&home, &["show", "8"]).ends_with(&format!("\n\n{ESCAPES}\n")));
    for id in 1..=8 {
        let shown = printed_on(80, command(&home, &["show", &id.to_string()]));
        assert!(is_harmless(&shown), "{shown:?}");
        let (fields, body) = shown.split_once("\n\n").unwrap();
        let is_name = |char: char| char.is_ascii_lowercase() || char == '_';
        for line in fields.lines() {
            let (name, _) = line.split_once(':').unwrap();
            assert!(name.chars().all(is_name), "{line}");
        }
        if id == 1 {
            assert!(body.contains("你好，我的包裹在哪里？\n已经三天了"), "{body}");
        }
    }
}

/// A command that continues to print.
struct Following {
    child: std::process::Child,
    lines: Arc<Mutex<Vec<String>>>,
    reader: thread::JoinHandle<()>,
}

impl Following {
    /// Starts the command, and waits for the heading, since the next command writes the configuration again.
    async fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut command = command(home, &[&["list", "--follow"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&lines);
        let reader = thread::spawn(move || {
            output.lines().for_each(|line| shared.lock().unwrap().push(line.unwrap()));
        });
        let following = Self { child, lines, reader };
        until("the heading", async || following.lines.lock().unwrap().first().map(drop)).await;
        following
    }

    /// Waits for this many lines below the heading; returns a column of each.
    async fn column(&self, count: usize, column: usize) -> Vec<String> {
        let cell = |line: &String| cells(line)[column].to_owned();
        until("lines", async || {
            let lines = self.lines.lock().unwrap();
            assert!(lines.len() <= count + 1, "{lines:?}");
            (lines.len() > count).then(|| lines[1..].iter().map(cell).collect())
        })
        .await
    }

    /// Sends Ctrl-C, which must not be an error.
    fn interrupt(self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        let (code, _, errors) = outcome(self.child.wait_with_output().unwrap());
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        self.reader.join().unwrap();
    }
}

/// The index of the user's column.
const USER: usize = 9;

async fn assert_follows(home: Home) {
    let server = home.start().await;
    for user in ["first", "second"] {
        server.deliver(&text(user, user, "hello")).await.assert_ack();
    }
    let all = Following::start(&home, &["--limit", "1"]).await;
    let some = Following::start(&home, &["--user", "third"]).await;
    let dead = Following::start(&home, &["--state", "dead"]).await;
    assert_eq!(all.column(1, USER).await, ["second"]);
    for user in ["third", "fourth"] {
        server.deliver(&text(user, user, "hello")).await.assert_ack();
    }
    server.deliver("<xml><ToUserName>mcid</ToUserName></xml>").await.assert_error(400, 1002);
    assert_eq!(all.column(4, USER).await, ["second", "third", "fourth", "-"]);
    assert_eq!(some.column(1, USER).await, ["third"]);
    let letter = dead.column(1, 0).await.remove(0);
    // An entry with an old number is given up a second time.
    let settled = json(&home, &["show", &letter, "--json"]).remove(0)["settled_at"].clone();
    printed(&home, &["revive", &letter]);
    assert_eq!(dead.column(2, 0).await, [letter.clone(), letter.clone()]);
    assert_ne!(json(&home, &["show", &letter, "--json"])[0]["settled_at"], settled);
    for following in [all, some, dead] {
        following.interrupt();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_a_file_sees_what_comes() {
    assert_follows(Home::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_a_database_sees_what_comes() {
    let Some(cluster) = Cluster::shared().await else { return };
    assert_follows(Home::new().with_journal(cluster.database().await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_durable_after_a_higher_number_is_followed_too() {
    let Some(cluster) = Cluster::shared().await else { return };
    let url = cluster.database().await;
    let home = Home::new().with_journal(url.clone());
    let server = home.start().await;
    server.deliver(&text("first", "m1", "hello")).await.assert_ack();
    let following = Following::start(&home, &[]).await;
    // Another server has taken a number, and not committed it.
    let client = client(&url).await;
    let number = client.query_one("select nextval('entry_id')", &[]).await.unwrap().get::<_, i64>(0);
    server.deliver(&text("third", "m3", "hello")).await.assert_ack();
    assert_eq!(following.column(2, USER).await, ["first", "third"]);
    let late = "insert into entry (id, queue, state, attempts, due_at, accepted_at, settled_at, key, conversation_hash,
            conversation, body)
        select $1, queue, 1, 1, due_at, accepted_at, accepted_at, substring(sha256('late') for 22), conversation_hash, conversation,
            body
        from entry order by id limit 1";
    client.execute(late, &[&number]).await.unwrap();
    assert_eq!(following.column(3, 0).await[2], number.to_string());
    following.interrupt();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_come_is_not_followed() {
    let home = Home::new();
    add_hostile(&home).await;
    for (arguments, expected) in [
        (["--state", "done"], "hint: leave `--state done` out"),
        (["--until", "14:00"], "cannot be used with"),
    ] {
        let (code, _, errors) =
            outcome(command(&home, &[&["list", "--follow"][..], &arguments].concat()).output().unwrap());
        assert_eq!(code, Some(1));
        assert!(errors.contains(expected), "{errors}");
    }
}
