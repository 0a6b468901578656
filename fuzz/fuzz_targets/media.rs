//! Fuzzes what `src/media.rs` says.
#![no_main]

use rongcloud_callback_fuzz::media::check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));
