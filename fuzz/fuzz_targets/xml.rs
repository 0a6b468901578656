//! Fuzzes what `src/xml.rs` says.
#![no_main]

use rongcloud_callback_fuzz::xml::check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));
