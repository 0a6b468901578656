//! What must hold for every body: what is read is written and read back the same.

use rongcloud_callback::protocol::{
    parse,
    xml::{Fields, MAX_ELEMENTS},
};

/// The bytes are a callback's body.
pub fn check(bytes: &[u8]) {
    if let Ok(fields) = Fields::read(bytes) {
        assert!(fields.iter().count() < MAX_ELEMENTS);
        for xml in [fields.to_xml(), fields.to_documented_xml()] {
            assert_eq!(Fields::read(xml.as_bytes()).as_ref(), Ok(&fields));
        }
    }
    if let Ok(inbound) = parse(bytes) {
        let again = parse(inbound.to_xml().as_bytes()).expect("what we write is read");
        assert_eq!(again, inbound);
        let app = "app".into();
        assert_eq!(again.dedup_key(&app), inbound.dedup_key(&app), "a duplicate stays one");
        assert_eq!(again.conversation_key(&app), inbound.conversation_key(&app));
    }
}
