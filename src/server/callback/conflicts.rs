//! Signature conflicts: the limit on bodies that came under the signature of another body and are kept for the operator.
//!
//! Such a body is authentic if the platform signed two messages alike, and forged if somebody uses an address that was
//! seen. Only an operator can tell, so the bodies are kept; but nobody may fill the journal with one address, nor with many.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use tokio::time::Instant;

use crate::{lock::lock, signature::Verified};

/// Most bodies of an app in a [`WINDOW`].
const MOST_BODIES: usize = 1000;
/// Most bodies under one signature.
const MOST_PER_SIGNATURE: usize = 8;
const WINDOW: Duration = Duration::from_hours(24);

/// The conflicting bodies of one app that are kept.
#[derive(Debug)]
pub(super) struct Conflicts(Mutex<Window>);

/// A window, with the bodies that are kept in it.
#[derive(Debug)]
struct Window {
    began: Instant,
    /// The number of bodies.
    count: usize,
    /// The fingerprints of the bodies of each signature.
    bodies: HashMap<Verified, Vec<u64>>,
}

impl Window {
    fn new() -> Self {
        Self { began: Instant::now(), count: 0, bodies: HashMap::new() }
    }
}

impl Conflicts {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Window::new()))
    }

    /// Decides whether the body with this fingerprint is kept. A body that is kept stays so when it comes again.
    pub(super) fn admit(&self, signature: Verified, body: u64) -> bool {
        let mut window = lock(&self.0);
        if window.began.elapsed() >= WINDOW {
            *window = Window::new();
        }
        let is_full = window.count == MOST_BODIES;
        let Some(bodies) = window.bodies.get_mut(&signature) else {
            if !is_full {
                window.bodies.insert(signature, vec![body]);
                window.count += 1;
            }
            return !is_full;
        };
        if bodies.contains(&body) {
            return true;
        }
        let is_admitted = !is_full && bodies.len() < MOST_PER_SIGNATURE;
        if is_admitted {
            bodies.push(body);
            window.count += 1;
        }
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn signature(number: u16) -> Verified {
        let [high, low] = number.to_be_bytes();
        let mut bytes = [0; 20];
        (bytes[0], bytes[1]) = (high, low);
        Verified(bytes)
    }

    #[tokio::test(start_paused = true)]
    async fn a_signature_keeps_a_few_bodies_and_each_of_them_however_often_it_comes() {
        let conflicts = Conflicts::new();
        for _ in 0..3 {
            let kept = (0..100).filter(|&body| conflicts.admit(signature(1), body)).count();
            assert_eq!(kept, MOST_PER_SIGNATURE);
        }
        assert!(conflicts.admit(signature(2), 99));
    }

    #[tokio::test(start_paused = true)]
    async fn all_signatures_together_keep_so_many_bodies_in_a_window() {
        let conflicts = Conflicts::new();
        let admitted = |conflicts: &Conflicts| {
            (0..2000).filter(|&number| conflicts.admit(signature(number), 7)).count()
        };
        assert_eq!(admitted(&conflicts), MOST_BODIES);
        advance(WINDOW / 2).await;
        assert_eq!(admitted(&conflicts), MOST_BODIES, "those that are kept are kept again");
        assert!(!conflicts.admit(signature(0), 8));
        advance(WINDOW / 2).await;
        assert!(conflicts.admit(signature(0), 8));
    }
}
