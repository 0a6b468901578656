//! The property of every file: nothing is taken as a picture or recording that is none, or is over the limits.

use rongcloud_callback::protocol::media::{MediaError, MediaFormat, MediaKind, check as check_as};

/// The bytes are a file to upload.
pub fn check(bytes: &[u8]) {
    for kind in [MediaKind::Image, MediaKind::Voice, MediaKind::Thumb] {
        let Ok(format) = check_as(kind, bytes) else { continue };
        assert_eq!(MediaFormat::of(bytes), Some(format));
        assert!(bytes.len() as u64 <= kind.max_bytes());
        let magic: &[u8] = match format {
            MediaFormat::Jpeg => b"\xff\xd8\xff",
            MediaFormat::Png => b"\x89PNG\r\n\x1a\n",
            MediaFormat::Amr => b"#!AMR\n",
            MediaFormat::AmrWb => b"#!AMR-WB\n",
            other => unreachable!("{other:?} is no format that the documents name"),
        };
        assert!(bytes.starts_with(magic));
        if kind == MediaKind::Voice {
            recording(bytes, magic.len());
        }
    }
}

/// A recording is whole frames of 20 ms and nothing else, at most a minute of them.
fn recording(bytes: &[u8], magic: usize) {
    assert!(bytes.len() > magic, "it has a frame");
    let with = |more: &[u8]| check_as(MediaKind::Voice, &[bytes, more].concat());
    let ends_here = MediaError::Broken { at: bytes.len() };
    if bytes.len() < 60 << 10 {
        assert_eq!(with(&[0xff]), Err(ends_here), "what follows begins a frame");
    }
    // A frame without speech (type 15) is one byte and takes as long as any other: one more than a minute of them.
    assert!(matches!(with(&[0x7c; 3001]), Err(MediaError::Limit(_))), "it has an end");
}
