//! The property of every stored outgoing message: what is read is stored and read back the same.

use rongcloud_callback::protocol::Outgoing;

/// The bytes are an entry of the Outbox.
pub fn check(bytes: &[u8]) {
    let Ok(outgoing) = Outgoing::decode(bytes) else { return };
    let again = Outgoing::decode(&outgoing.encode()).expect("what we store is read");
    assert_eq!(again, outgoing);
    assert_eq!(again.payload.check(), outgoing.payload.check());
}
