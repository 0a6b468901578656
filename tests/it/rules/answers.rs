//! Each form of a rule, played as a conversation through the real executable.

use std::time::Duration;

use rongcloud_callback::{Client, client::Options, protocol::media::MediaKind};

use super::{Bot, sandbox};
use crate::support::messages::{APP, SECRET};

const CONSOLE: &str = r#"
[[rules]]
on = "subscribe"
reply = { text = "欢迎关注 {{ account }}，{{ user }}" }

[[rules]]
on = "text"
keyword = { is = ["帮助", "help"] }
reply = [{ text = "one" }, { news = [{ title = "{{ user }}", description = "d", url = "http://x/", picurl = "http://x/p.jpg" }] }]

[[rules]]
on = "text"
keyword = { contains = ["价格", "Price"] }
reply = [{ image = { url = "http://x/prices.jpg" } }, { voice = { url = "http://x/prices.amr" } }]

[[rules]]
on = "text"
keyword = { regex = "订单\\s*(?<no>\\d+)(?<note>[a-z]+)?" }
reply = { text = "订单 {{ captures.no }}{% if captures.note %} ({{ captures.note }}){% endif %}…" }

[[rules]]
on = ["location", "image_text"]
reply = { text = "{{ label }}{{ title }}!" }

[[rules]]
on = "text"
keyword = { contains = ["{{"] }
reply = { text = "You said {{ content }}" }

[[rules]]
on = "unsubscribe"
reply = []

[[rules]]
on = "any"
reply = { text = "default for {{ kind }}" }
"#;

const ITS_CONVERSATION: &str = r#"
[[step]]
user = "ann"
follows = true
replies = [{ exact = "欢迎关注 demo，ann" }]

[[step]]
says = " ＨＥＬＰ\n"
replies = [{ exact = "one" }, { kind = "news", contains = "ann" }]

[[step]]
says = "what is the ＰＲＩＣＥ of it?"
replies = [{ kind = "image", contains = "prices.jpg" }, { kind = "voice", contains = "prices.amr" }]

[[step]]
says = "我的订单　１７ＡＢ呢"
replies = [{ exact = "订单 17 (AB)…" }]

[[step]]
says = "订单 18"
replies = [{ exact = "订单 18…" }]

[[step]]
sends = { kind = "location", latitude = 31.2, longitude = 121.5, label = "上海" }
replies = [{ exact = "上海!" }]

[[step]]
says = "{{ 7 * 7 }}"
replies = [{ exact = "You said {{ 7 * 7 }}" }]

[[step]]
sends = { kind = "image", url = "http://x/y.jpg" }
replies = [{ exact = "default for image" }]

[[step]]
unfollows = true
replies = []
"#;

#[tokio::test]
async fn what_a_console_does_rules_do() {
    let bot = Bot::start(CONSOLE).await;
    bot.plays(ITS_CONVERSATION).await;
    assert!(bot.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_rule_is_for_the_accounts_users_and_apps_that_it_names() {
    let bot = Bot::start(&format!(
        r#"
[[rules]]
on = "text"
enabled = false
reply = {{ text = "not in force" }}

[[rules]]
on = "text"
app = "another"
reply = {{ text = "another app" }}

[[rules]]
on = "text"
account = ["shop", "club"]
reply = {{ text = "another account" }}

[[rules]]
on = "text"
app = "{APP}"
account = ["shop", "demo"]
user = "ann"
reply = {{ text = "ann in {{{{ account }}}}" }}

[[rules]]
on = "text"
account = "demo"
user = ["bo", "cleo"]
reply = {{ text = "somebody else in demo" }}
"#
    ))
    .await;
    bot.plays(
        r#"
[[step]]
user = "ann"
says = "hi"
replies = [{ exact = "ann in demo" }]

[[step]]
user = "bo"
says = "hi"
replies = [{ exact = "somebody else in demo" }]

[[step]]
user = "dan"
says = "hi"
replies = []
"#,
    )
    .await;
}

#[tokio::test]
async fn a_default_reply_comes_once_in_a_while_and_to_each_conversation() {
    let bot =
        Bot::start("[[rules]]\non = 'text'\nevery = '1h'\nreply = { text = 'we answer soon' }\n").await;
    bot.plays(
        r#"
[[step]]
user = "ann"
says = "hi"
replies = [{ exact = "we answer soon" }]

[[step]]
says = "are you there?"
replies = []

[[step]]
user = "bo"
says = "hi"
replies = [{ exact = "we answer soon" }]
"#,
    )
    .await;
}

#[tokio::test]
async fn an_uploaded_picture_and_an_uploaded_recording_are_sent_by_their_ids() {
    let sandbox = sandbox().await;
    let minute = Duration::from_mins(1);
    let options = Options { connect_timeout: minute, timeout: minute };
    let base = sandbox.api_url().parse().unwrap();
    let client = Client::new(APP.into(), SECRET.into(), [base], options).unwrap();
    let picture: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0];
    let picture = client.media().upload(MediaKind::Image, picture.into()).await.unwrap().id;
    let recording: &[u8] = b"#!AMR\n\x7c";
    let recording = client.media().upload(MediaKind::Voice, recording.into()).await.unwrap().id;
    let rule = format!(
        "[[rules]]\non = 'text'\nreply = [{{ image = {{ media_id = '{picture}' }} }}, \
         {{ voice = {{ media_id = '{recording}' }} }}]\n"
    );
    let bot = Bot::start_on(sandbox, &rule).await;
    bot.plays(
        "[[step]]\nuser = 'ann'\nsays = 'both'\nreplies = [{ kind = 'image' }, { kind = 'voice' }]\n",
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_a_dead_letter_with_the_rule_s_name() {
    let bot = Bot::start(
        "[[rules]]\nname = 'echo'\non = 'text'\nreply = { text = '{{ content }}' }\n\
         [[rules]]\non = 'location'\nreply = { text = '{{ label / 2 }}' }\n",
    )
    .await;
    let ann = bot.sandbox.user("ann");
    ann.says("x".repeat(2001)).await;
    let place = rongcloud_callback::sandbox::ChatContent::Location {
        latitude: 1.0,
        longitude: 1.0,
        label: "a".to_owned(),
    };
    ann.sends(place).await;
    let reasons = bot.reasons(2).await;
    assert_eq!(
        reasons[0],
        "rule `echo`: the reply's text is 2001 bytes long; the platform takes at most 2000: shorten it or send it in parts"
    );
    assert_eq!(
        reasons[1],
        "rule `rules[1]`: text: tried to use / operator on unsupported types string and number"
    );
}
