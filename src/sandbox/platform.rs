//! The platform itself: what its users do, and waiting for what comes of it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use secrecy::SecretString;
use tokio::{sync::oneshot, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    content::Content,
    deliver::{self, Delivered},
    guard::Hosts,
    push::Pusher,
    records::{Delivery, DeliveryState, Message, ReasonKind},
    state::{Full, State},
};
use crate::{
    clock::Clock,
    ids::{AccountId, AppKey, UserId},
    protocol::Inbound,
};

/// Most deliveries in progress at once; beyond it users cannot write for a while.
const MOST_IN_PROGRESS: usize = 5000;

/// The stand-in: one app, its state, and the way to the server under test.
#[derive(Debug)]
pub(super) struct Platform {
    pub(super) app_key: AppKey,
    pub(super) secret: SecretString,
    pub(super) portal_token: SecretString,
    /// Where the sandbox itself answers, for example `http://127.0.0.1:8000`.
    pub(super) base: String,
    pub(super) hosts: Hosts,
    pub(super) clock: Clock,
    pub(super) pusher: Pusher,
    /// Deliveries and the listener; they end at `stop`.
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    pub(super) state: Mutex<State>,
}

/// Something that a user did.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) message: u64,
    pub(super) delivery: u64,
    /// The delivery once it has ended.
    pub(super) ended: Delivered,
}

/// Why a user cannot do that.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ActError {
    #[error("there is no account `{0}`")]
    NoAccount(AccountId),
    #[error("users do not send `{0}`")]
    NotAUsers(&'static str),
    #[error("a user's id has 1 to 200 characters")]
    UserId,
    #[error("{MOST_IN_PROGRESS} deliveries are in progress: wait for some to end")]
    Busy,
    #[error(transparent)]
    Full(#[from] Full),
}

/// Why a delivery cannot be repeated.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResendError {
    #[error("there is no delivery {0}, or not any more")]
    Gone(u64),
    #[error("delivery {0} is still in progress")]
    InProgress(u64),
    #[error("delivery {0} cannot be sent: {1}")]
    NotNow(u64, String),
}

impl Platform {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `user` writes `content` to `account`; its delivery goes its own way.
    pub(super) fn act(
        self: &Arc<Self>,
        account: &AccountId,
        user: &UserId,
        mut content: Content,
    ) -> Result<Act, ActError> {
        if self.tasks.len() >= MOST_IN_PROGRESS {
            return Err(ActError::Busy);
        }
        if !(1..=200).contains(&user.as_str().chars().count()) {
            return Err(ActError::UserId);
        }
        let mut state = self.state();
        let state = &mut *state;
        if let Content::Voice { url, seconds } = &mut content {
            *seconds = state.uploads.seconds(url).or(*seconds);
        }
        let delivery = self.delivery(state, account, user, &content)?;
        state.user(user)?;
        if let Content::Subscribe | Content::Unsubscribe = content
            && let Some(account) = state.account(account.as_str())
        {
            account.set_follower(user, content == Content::Subscribe);
            let id = account.id.clone();
            state.publish_account(&id);
        }
        state.add_from_user(&delivery, content);
        let (message, id) = (delivery.message, delivery.id);
        Ok(Act { message, delivery: id, ended: self.send(delivery, false) })
    }

    fn delivery(
        &self,
        state: &mut State,
        account: &AccountId,
        user: &UserId,
        content: &Content,
    ) -> Result<Delivery, ActError> {
        let at = self.clock.now();
        let wire = content.to_wire().ok_or(ActError::NotAUsers(content.kind()))?;
        let (id, message) = (state.deliveries.next_id(), state.messages.next_id());
        let is_event = matches!(content, Content::Subscribe | Content::Unsubscribe);
        let mut inbound = Inbound::new(account.clone(), user.clone(), at.0, wire);
        if !is_event {
            inbound = inbound.with_message_id(format!("{}-{message}", state.feed.instance));
        }
        let mended = state.injector.switches().mended_end_tag;
        let xml = if mended { inbound.to_xml() } else { inbound.to_documented_xml() };
        let pause = state.pause.why_not(at);
        let route =
            state.account(account.as_str()).ok_or_else(|| ActError::NoAccount(account.clone()))?;
        let url = route.route_url.clone();
        let (reason_kind, reason) = why_not(route.route_open, &url).or(pause).unzip();
        Ok(Delivery {
            id,
            at,
            message,
            account: account.clone(),
            user: user.clone(),
            kind: content.kind(),
            url,
            state: if reason.is_some() { DeliveryState::NotSent } else { DeliveryState::Waiting },
            reason,
            reason_kind,
            xml,
            attempts: Vec::new(),
            handling: None,
        })
    }

    /// The same body again, under a fresh signature.
    pub(super) fn resend(self: &Arc<Self>, id: u64) -> Result<Delivered, ResendError> {
        let mut state = self.state();
        let state = &mut *state;
        let mut delivery = state.deliveries.get(id).ok_or(ResendError::Gone(id))?.clone();
        if delivery.state == DeliveryState::Waiting {
            return Err(ResendError::InProgress(id));
        }
        let pause = state.pause.why_not(self.clock.now());
        if let Some(account) = state.account(delivery.account.as_str()) {
            if let Some((_, reason)) = why_not(account.route_open, &account.route_url).or(pause) {
                return Err(ResendError::NotNow(id, reason));
            }
            delivery.url.clone_from(&account.route_url);
        }
        (delivery.state, delivery.reason, delivery.reason_kind) = (DeliveryState::Waiting, None, None);
        state.update(&delivery);
        Ok(self.send(delivery, true))
    }

    fn send(self: &Arc<Self>, delivery: Delivery, resent: bool) -> Delivered {
        let (ended, delivered) = oneshot::channel();
        let platform = Arc::clone(self);
        self.tasks.spawn(async move {
            let stop = platform.stop.clone();
            let delivered = deliver::deliver(&platform, delivery, resent);
            if let Some(delivery) = stop.run_until_cancelled(delivered).await {
                // Nobody may be waiting for it.
                let _ = ended.send(delivery);
            }
        });
        delivered
    }

    /// Waits until `look` finds something in the state.
    pub(super) async fn until<T>(&self, look: impl Fn(&State) -> Option<T>) -> T {
        let mut changes = self.state().feed.watch();
        loop {
            changes.mark_unchanged();
            if let Some(found) = look(&self.state()) {
                return found;
            }
            // The feed lives as long as the state does: there is always a next change to wait for.
            let _ = changes.changed().await;
        }
    }

    /// What comes to `user` from `account` next after the message `after`, if it does so within `bound`.
    pub(super) async fn next_message(
        &self,
        account: &AccountId,
        user: &UserId,
        after: u64,
        bound: Duration,
    ) -> Option<Message> {
        let received = self.until(|state| state.received(account, user, after).cloned());
        tokio::time::timeout_at(Instant::now() + bound, received).await.ok()
    }
}

/// Why an account's messages go nowhere.
fn why_not(route_open: bool, route_url: &str) -> Option<(ReasonKind, String)> {
    if !route_open {
        return Some((ReasonKind::RouteOff, "the account's route is switched off".to_owned()));
    }
    route_url.is_empty().then(|| (ReasonKind::NoRoute, "the account has no routeUrl".to_owned()))
}
