//! Fuzzes what `src/rules.rs` says.
#![no_main]

use rongcloud_callback_fuzz::rules::check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));
