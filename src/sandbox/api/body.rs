//! The bodies of API calls: read once their caller is known, else passed over; nothing of them is kept beyond a bound.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use tokio::time::timeout;

/// Most bytes of an upload: larger than the largest picture with its envelope.
const MOST_UPLOAD: usize = 4 << 20;
/// Most bytes of any other call: larger than what the documents' limits allow together.
const MOST_CALL: usize = 256 << 10;
/// How much is kept of a body that is not read: enough for a text to one user.
const MOST_BEGINNING: usize = 8 << 10;
/// How long and how much is passed over, so that a caller who sends everything first gets to read the answer.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST_PASSED_OVER: usize = 32 << 20;

/// A body that was read, or the beginning of one that was not.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) bytes: Bytes,
    /// The most that a body of this call may have, where this one has more.
    pub(super) over: Option<usize>,
}

/// The parts of a multipart body that the calls know.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) file: Option<Bytes>,
    pub(super) kind: Option<String>,
}

/// The whole body of a call, if it is not too large.
pub(super) async fn read(path: &str, mut body: Body) -> Read {
    let is_upload = path.starts_with("/media/") || path.ends_with("/uploadMedia");
    let most = if is_upload { MOST_UPLOAD } else { MOST_CALL };
    let mut bytes = BytesMut::new();
    if !collect(&mut body, &mut bytes, most).await {
        return Read { bytes: bytes.freeze(), over: None };
    }
    // Whoever is slower than that may lose the answer.
    let _ = timeout(PATIENCE, pass_over(&mut body)).await;
    bytes.truncate(MOST_BEGINNING);
    Read { bytes: bytes.freeze(), over: Some(most) }
}

/// The beginning of a body that is of no interest, as far as it comes soon.
pub(super) async fn beginning(mut body: Body) -> Bytes {
    let mut bytes = BytesMut::new();
    let soon = async {
        if collect(&mut body, &mut bytes, MOST_BEGINNING).await {
            pass_over(&mut body).await;
        }
    };
    // What has come until then is the beginning.
    let _ = timeout(PATIENCE, soon).await;
    bytes.freeze()
}

/// Adds at most `most` bytes of a body; true if it has more.
async fn collect(body: &mut Body, bytes: &mut BytesMut, most: usize) -> bool {
    while let Some(Ok(frame)) = body.frame().await {
        let data = frame.into_data().unwrap_or_default();
        let fits = data.len().min(most - bytes.len());
        bytes.extend_from_slice(&data[..fits]);
        if fits < data.len() {
            return true;
        }
    }
    false
}

async fn pass_over(body: &mut Body) {
    let mut passed = 0;
    while let Some(Ok(frame)) = body.frame().await {
        passed += frame.data_ref().map_or(0, Bytes::len);
        if passed > MOST_PASSED_OVER {
            break;
        }
    }
}

/// The media type that the headers name, in lower case and without its parameters.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The parts `file` and `type` of a multipart body, or what is wrong with it.
pub(super) async fn multipart(headers: &HeaderMap, body: Bytes) -> Result<Parts, String> {
    let mut request = Request::new(Body::from(body));
    request.headers_mut().clone_from(headers);
    // The body was read within a bound of its own.
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
