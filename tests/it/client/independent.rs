//! The signature against an implementation that is not ours: Python's hashlib.

use std::process::Command;

use rongcloud_callback::signature::sign;

use super::support::SECRET;
use crate::support::skip;

const PROGRAM: &str =
    "import hashlib, sys; print(hashlib.sha1(''.join(sys.argv[1:]).encode()).hexdigest())";

#[test]
fn python_signs_the_same() {
    for (secret, nonce, timestamp) in [
        (SECRET, "14314", "1408706337"),
        (SECRET, "8f3a0c9e7d51b264", "1408706337123"),
        ("密钥", "!~", "0000000000"),
    ] {
        let program = Command::new("python3").args(["-c", PROGRAM, secret, nonce, timestamp]).output();
        let Ok(output) = program else { return skip("python3 is not installed") };
        assert!(output.status.success(), "{output:?}");
        let expected = String::from_utf8(output.stdout).unwrap();
        assert_eq!(sign(&secret.into(), nonce, timestamp), expected.trim());
    }
}
