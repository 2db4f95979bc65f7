//! What Pillow reads from a JPEG file before it calls libjpeg: `JpegImagePlugin._open`.

use super::{error::JpegError, stream::Stream};

/// Width, height and number of components, from the segments before the first scan.
///
/// # Errors
///
/// As in Pillow: unknown markers, truncated or too short segments, samples that are not 8 bits, and
/// numbers of components other than 1, 3 and 4.
pub(super) fn size(bytes: &[u8]) -> Result<(usize, usize, usize), JpegError> {
    let mut stream = Stream::new(bytes);
    let (mut size, mut components) = (None, 0);
    for _ in 0..2 {
        stream.byte()?;
    }
    loop {
        let mut byte = stream.byte()?;
        while byte != 0xff {
            byte = stream.byte()?;
        }
        let mut marker = stream.byte()?;
        while marker == 0xff {
            marker = stream.byte()?;
        }
        stream.marker = marker;
        match marker {
            // Markers without a segment, or whose segment is skipped.
            0x00 | 0xc8 | 0xd0..=0xd9 | 0xf0..=0xfd => {}
            0xda => {
                pillow_segment(&mut stream)?;
                break;
            }
            0xdb => quantization(pillow_segment(&mut stream)?)?,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xde => {
                let content = pillow_segment(&mut stream)?;
                let wrong = JpegError::SegmentLength { marker, found: content.len() + 2 };
                let &[precision, h0, h1, w0, w1, count, ref rest @ ..] = content else {
                    return Err(wrong);
                };
                if precision != 8 {
                    return Err(JpegError::Precision { found: precision });
                }
                if !matches!(count, 1 | 3 | 4) {
                    return Err(JpegError::Components { found: count.into() });
                }
                if !rest.len().is_multiple_of(3) {
                    return Err(wrong);
                }
                components = count.into();
                let [width, height] = [[w0, w1], [h0, h1]].map(u16::from_be_bytes);
                size = Some((usize::from(width), usize::from(height)));
            }
            0xe0 => {
                let content = pillow_segment(&mut stream)?;
                if content.starts_with(b"JFIF") && content.len() < 7 {
                    return Err(JpegError::SegmentLength { marker, found: content.len() + 2 });
                }
            }
            0xee => {
                let content = pillow_segment(&mut stream)?;
                if content.starts_with(b"Adobe") && content.len() < 7 {
                    return Err(JpegError::SegmentLength { marker, found: content.len() + 2 });
                }
            }
            0xed => photoshop(pillow_segment(&mut stream)?)?,
            0xc4 | 0xcc | 0xdc..=0xef | 0xfe => {
                pillow_segment(&mut stream)?;
            }
            _ => return Err(JpegError::Marker { found: marker }),
        }
    }
    let (width, height) = size.ok_or(JpegError::NoImage)?;
    Ok((width, height, components))
}

/// A segment's content; empty if its length is too small.
fn pillow_segment<'a>(stream: &mut Stream<'a>) -> Result<&'a [u8], JpegError> {
    let length = usize::from(stream.word()?);
    stream.take_bytes(length.saturating_sub(2))
}

fn quantization(mut content: &[u8]) -> Result<(), JpegError> {
    while let Some((&number, rest)) = content.split_first() {
        let size = if number >> 4 == 0 { 64 } else { 128 };
        let wrong = JpegError::SegmentLength { marker: 0xdb, found: content.len() };
        content = rest.get(size..).ok_or(wrong)?;
    }
    Ok(())
}

/// Parses Photoshop's resources as Pillow does, which fails only if the length of a name is
/// missing.
fn photoshop(content: &[u8]) -> Result<(), JpegError> {
    let Some(mut rest) = content.strip_prefix(b"Photoshop 3.0\0") else { return Ok(()) };
    let mut at = 14;
    while let Some(after) = rest.strip_prefix(b"8BIM") {
        let Some((_code, after)) = after.split_first_chunk::<2>() else { break };
        let wrong = JpegError::SegmentLength { marker: 0xed, found: content.len() + 2 };
        let name = usize::from(*after.first().ok_or(wrong)?);
        at += 4 + 2 + 1 + name;
        at += at & 1;
        let size = content.get(at..).and_then(|rest| rest.first_chunk());
        let Some(size) = size.map(|&size| u32::from_be_bytes(size)) else { break };
        let Some(next) = usize::try_from(size).ok().and_then(|size| (at + 4).checked_add(size)) else {
            break;
        };
        at = next + (next & 1);
        rest = content.get(at..).unwrap_or_default();
    }
    Ok(())
}
