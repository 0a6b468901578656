//! The state of the sandbox, all of it bounded: accounts, users, uploads, and the latest history.

use serde_json::{Value, json};

use super::{
    account::Account,
    change_feed::ChangeFeed,
    content::ChatContent,
    delivery_log::DeliveryLog,
    demo_account::demo_account,
    desk::Desk,
    dialogue_log::{DialogueChange, DialogueLog, DialogueState},
    faults::{FaultInjector, Faults},
    handling::{HandlingEvent, HandlingStep},
    history::{ApiCall, ChatMessage, Delivery, Side},
    options::Options,
    push_pause::PushPause,
    ring_buffer::{RingBuffer, json_bytes},
    uploads::Uploads,
};
use crate::{
    clock::UnixMillis,
    ids::{AccountId, UserId},
};

/// The size of all kept messages together is at most this much for each of them, as JSON.
const MAX_MESSAGE_BYTES: usize = 2 << 10;
/// The largest number of API calls that are kept.
const MAX_CALLS: usize = 500;
/// The largest size of all kept API calls together, as JSON.
const MAX_CALL_BYTES: usize = 1 << 20;
/// The largest number of accounts; a further one is refused.
pub(super) const MAX_ACCOUNTS: usize = 100;
/// The largest number of users; a further one is refused.
const MAX_USERS: usize = 2000;
/// The largest size of all users' ids and names together; a further user is refused.
const MAX_USER_BYTES: usize = 1 << 20;

/// The state of the sandbox.
#[derive(Debug)]
pub(super) struct State {
    pub(super) accounts: Vec<Account>,
    pub(super) users: Vec<ChatUser>,
    pub(super) messages: RingBuffer<ChatMessage>,
    pub(super) deliveries: DeliveryLog,
    pub(super) calls: RingBuffer<ApiCall>,
    pub(super) dialogues: DialogueLog,
    /// The desk of the server under test; none if it has none that the sandbox reaches.
    pub(super) desk: Option<Desk>,
    /// The address of the console of the server under test; none if the sandbox has not been told one.
    pub(super) console_url: Option<String>,
    pub(super) uploads: Uploads,
    pub(super) injector: FaultInjector,
    pub(super) push_pause: PushPause,
    /// The changes of everything above, for the page and for tasks that wait.
    pub(super) feed: ChangeFeed,
    /// The number that an account or a menu entry got last.
    last_number: u64,
}

/// A user of the app.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct ChatUser {
    pub(super) id: UserId,
    pub(super) name: String,
}

/// A message that an account sends.
#[derive(Debug)]
pub(super) struct AccountMessage {
    pub(super) account: AccountId,
    pub(super) users: Vec<UserId>,
    pub(super) content: ChatContent,
    /// Whether the message goes to all followers.
    pub(super) broadcast: bool,
}

/// The error where no further user can be added.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("this sandbox holds {MAX_USERS} users, of {MAX_USER_BYTES} bytes together, and no more")]
pub(super) struct Full;

impl State {
    /// A state with one account, which has a menu and the routeUrl of the options, and two users.
    pub(super) fn new(options: &Options) -> Self {
        let max_messages = options.remembered_messages;
        let max_message_bytes = max_messages.saturating_mul(MAX_MESSAGE_BYTES);
        let mut state = Self {
            accounts: Vec::new(),
            users: Vec::new(),
            messages: RingBuffer::new(max_messages, max_message_bytes, json_bytes),
            deliveries: DeliveryLog::new(),
            calls: RingBuffer::new(MAX_CALLS, MAX_CALL_BYTES, json_bytes),
            dialogues: DialogueLog::new(),
            desk: None,
            console_url: None,
            uploads: Uploads::default(),
            injector: FaultInjector::new(options.faults.clone()),
            push_pause: PushPause::default(),
            feed: ChangeFeed::new(),
            last_number: 0,
        };
        let demo = demo_account(options.route_url.clone(), || state.next_number());
        state.accounts.push(demo);
        for (id, name) in [("ann", "Ann"), ("bo", "小波")] {
            state.users.push(ChatUser { id: id.into(), name: name.into() });
        }
        state
    }

    /// The number for a new account or menu entry.
    pub(super) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The account `id`.
    pub(super) fn account(&mut self, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }

    /// Publishes an account that is new or has changed.
    pub(super) fn publish_account(&mut self, id: &str) {
        self.publish_accounts(|account| account.id == id);
    }

    /// Publishes the accounts for which `has_changed` is true.
    pub(super) fn publish_accounts(&mut self, has_changed: impl Fn(&Account) -> bool) {
        for account in self.accounts.iter().filter(|account| has_changed(account)) {
            self.feed.publish("account", &account.view());
        }
    }

    /// The user `id`, who is added if there is none.
    pub(super) fn user(&mut self, id: &UserId) -> Result<&mut ChatUser, Full> {
        if let Some(at) = self.users.iter().position(|user| user.id == *id) {
            return Ok(&mut self.users[at]);
        }
        let user = ChatUser { id: id.clone(), name: id.to_string() };
        let bytes = |user: &ChatUser| user.id.as_str().len() + user.name.len();
        let used: usize = self.users.iter().map(bytes).sum();
        if self.users.len() == MAX_USERS || used + bytes(&user) > MAX_USER_BYTES {
            return Err(Full);
        }
        self.feed.publish("user", &user);
        Ok(self.users.push_mut(user))
    }

    /// The users who receive a message to all followers of `account`.
    pub(super) fn followers(&self, account: &Account) -> Vec<UserId> {
        if account.followed_by_all {
            return self.users.iter().map(|user| user.id.clone()).collect();
        }
        account.followers.iter().map(|id| id.as_str().into()).collect()
    }

    /// Adds the message of a user and its delivery.
    pub(super) fn add_from_user(&mut self, delivery: &Delivery, content: ChatContent) {
        let message = ChatMessage {
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
        self.deliveries.push(delivery.clone(), &mut self.feed);
    }

    /// Adds the message that an account sends with the current API call.
    pub(super) fn add_from_account(&mut self, at: UnixMillis, sent: AccountMessage) {
        let AccountMessage { account, users, content, broadcast } = sent;
        let message = ChatMessage {
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

    /// Sets the faults; without `pause_after_timeouts` a pause in pushing ends.
    pub(super) fn set_faults(&mut self, faults: Faults) {
        self.feed.publish("faults", &faults);
        if !faults.pause_after_timeouts && self.push_pause.end() {
            self.feed.publish("paused", &json!({ "paused_until": null }));
        }
        self.injector.set(faults);
    }

    /// Notes the result of a delivery; after many time-outs, pushing pauses.
    pub(super) fn finish_delivery(&mut self, delivery: &Delivery, now: UnixMillis) {
        self.update_delivery(delivery);
        let may_pause = self.injector.faults().pause_after_timeouts;
        if may_pause && self.push_pause.count(delivery.reason_kind, now) {
            self.feed.publish("paused", &json!({ "paused_until": self.push_pause.until(now) }));
        }
    }

    /// Forgets messages, deliveries and calls; a delivery that is in progress ends unseen.
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.deliveries.clear();
        self.calls.clear();
        self.feed.publish("cleared", &json!({}));
    }

    /// Puts a delivery in the place of its earlier state.
    pub(super) fn update_delivery(&mut self, delivery: &Delivery) {
        self.deliveries.update(delivery, &mut self.feed);
    }

    /// Notes a step of the server under test.
    pub(super) fn note_step(&mut self, step: &HandlingStep, now: UnixMillis) {
        let delivery = self.deliveries.of_step(step);
        if let HandlingEvent::State { account, user, dialogue } = &step.event {
            // What time has made answers an earlier message, and is none of its results.
            let message = delivery.filter(|_| step.answers.is_none()).map(|delivery| delivery.message);
            let (account, user, dialogue) = (account.clone(), user.clone(), dialogue.clone());
            let change = DialogueChange { account, user, message, by_person: false, dialogue };
            return self.dialogues.note(change, now, &mut self.feed);
        }
        if let (HandlingEvent::Kept, Some(delivery)) = (&step.event, delivery) {
            // The person may have taken the conversation over before this sandbox was started.
            let (account, user) = (delivery.account.clone(), delivery.user.clone());
            let dialogue = Some(DialogueState::of_person());
            let change = DialogueChange { account, user, message: None, by_person: true, dialogue };
            self.dialogues.note(change, now, &mut self.feed);
        }
        self.deliveries.note(step, now, &mut self.feed);
    }

    /// Adds an API call of the server under test.
    pub(super) fn add_call(&mut self, call: ApiCall) {
        self.feed.publish("call", &call);
        self.calls.push(call);
    }

    /// The first message after the message `after` that came to `user` from `account`.
    pub(super) fn received(
        &self,
        account: &AccountId,
        user: &UserId,
        after: u64,
    ) -> Option<&ChatMessage> {
        self.messages.after(after).find(|message| {
            message.from == Side::Account && message.account == *account && message.users.contains(user)
        })
    }

    /// The whole state as the page reads it.
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
            "states": self.dialogues.list(),
            "has_desk": self.desk.is_some(),
            "console_url": self.console_url,
            "observed": self.deliveries.is_observed,
            "faults": self.injector.faults(),
            "paused_until": self.push_pause.until(now),
            // The earlier name of `faults`, which scripts may still read.
            "nastiness": self.injector.faults(),
        })
    }
}
