//! Fuzzes what `src/outgoing.rs` says.
#![no_main]

use rongcloud_callback_fuzz::outgoing::check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));
