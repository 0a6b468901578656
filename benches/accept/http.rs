//! HTTP, as far as the load and the stand-in of the API read it.

/// Whether the bytes are a whole request or answer: our answers have no body, those of others may say `success`.
pub(crate) fn is_whole(answer: &[u8]) -> bool {
    const LENGTH: &[u8] = b"content-length: ";
    let Some(head) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let line = answer[..head].split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(LENGTH.len())?;
        name.eq_ignore_ascii_case(LENGTH).then_some(value.trim_ascii())
    });
    let body = line.map_or(0, |length| {
        std::str::from_utf8(length).ok().and_then(|length| length.parse().ok()).expect("a length")
    });
    answer.len() >= head + 4 + body
}
