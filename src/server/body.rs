//! Reads a request's body, bounded in size.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;

use super::rejection::Rejection;

/// Reads `body` to its end, into memory of its own.
///
/// The copy is cheap, and what it frees is not: a piece is a slice of the connection's read buffer, which would
/// have to be allocated anew for each message that is still being made durable.
///
/// # Errors
///
/// [`Rejection::TooLarge`] as soon as it is known to be longer than `max` bytes (from `Content-Length` before
/// anything is read), [`Rejection::BrokenBody`] if it ends before its end.
pub(super) async fn read(
    mut body: impl Body<Data = Bytes> + Unpin,
    max: usize,
) -> Result<Bytes, Rejection> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > max {
        return Err(Rejection::TooLarge(max));
    }
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(piece) = next(&mut body).await? {
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

/// The next piece: as much as has arrived, at most what the connection's buffer holds.
async fn next(body: &mut (impl Body<Data = Bytes> + Unpin)) -> Result<Option<Bytes>, Rejection> {
    while let Some(frame) = body.frame().await {
        // Trailers are not data, and nobody asked for them.
        let Ok(piece) = frame.map_err(|_| Rejection::BrokenBody)?.into_data() else { continue };
        return Ok(Some(piece));
    }
    Ok(None)
}
