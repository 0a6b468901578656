//! The platform's ids of messages, since their form decides where their keys are in an index.

use rongcloud_callback::clock::UnixMillis;

const DIGITS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Appends the id of message `number`: 80 bits in base 32, the highest 42 of them the time in milliseconds.
///
/// The rest is a counter of 12 bits, and a hash of 26 bits that tells apart the messages between which the counter
/// has come round: multiplying by an odd number maps no two numbers to one.
pub(crate) fn write(number: u64, sent_at: UnixMillis, text: &mut String) {
    let counter = u128::from(number & 0xfff);
    let hash = u128::from((number >> 12).wrapping_mul(0x9e3_779b) & 0x3ff_ffff);
    let time = u128::from(sent_at.0.cast_unsigned() & 0x3ff_ffff_ffff);
    let id = time << 38 | counter << 26 | hash;
    for position in 0..16 {
        if position > 0 && position % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(DIGITS[(id >> (75 - 5 * position) & 31) as usize]));
    }
}
