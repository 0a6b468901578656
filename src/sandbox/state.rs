//! What the stand-in holds, all of it bounded: accounts, users, uploads, and what happened lately.

use serde_json::{Value, json};

use super::{
    account::{Account, MenuEntry},
    content::Content,
    faults::{FaultInjector, Faults},
    feed::Feed,
    options::Options,
    pause::Pause,
    records::{Call, Delivery, Message, Side},
    uploads::{PICTURE_PATH, Uploads},
    window::{Window, json_bytes},
};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, UserId},
};

/// Most entries of each kind; the oldest message, delivery or call goes, a further account or user is refused.
const MOST_DELIVERIES: usize = 500;
const MOST_CALLS: usize = 500;
/// Most bytes of a kind together, as JSON: of messages for each that is remembered.
const MESSAGE_BYTES: usize = 2 << 10;
const DELIVERY_BYTES: usize = 3 << 20;
const CALL_BYTES: usize = 1 << 20;
pub(super) const MOST_ACCOUNTS: usize = 100;
const MOST_USERS: usize = 2000;
/// Most bytes of all users' ids and names together.
const USER_BYTES: usize = 1 << 20;

/// The account that is there from the start.
pub(super) const DEMO: &str = "demo";

/// What the stand-in holds.
#[derive(Debug)]
pub(super) struct State {
    pub(super) accounts: Vec<Account>,
    pub(super) users: Vec<User>,
    pub(super) messages: Window<Message>,
    pub(super) deliveries: Window<Delivery>,
    pub(super) calls: Window<Call>,
    pub(super) uploads: Uploads,
    pub(super) injector: FaultInjector,
    pub(super) pause: Pause,
    pub(super) feed: Feed,
    /// Whether a server tells what becomes of messages.
    pub(super) is_observed: bool,
    /// Where messages go of which a server has told last: those that it accepts from now on wait for it.
    pub(super) observed_url: Option<String>,
    /// Numbers accounts and menu entries.
    numbers: u64,
}

/// A user of the app.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct User {
    pub(super) id: UserId,
    pub(super) name: String,
}

/// What an account sends.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) account: AccountId,
    pub(super) users: Vec<UserId>,
    pub(super) content: Content,
    pub(super) broadcast: bool,
}

/// No further user fits in.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("this sandbox holds {MOST_USERS} users, of {USER_BYTES} bytes together, and no more")]
pub(super) struct Full;

impl State {
    /// One account with a menu, whose route leads where the options say, and two users.
    pub(super) fn new(options: &Options) -> Self {
        let most = options.remembered_messages;
        let mut state = Self {
            accounts: Vec::new(),
            users: Vec::new(),
            messages: Window::new(most, most.saturating_mul(MESSAGE_BYTES), json_bytes),
            deliveries: Window::new(MOST_DELIVERIES, DELIVERY_BYTES, json_bytes),
            calls: Window::new(MOST_CALLS, CALL_BYTES, json_bytes),
            uploads: Uploads::default(),
            injector: FaultInjector::new(options.faults.clone()),
            pause: Pause::default(),
            feed: Feed::new(),
            is_observed: false,
            observed_url: None,
            numbers: 0,
        };
        let demo = state.demo(options.route_url.clone());
        state.accounts.push(demo);
        for (id, name) in [("ann", "Ann"), ("bo", "小波")] {
            state.users.push(User { id: id.into(), name: name.into() });
        }
        state
    }

    fn demo(&mut self, route_url: String) -> Account {
        let number = self.number();
        let mut entry = |name: &str, url: &str, parent: Option<&MenuEntry>| MenuEntry {
            id: format!("{:032x}", rand::random::<u128>()).into(),
            number: self.number(),
            action: i64::from(!url.is_empty()),
            name: name.to_owned(),
            url: url.to_owned(),
            parent: parent.map(|parent| parent.id.clone()),
            order: 0,
        };
        let help = entry("Help 帮助", "", None);
        let menu = vec![
            entry("RongCloud", "https://www.rongcloud.cn/", Some(&help)),
            entry("Example 示例", "https://example.com/", Some(&help)),
            entry("Docs 文档", "https://docs.rongcloud.cn/", None),
        ];
        Account {
            id: DEMO.to_owned(),
            number,
            name: "Demo 演示".to_owned(),
            portrait_url: PICTURE_PATH.to_owned(),
            introduction: "The account that every sandbox has. 每个沙箱自带的公众号。".to_owned(),
            route_open: true,
            route_url,
            menu: [vec![help], menu].concat(),
            ..Account::default()
        }
    }

    /// A number that nothing else has.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn account(&mut self, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }

    /// Tells the page about an account that is new or was changed.
    pub(super) fn publish_account(&mut self, id: &str) {
        self.publish_accounts(|account| account.id == id);
    }

    /// Tells the page about the accounts that `changed` picks.
    pub(super) fn publish_accounts(&mut self, changed: impl Fn(&Account) -> bool) {
        for account in self.accounts.iter().filter(|account| changed(account)) {
            self.feed.publish("account", &account.view());
        }
    }

    /// The user called `id`, new if need be.
    pub(super) fn user(&mut self, id: &UserId) -> Result<&mut User, Full> {
        if let Some(at) = self.users.iter().position(|user| user.id == *id) {
            return Ok(&mut self.users[at]);
        }
        let user = User { id: id.clone(), name: id.to_string() };
        let bytes = |user: &User| user.id.as_str().len() + user.name.len();
        let all: usize = self.users.iter().map(bytes).sum();
        if self.users.len() == MOST_USERS || all + bytes(&user) > USER_BYTES {
            return Err(Full);
        }
        self.feed.publish("user", &user);
        Ok(self.users.push_mut(user))
    }

    /// Who receives a message to all followers of `account`.
    pub(super) fn followers(&self, account: &Account) -> Vec<UserId> {
        if account.followed_by_all {
            return self.users.iter().map(|user| user.id.clone()).collect();
        }
        account.followers.iter().map(|id| id.as_str().into()).collect()
    }

    /// Adds what a user wrote.
    pub(super) fn add_from_user(&mut self, delivery: &Delivery, content: Content) {
        let message = Message {
            id: delivery.message,
            at: delivery.at,
            account: delivery.account.clone(),
            users: vec![delivery.user.clone()],
            from: Side::User,
            content,
            delivery: Some(delivery.id),
            call: None,
            broadcast: false,
        };
        self.feed.publish("message", &message);
        self.messages.push(message);
        self.feed.publish("delivery", delivery);
        self.deliveries.push(delivery.clone());
    }

    /// Adds what an account wrote with the API call that is going on.
    pub(super) fn add_from_account(&mut self, at: UnixMillis, sent: Sent) {
        let Sent { account, users, content, broadcast } = sent;
        let message = Message {
            id: self.messages.next_id(),
            at,
            account,
            users,
            from: Side::Account,
            content,
            delivery: None,
            call: Some(self.calls.next_id()),
            broadcast,
        };
        self.feed.publish("message", &message);
        self.messages.push(message);
    }

    /// Sets the switches; without the one for it, pushing no longer pauses.
    pub(super) fn set_faults(&mut self, faults: Faults) {
        self.feed.publish("faults", &faults);
        if !faults.pause_after_timeouts && self.pause.lift() {
            self.feed.publish("paused", &json!({ "paused_until": null }));
        }
        self.injector.set(faults);
    }

    /// Takes note of how a delivery ended: after many time-outs, pushing pauses.
    pub(super) fn end(&mut self, delivery: &Delivery, now: UnixMillis) {
        self.update(delivery);
        let may_pause = self.injector.switches().pause_after_timeouts;
        if may_pause && self.pause.count(delivery.reason_kind, now) {
            self.feed.publish("paused", &json!({ "paused_until": self.pause.until(now) }));
        }
    }

    /// Forgets what happened; a delivery that is in progress ends unseen.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.deliveries.clear();
        self.calls.clear();
        self.feed.publish("cleared", &json!({}));
    }

    /// Puts a delivery in the place of its earlier state; what became of its message is known here only.
    pub(super) fn update(&mut self, delivery: &Delivery) {
        let delivery = Delivery { handling: self.handling_of(delivery), ..delivery.clone() };
        if let Some(place) = self.deliveries.get_mut(delivery.id) {
            self.feed.publish("delivery", &delivery);
            *place = delivery;
        }
    }

    /// The latest delivery of what `user` wrote to `account`.
    pub(super) fn latest_delivery(&self, account: &AccountId, user: &UserId) -> Option<u64> {
        let belongs = |delivery: &&Delivery| delivery.account == *account && delivery.user == *user;
        self.deliveries.iter().rev().find(belongs).map(|delivery| delivery.id)
    }

    /// What came to `user` from `account` after the message `after`, oldest first.
    pub(super) fn received(&self, account: &AccountId, user: &UserId, after: u64) -> Option<&Message> {
        self.messages.after(after).find(|message| {
            message.from == Side::Account && message.account == *account && message.users.contains(user)
        })
    }

    /// Everything that the page shows.
    pub(super) fn view(&self, now: UnixMillis) -> Value {
        let instance = &self.feed.instance;
        json!({
            "instance": instance,
            "last_event": format!("{instance}-{}", self.feed.latest()),
            "accounts": self.accounts.iter().map(Account::view).collect::<Vec<_>>(),
            "users": self.users,
            "messages": self.messages.iter().collect::<Vec<_>>(),
            "deliveries": self.deliveries.iter().collect::<Vec<_>>(),
            "calls": self.calls.iter().collect::<Vec<_>>(),
            "observed": self.is_observed,
            "faults": self.injector.switches(),
            "paused_until": self.pause.until(now),
            // Its earlier name, for scripts that were written for it.
            "nastiness": self.injector.switches(),
        })
    }
}
