//! Fuzzes what `src/query.rs` says.
#![no_main]

use rongcloud_callback_fuzz::query::check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));
