//! The bodies of API calls: read within a bound once the caller is known, and otherwise discarded.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use tokio::time::timeout;

/// The largest size of an upload: larger than the largest picture with its multipart envelope.
const MAX_UPLOAD: usize = 4 << 20;
/// The largest size of any other body: larger than the documents' limits allow together.
const MAX_CALL: usize = 256 << 10;
/// The size of the beginning that is kept of a body that is not read: enough for a text to one user.
const MAX_BEGINNING: usize = 8 << 10;
/// The longest time for discarding a body. A body is discarded so that a caller who sends everything before reading the
/// answer gets the answer.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(2);
/// The largest size of a body that is discarded; a caller with a larger one may lose the answer.
const MAX_DISCARDED: usize = 32 << 20;

/// A body, or the beginning of one that is too large.
#[derive(Debug, Default)]
pub(super) struct RequestBody {
    pub(super) bytes: Bytes,
    /// The bound that this body exceeds; none for a whole body.
    pub(super) exceeded: Option<usize>,
}

/// The parts of a multipart body that calls use.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) file: Option<Bytes>,
    pub(super) kind: Option<String>,
}

/// Reads the whole body of a call, if it is not too large.
pub(super) async fn read(path: &str, mut body: Body) -> RequestBody {
    let is_upload = path.starts_with("/media/") || path.ends_with("/uploadMedia");
    let max = if is_upload { MAX_UPLOAD } else { MAX_CALL };
    let mut bytes = BytesMut::new();
    if !collect(&mut body, &mut bytes, max).await {
        return RequestBody { bytes: bytes.freeze(), exceeded: None };
    }
    // A caller who sends more slowly may lose the answer.
    let _ = timeout(DISCARD_TIMEOUT, discard(&mut body)).await;
    bytes.truncate(MAX_BEGINNING);
    RequestBody { bytes: bytes.freeze(), exceeded: Some(max) }
}

/// Reads the beginning of a body that is discarded.
pub(super) async fn read_beginning(mut body: Body) -> Bytes {
    let mut bytes = BytesMut::new();
    let read = async {
        if collect(&mut body, &mut bytes, MAX_BEGINNING).await {
            discard(&mut body).await;
        }
    };
    // The bytes that have come until then are the beginning.
    let _ = timeout(DISCARD_TIMEOUT, read).await;
    bytes.freeze()
}

/// Adds at most `max` bytes of a body; returns whether the body has more.
async fn collect(body: &mut Body, bytes: &mut BytesMut, max: usize) -> bool {
    while let Some(Ok(frame)) = body.frame().await {
        let data = frame.into_data().unwrap_or_default();
        let fits = data.len().min(max - bytes.len());
        bytes.extend_from_slice(&data[..fits]);
        if fits < data.len() {
            return true;
        }
    }
    false
}

/// Reads a body without keeping it.
async fn discard(body: &mut Body) {
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > MAX_DISCARDED {
            break;
        }
    }
}

/// The media type that the headers name, in lower case and without its parameters.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads the parts `file` and `type` of a multipart body; the error is the reason why it cannot be read.
pub(super) async fn read_multipart(headers: &HeaderMap, body: Bytes) -> Result<Parts, String> {
    let mut request = Request::new(Body::from(body));
    request.headers_mut().clone_from(headers);
    // The size of the body was checked when it was read.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut multipart =
        Multipart::from_request(request, &()).await.map_err(|error| error.body_text())?;
    let mut parts = Parts::default();
    while let Some(field) = multipart.next_field().await.map_err(|error| error.body_text())? {
        match field.name() {
            Some("file") => parts.file = Some(field.bytes().await.map_err(|error| error.body_text())?),
            Some("type") => parts.kind = Some(field.text().await.map_err(|error| error.body_text())?),
            _ => {}
        }
    }
    Ok(parts)
}
