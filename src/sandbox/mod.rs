//! A stand-in for the platform: a chat page to try a bot on, and a test kit.
//!
//! The sandbox plays the platform's side of both documents: it pushes the messages of users as signed callbacks (5 s for an
//! answer, three retries) and answers the API that a bot replies with. Everything that the sandbox keeps is bounded,
//! in entries and in bytes, also against hostile callers. It injects [`Faults`] on request. `rongcloud-callback sandbox` runs
//! it with a page to chat on; [`Sandbox`] runs it inside a test. It is written from the documents, and shares no code with
//! [`client`](crate::client) or the callback server.
//!
//! # Examples
//!
//! ```
//! use rongcloud_callback::{CallbackService, Config, Subscribe, Text, sandbox::Sandbox};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start().await;
//! let server = CallbackService::new(Config::from_toml(&sandbox.callback_toml(), |_| None)?)
//!     .on(|text: Text, _context| async move { format!("You said: {}", text.content) })
//!     .on(|_: Subscribe, _context| async { "Welcome!" })
//!     .bind()
//!     .await?;
//! sandbox.route_to(format!("http://{}/callback", server.callback_addr()));
//! let stop = tokio_util::sync::CancellationToken::new();
//! let running = tokio::task::JoinSet::from_iter([server.run(stop.clone().cancelled_owned())]);
//!
//! let user = sandbox.user("u1");
//! user.follows().await;
//! assert_eq!(user.received().await.text(), "Welcome!");
//! user.says("hi").await;
//! assert_eq!(user.received().await.text(), "You said: hi");
//!
//! stop.cancel();
//! running.join_all().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What the documents leave open
//!
//! - A push is made again after a second, whether it was refused, broken or not answered in time; a 200 ends it, whatever
//!   its body. Each push has a signature of its own.
//! - Deliveries are independent: two messages of one user may overtake each other where the first is tried again.
//!   [`User::says`] returns when the delivery has ended, so messages written one after the other arrive in that order.
//! - An API call names an account that exists, and App Keys that are the caller's own. A user is created when first named,
//!   and receives messages whether or not the user follows the account.
//! - An account may send one message to all followers a day; the days are those of Beijing.
//! - Neither document says when the platform stops pushing to a server for a while. With
//!   [`pause_after_timeouts`](Faults::pause_after_timeouts) the sandbox does so after ten deliveries in a row whose last
//!   attempt timed out, and messages of users within the next minute are not sent.
//! - A call that meets a fault has had no effect, so that a bot which tries again is seen to answer once.
//!
//! # Conversation files
//!
//! A conversation file lists the actions of users and the replies that must come. `rongcloud-callback sandbox --play FILE`
//! and [`Sandbox::play`] play it and report the differences:
//!
//! ```toml
//! account = "demo"            # the account that the users write to; any step may name another one
//!
//! [[step]]
//! user = "ann"                # the user who acts, also in the following steps
//! follows = true              # one of: follows, unfollows, says, sends, takes_over, answers, hands_back
//! replies = [{ contains = "Welcome" }]
//!
//! [[step]]
//! says = "hello"
//! replies = [{ exact = "You said: hello" }]
//! within = "5s"               # the time for all of `replies`, in this order; by default 10 s
//!
//! [[step]]
//! sends = { kind = "location", latitude = 31.2, longitude = 121.5, label = "上海" }
//! replies = [{ regex = "^You are at .+" }, { kind = "image" }]
//!
//! [[step]]
//! unfollows = true
//! replies = []                # no reply for as long as `within`, by default 1 s
//!
//! [[step]]
//! user = "ann"
//! after = "31m"               # time that passes before the action; a step without one waits for its replies
//! replies = [{ contains = "too late" }]
//! state = "none"              # or the name of a dialogue, or { dialogue = "order", body = { … } }
//! ```
//!
//! `exact`, `contains` and `regex` look at a text, or at the titles and descriptions of cards line by line, or at the
//! address of a picture or recording; `kind` looks at the reply's kind: `text`, `image`, `voice`, `news` or `mpnews`. A
//! step without an action only waits for its replies. A step without `replies` takes whatever comes until the user's next
//! step, and the report says that they were not checked; elsewhere a reply that no step expects is a difference.
//!
//! Each step's message must be accepted by the server, whatever the step expects: a play against a server that does not
//! listen fails. The time in which no reply may come begins when the message was accepted. Where the server
//! [reports](Sandbox::observer) its work on the messages, `replies = []` also fails if the handler has failed or is still
//! at work, or a reply could not be sent; and a step without `replies` lasts until its replies have been sent, at most
//! `within`.
//!
//! `after` needs a server that goes by the sandbox's [clock](Sandbox::clock), `state` one that [reports](Sandbox::observer) its
//! states, and a person's `takes_over`, `answers` and `hands_back` one whose [desk](Sandbox::set_desk) the sandbox reaches; where
//! they are missing, the play fails before its first step. Time passes once messages are handled, and the server gets a second to
//! notice; what comes then is a reply to the step. The `body` of a state is compared as a whole, and a field that is `null`
//! counts as missing, because TOML has no `null`.
//!
//! # Scripts
//!
//! The page's own interface is open to scripts: `/sandbox/state` answers the whole state as JSON, `/sandbox/events` sends
//! changes as server-sent events, and the other calls are POSTs. The interface is answered under addresses of this
//! machine, `localhost` and the names of [`Options::allow_hosts`], and to no other site's page. The platform's API is
//! answered under any name, to every caller who signs.
//!
//! | call | what it does |
//! |---|---|
//! | `GET /sandbox/state` | the whole state: accounts, users, messages, deliveries, calls, `faults`, `paused_until`; `observed` says whether the server reports its work on the messages, which is each delivery's `handling`; `states` of conversations; `can_advance`, `has_desk`, `console_url` |
//! | `GET /sandbox/events?after=ID` | the changes after an event; `Last-Event-ID` continues where the connection broke |
//! | `POST /sandbox/users` `{"id","name"?}` | adds or renames a user |
//! | `POST /sandbox/messages` `{"account","user","content"}` | a user writes; `content` is a [`ChatContent`] |
//! | `POST /sandbox/deliveries/ID/resend` | delivers the same body again, under a fresh signature |
//! | `POST /sandbox/clear` | forgets messages, deliveries and calls; accounts, users and files stay |
//! | `POST /sandbox/faults` | sets those fields of [`Faults`] that the body names |
//! | `POST /sandbox/advance` `{"by":"31m"}` | [lets time pass](Sandbox::advance); answers `{"now"}` |
//! | `POST /sandbox/desk/take-over` `{"account","user"}` | a person takes the conversation over |
//! | `POST /sandbox/desk/answer` `{"account","user","text"}` | the person writes to the user |
//! | `POST /sandbox/desk/hand-back` `{"account","user"}` | the person gives the conversation back to the bot |
//! | `POST /sandbox/files`, the bytes | keeps a picture or recording to send; answers its address |
//! | `GET /sandbox/recording?account&user&after` | answers the messages so far as a conversation file |
//! | `POST /sandbox/play?lang`, a conversation file | plays it; answers `{"passed","report"}`, in Chinese with `lang=zh` |

mod access;
mod account;
mod api;
mod assets;
mod change_feed;
mod content;
mod control_api;
mod conversation;
mod deliverer;
mod delivery_log;
mod demo_account;
mod desk;
mod dialogue_log;
mod event_stream;
mod faults;
mod handling;
mod history;
mod http_server;
mod injected_requests;
mod observer;
mod options;
mod page_api;
mod platform;
mod push;
mod push_pause;
mod ring_buffer;
mod running;
mod shared_state;
mod signer;
mod start;
mod state;
mod uploads;
mod user;

pub use self::{
    content::{ArticleCard, ChatContent},
    conversation::{Conversation, ConversationError, Report},
    desk::{DeskAction, DeskRequest},
    dialogue_log::{DialogueRecord, DialogueState},
    faults::Faults,
    handling::{Handling, HandlingEvent, HandlingState, HandlingStep, ReplyHandling, ReplyState},
    history::{
        AnswerFault, ApiCall, Attempt, BodyType, ChatMessage, Delivery, DeliveryFault, DeliveryState,
        ErrorKind, ReasonKind, Side,
    },
    observer::Observer,
    options::Options,
    running::Sandbox,
    user::User,
};
