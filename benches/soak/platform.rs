//! The platform's API, as far as the run needs it: it takes every reply, and notes which message the reply answers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use axum::{Router, body::Bytes, http::header::CONTENT_TYPE};

use crate::{Progress, message::MARK};

/// Listens on loopback, on a thread of its own. Returns the address.
pub(crate) fn start(messages: u64, progress: Arc<Progress>) -> SocketAddr {
    let answered = Mutex::new(vec![false; usize::try_from(messages).expect("that many fit")]);
    let answered = Arc::new(answered);
    let take = move |body: Bytes| {
        let number = number(&body).expect("a reply that quotes its message");
        let mut answered = answered.lock().unwrap_or_else(PoisonError::into_inner);
        let known = std::mem::replace(&mut answered[number], true);
        let counter = if known { &progress.repeated } else { &progress.answered };
        counter.fetch_add(1, Ordering::Relaxed);
        async { ([(CONTENT_TYPE, "application/json")], r#"{"errcode":0}"#) }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bound = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = bound.local_addr().expect("bound");
    let router = Router::new().fallback(take);
    std::thread::spawn(move || {
        runtime.block_on(async { axum::serve(bound, router).await }).expect("serving");
    });
    address
}

/// The number between two marks.
fn number(body: &[u8]) -> Option<usize> {
    std::str::from_utf8(body).ok()?.split(MARK).nth(1)?.parse().ok()
}
