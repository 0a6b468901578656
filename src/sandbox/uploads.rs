//! The uploads: pictures, recordings and articles, bounded in bytes; and the samples that every sandbox serves.

use std::collections::VecDeque;

use bytes::Bytes;

use super::content::ArticleCard;
use crate::{
    ids::MediaId,
    protocol::media::{MediaFormat, MediaKind},
};

/// The largest size of all uploads together; beyond it the oldest is forgotten.
const MAX_BYTES: usize = 32 << 20;
/// The largest number of uploads; beyond it the oldest is forgotten.
const MAX_UPLOADS: usize = 500;

/// The sample picture.
pub(super) const PICTURE: &[u8] = include_bytes!("samples/picture.jpg");
/// The path of the sample picture.
pub(super) const PICTURE_PATH: &str = "/sandbox/samples/picture.jpg";
/// The path of the sample recording.
pub(super) const VOICE_PATH: &str = "/sandbox/samples/voice.amr";

/// The sample recording: three seconds of comfort noise, 150 frames of 20 ms, type 0 (4.75 kbit/s).
pub(super) fn voice() -> Bytes {
    let frame = [0x04, 0xf1, 0x5f, 0x36, 0x91, 0x80, 0x2a, 0x1e, 0x38, 0x54, 0xe2, 0x90, 0x40];
    [b"#!AMR\n".as_slice(), &frame.repeat(150)].concat().into()
}

/// The uploads, oldest first.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    uploads: VecDeque<Upload>,
    bytes: usize,
}

#[derive(Debug)]
struct Upload {
    id: MediaId,
    media: Media,
}

/// An uploaded file, or uploaded articles.
#[derive(Debug, Clone)]
pub(super) enum Media {
    File { kind: MediaKind, format: MediaFormat, bytes: Bytes },
    Articles(Vec<ArticleCard>),
}

impl Uploads {
    pub(super) fn add(&mut self, media: Media) -> MediaId {
        let id = MediaId::new(format!("{:032x}", rand::random::<u128>()));
        self.bytes += media.len();
        self.uploads.push_back(Upload { id: id.clone(), media });
        while self.bytes > MAX_BYTES || self.uploads.len() > MAX_UPLOADS {
            let forgotten = self.uploads.pop_front();
            self.bytes -= forgotten.map_or(0, |upload| upload.media.len());
        }
        id
    }

    pub(super) fn get(&self, id: &str) -> Option<&Media> {
        self.uploads.iter().find(|upload| upload.id.as_str() == id).map(|upload| &upload.media)
    }

    /// The length of the recording at `url`, if the sandbox serves it.
    pub(super) fn seconds(&self, url: &str) -> Option<f64> {
        if url.ends_with(VOICE_PATH) {
            return seconds(MediaFormat::Amr, &voice());
        }
        let (_, id) = url.rsplit_once("/sandbox/media/")?;
        match self.get(id)? {
            Media::File { format, bytes, .. } => seconds(*format, bytes),
            Media::Articles(_) => None,
        }
    }
}

impl Media {
    /// The path at which the sandbox serves the file `id`.
    pub(super) fn path(id: &str) -> String {
        format!("/sandbox/media/{id}")
    }

    /// The size in bytes.
    fn len(&self) -> usize {
        match self {
            Self::File { bytes, .. } => bytes.len(),
            Self::Articles(cards) => {
                let size = |card: &ArticleCard| {
                    card.title.len() + card.description.len() + card.url.len() + card.picture_url.len()
                };
                cards.iter().map(size).sum()
            }
        }
    }
}

/// The length of a recording that was checked before: 20 ms for each frame, whose header contains its size.
pub(super) fn seconds(format: MediaFormat, file: &[u8]) -> Option<f64> {
    let (magic, lengths): (usize, [usize; 16]) = match format {
        MediaFormat::Amr => (6, [13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1]),
        MediaFormat::AmrWb => (9, [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1]),
        _ => return None,
    };
    let (mut at, mut frames) = (magic, 0_u32);
    while let Some(header) = file.get(at) {
        at += lengths[usize::from(header >> 3 & 0x0f)];
        frames += 1;
    }
    Some(f64::from(frames) / 50.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::media;

    #[test]
    fn the_samples_are_what_the_platform_takes() {
        assert_eq!(media::check(MediaKind::Image, PICTURE), Ok(MediaFormat::Jpeg));
        assert_eq!(media::check(MediaKind::Thumb, PICTURE), Ok(MediaFormat::Jpeg));
        assert_eq!(media::check(MediaKind::Voice, &voice()), Ok(MediaFormat::Amr));
        assert_eq!(seconds(MediaFormat::Amr, &voice()), Some(3.0));
    }

    #[test]
    fn the_oldest_uploads_are_forgotten() {
        let mut uploads = Uploads::default();
        let file = |size| Media::File {
            kind: MediaKind::Image,
            format: MediaFormat::Jpeg,
            bytes: vec![0; size].into(),
        };
        let first = uploads.add(file(1 << 20));
        for _ in 0..31 {
            uploads.add(file(1 << 20));
        }
        assert!(uploads.get(first.as_str()).is_some());
        let last = uploads.add(file(1));
        assert!(uploads.get(first.as_str()).is_none() && uploads.get(last.as_str()).is_some());
        assert_eq!(uploads.bytes, (31 << 20) + 1);
    }
}
