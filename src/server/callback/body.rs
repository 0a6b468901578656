//! Reading the body of a request, limited in size.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};
use http_body_util::BodyExt;
use hyper::body::Body;

use super::rejection::Rejection;

/// Checks that the body need not be decoded: the platform encodes none.
///
/// # Errors
///
/// [`Rejection::Encoded`] with the first encoding.
pub(super) fn check_encoding(headers: &HeaderMap) -> Result<(), Rejection> {
    let codings = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    let mut codings = codings.flat_map(|line| line.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
    let encoded = codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
    encoded.map_or(Ok(()), |coding| {
        Err(Rejection::Encoded(coding.escape_ascii().take(32).map(char::from).collect()))
    })
}

/// Reads `body` to its end, into memory of its own.
///
/// The copy is cheap, and keeps the connection's read buffer free: a piece is a slice of that buffer, which would have to
/// be allocated anew while the message is made durable.
///
/// # Errors
///
/// [`Rejection::TooLarge`] as soon as the body is known to be longer than `max` bytes (from `Content-Length` before
/// anything is read), [`Rejection::BrokenBody`] if the connection ends before the body does.
pub(super) async fn read(
    mut body: impl Body<Data = Bytes> + Unpin,
    max: usize,
) -> Result<Bytes, Rejection> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > max {
        return Err(Rejection::TooLarge(max));
    }
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(piece) = next_piece(&mut body).await? {
        whole.extend_from_slice(&piece);
        if whole.len() > max {
            return Err(Rejection::TooLarge(max));
        }
        // The end of a body whose length was announced need not be waited for.
        if body.is_end_stream() {
            break;
        }
    }
    Ok(whole.freeze())
}

/// Waits for the next piece: as much as has arrived, and at most as much as the connection's buffer holds.
async fn next_piece(body: &mut (impl Body<Data = Bytes> + Unpin)) -> Result<Option<Bytes>, Rejection> {
    while let Some(frame) = body.frame().await {
        // Trailers are no data, so they are skipped.
        let Ok(piece) = frame.map_err(|_| Rejection::BrokenBody)?.into_data() else { continue };
        return Ok(Some(piece));
    }
    Ok(None)
}
