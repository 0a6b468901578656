//! Fuzzes what `src/socket.rs` says.
#![no_main]

use rongcloud_callback_fuzz::{runtime, socket::check};
use tokio::runtime::Runtime;

thread_local! {
    static RUNTIME: Runtime = runtime();
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| RUNTIME.with(|runtime| check(runtime, bytes)));
