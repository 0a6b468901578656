//! Files that can be uploaded: their kinds, formats and limits. A format is recognised by content, never by file name.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Limit, LimitError, Measure};

/// The purpose of an upload: media type (媒体文件类型), `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A picture: JPEG or PNG, at most 2 MiB.
    Image,
    /// A recording: AMR, at most 60 KiB and 60 s.
    Voice,
    /// The small picture of an article: JPEG or PNG, at most 20 KiB.
    Thumb,
}

/// The format of a file, recognised by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// AMR narrow-band (`#!AMR`).
    Amr,
    /// AMR wide-band (`#!AMR-WB`).
    AmrWb,
}

/// The reason why a file cannot be uploaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// A file that is too large, or a recording that is too long.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A file of another format, whatever its name says.
    #[error("{kind} must be {expected}, by its content and whatever its name; this file is not")]
    Format {
        /// The kind that the file was to be uploaded as.
        kind: MediaKind,
        /// The formats that the platform takes for this kind.
        expected: &'static str,
    },
    /// A recording that begins as AMR and goes on as something else.
    #[error("the AMR recording is broken at byte {at}")]
    Broken {
        /// Offset of the first frame that is no AMR frame, or is cut off.
        at: usize,
    },
}

/// Checks a file against the platform's limits and formats of `kind`.
///
/// # Errors
///
/// Its size, its format, or the length of the recording.
pub fn check(kind: MediaKind, file: &[u8]) -> Result<MediaFormat, MediaError> {
    kind.size().check(file.len())?;
    let format = MediaFormat::of(file);
    match (kind, format) {
        (MediaKind::Image | MediaKind::Thumb, Some(format @ (MediaFormat::Jpeg | MediaFormat::Png))) => {
            Ok(format)
        }
        (MediaKind::Voice, Some(format @ (MediaFormat::Amr | MediaFormat::AmrWb))) => {
            check_length(duration(format, file)?)?;
            Ok(format)
        }
        (MediaKind::Image | MediaKind::Thumb, _) => {
            Err(MediaError::Format { kind, expected: "JPEG or PNG" })
        }
        (MediaKind::Voice, _) => Err(MediaError::Format { kind, expected: "AMR" }),
    }
}

impl MediaKind {
    /// The platform's name of the kind (`type`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Voice => "voice",
            Self::Thumb => "thumb",
        }
    }

    /// The largest file that the platform takes.
    pub fn max_bytes(self) -> u64 {
        match self {
            Self::Image => 2 << 20,
            Self::Voice => 60 << 10,
            Self::Thumb => 20 << 10,
        }
    }

    fn size(self) -> Limit {
        let (what, advice) = match self {
            Self::Image => ("image", "make it smaller"),
            Self::Voice => ("voice recording", "shorten it"),
            Self::Thumb => ("thumb", "make it smaller"),
        };
        Limit {
            what,
            measure: Measure::Size,
            min: 1,
            max: usize::try_from(self.max_bytes()).unwrap_or(usize::MAX),
            advice,
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const AMR: &[u8] = b"#!AMR\n";
const AMR_WB: &[u8] = b"#!AMR-WB\n";

impl MediaFormat {
    /// The format of a file, recognised by its first bytes.
    pub fn of(file: &[u8]) -> Option<Self> {
        let begins: [(&[u8], Self); 4] = [
            (b"\xff\xd8\xff", Self::Jpeg),
            (b"\x89PNG\r\n\x1a\n", Self::Png),
            (AMR, Self::Amr),
            (AMR_WB, Self::AmrWb),
        ];
        begins.into_iter().find(|(magic, _)| file.starts_with(magic)).map(|(_, format)| format)
    }

    /// The media type for HTTP.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Amr => "audio/amr",
            Self::AmrWb => "audio/amr-wb",
        }
    }

    /// The usual end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Amr => "amr",
            Self::AmrWb => "awb",
        }
    }
}

/// Bytes of a frame with its header, by frame type; 0 where there is no such type (RFC 4867, 5.3).
const AMR_FRAMES: [usize; 16] = [13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1];
const AMR_WB_FRAMES: [usize; 16] = [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1];
const FRAME: Duration = Duration::from_millis(20);
const MAX_LENGTH: Duration = Duration::from_mins(1);

/// Walks the frames of an AMR recording: the header says nothing about its length.
fn duration(format: MediaFormat, file: &[u8]) -> Result<Duration, MediaError> {
    let (magic, sizes) = match format {
        MediaFormat::AmrWb => (AMR_WB, AMR_WB_FRAMES),
        _ => (AMR, AMR_FRAMES),
    };
    let (mut at, mut length) = (magic.len(), Duration::ZERO);
    while let Some(header) = file.get(at) {
        let size = sizes[usize::from(header >> 3 & 0x0f)];
        // The highest and the two lowest bits of a frame's header are padding.
        if header & 0x83 != 0 || size == 0 || at + size > file.len() {
            return Err(MediaError::Broken { at });
        }
        at += size;
        length += FRAME;
    }
    Ok(length)
}

fn check_length(length: Duration) -> Result<(), LimitError> {
    let millis = |span: Duration| usize::try_from(span.as_millis()).unwrap_or(usize::MAX);
    let (min, max) = (millis(FRAME), millis(MAX_LENGTH));
    let (what, advice) = ("voice recording", "shorten it");
    Limit { what, measure: Measure::Millis, min, max, advice }.check(millis(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty milliseconds a frame; frame type 0 of both kinds of AMR.
    fn recording(magic: &[u8], frame: usize, frames: usize) -> Vec<u8> {
        let frame = [&[0b0000_0100][..], &vec![0; frame - 1]].concat();
        [magic, &frame.repeat(frames)].concat()
    }

    fn limit(result: Result<MediaFormat, MediaError>) -> (usize, usize) {
        match result {
            Err(MediaError::Limit(limit)) => (limit.limit.max, limit.actual),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn a_recording_of_a_minute_is_taken_and_one_frame_more_is_not() {
        let minute = recording(AMR, 13, 3000);
        assert_eq!(check(MediaKind::Voice, &minute), Ok(MediaFormat::Amr));
        assert_eq!(limit(check(MediaKind::Voice, &recording(AMR, 13, 3001))), (60_000, 60_020));

        let minute = recording(AMR_WB, 18, 3000);
        assert_eq!(check(MediaKind::Voice, &minute), Ok(MediaFormat::AmrWb));
        assert_eq!(limit(check(MediaKind::Voice, &recording(AMR_WB, 18, 3001))), (60_000, 60_020));
    }

    #[test]
    fn silence_and_speech_frames_count_the_same() {
        let mixed = [recording(AMR, 13, 1500).as_slice(), &[0x7c; 1500]].concat();
        assert_eq!(check(MediaKind::Voice, &mixed), Ok(MediaFormat::Amr));
        assert_eq!(
            limit(check(MediaKind::Voice, &[mixed.as_slice(), &[0x7c]].concat())),
            (60_000, 60_020)
        );
    }

    #[test]
    fn a_file_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() {
        for (kind, max) in [(MediaKind::Image, 2_097_152), (MediaKind::Thumb, 20_480)] {
            let mut file = b"\xff\xd8\xff\xe0".to_vec();
            file.resize(max, 0);
            assert_eq!(check(kind, &file), Ok(MediaFormat::Jpeg));
            file.push(0);
            assert_eq!(limit(check(kind, &file)), (max, max + 1));
        }
        // 60 KiB less the header are 61434 bytes: 1918 frames of 32 bytes, and 58 of one byte.
        let frame = [&[7 << 3][..], &[0; 31]].concat();
        let mut voice = [AMR, &frame.repeat(1918), &[0x7c; 58]].concat();
        assert_eq!((voice.len(), check(MediaKind::Voice, &voice)), (61_440, Ok(MediaFormat::Amr)));
        voice.push(0x7c);
        assert_eq!(limit(check(MediaKind::Voice, &voice)), (61_440, 61_441));
    }

    #[test]
    fn the_content_decides_what_a_file_is() {
        assert_eq!(check(MediaKind::Image, b"\x89PNG\r\n\x1a\n..."), Ok(MediaFormat::Png));
        for kind in [MediaKind::Image, MediaKind::Thumb, MediaKind::Voice] {
            assert!(matches!(check(kind, b"some text"), Err(MediaError::Format { .. })));
        }
        assert!(matches!(
            check(MediaKind::Image, &recording(AMR, 13, 1)),
            Err(MediaError::Format { .. })
        ));
        assert!(matches!(check(MediaKind::Voice, b"\xff\xd8\xff"), Err(MediaError::Format { .. })));
    }

    #[test]
    fn an_empty_or_broken_recording_is_refused() {
        assert_eq!(limit(check(MediaKind::Voice, b"")), (61_440, 0));
        assert_eq!(limit(check(MediaKind::Voice, AMR)), (60_000, 0));
        let cut = &recording(AMR, 13, 2)[..31];
        assert_eq!(check(MediaKind::Voice, cut), Err(MediaError::Broken { at: 19 }));
        let odd = [AMR, &[9 << 3]].concat();
        assert_eq!(check(MediaKind::Voice, &odd), Err(MediaError::Broken { at: 6 }));
    }
}
