//! Detects common files that do not contain weights, so that the error can say what they are.

/// Number of bytes needed to detect any of the formats.
pub(super) const SNIFF_LENGTH: usize = 512;
/// Number of characters of a text quoted in an error message.
const EXCERPT_LENGTH: usize = 120;

/// A file that does not contain weights.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForeignFile {
    /// A git-lfs pointer: the content has not been fetched.
    #[error("is a git-lfs pointer{}, not the weights: run `git lfs pull` in its repository, or download the file itself",
        .bytes.map(|bytes| format!(" to a file of {} bytes", grouped(bytes))).unwrap_or_default())]
    LfsPointer {
        /// Size of the actual file in bytes, if the pointer contains it.
        bytes: Option<u64>,
    },
    /// An HTML page, which some servers send with status 200 instead of an error.
    #[error(
        "is an HTML page, not a safetensors file or PyTorch checkpoint: the server answered with a page, \
        perhaps because the address is wrong or needs a login"
    )]
    Html,
    /// An XML document, such as the error of a storage service.
    #[error("is an XML document, not a safetensors file or PyTorch checkpoint: it begins with {excerpt:?}")]
    Xml {
        /// The beginning of the file.
        excerpt: String,
    },
    /// A JSON document, such as a server's error or a configuration.
    #[error("is a JSON document, not a safetensors file or PyTorch checkpoint: it begins with {excerpt:?}")]
    Json {
        /// The beginning of the file.
        excerpt: String,
    },
    /// Any other text.
    #[error("is a text file, not a safetensors file or PyTorch checkpoint: it begins with {excerpt:?}")]
    Text {
        /// The beginning of the file.
        excerpt: String,
    },
    /// A checkpoint or an archive in another format.
    #[error("is {kind}, not a safetensors file or PyTorch checkpoint{hint}")]
    Other {
        /// The format.
        kind: &'static str,
        /// A suggestion for the user, after a colon.
        hint: &'static str,
    },
}

const UNPACK: &str = ": unpack it first";
const EXPORTED: &str = ": use the checkpoint that it was exported from";

/// Offset, magic bytes, format and hint.
const MAGIC: [(usize, &[u8], &str, &str); 18] = [
    (0, b"\x1f\x8b", "a gzip file", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file", UNPACK),
    (0, b"\xfd7zXZ\0", "an xz file", UNPACK),
    (0, b"BZh", "a bzip2 file", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (0, b"GGUF", "a GGUF model (llama.cpp)", EXPORTED),
    (
        0,
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file (Keras or TensorFlow)",
        ": convert it to safetensors with transformers",
    ),
    (0, b"\x93NUMPY", "a NumPy array", ""),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image", ""),
    (0, b"\xff\xd8\xff", "a JPEG image", ""),
    (0, b"GIF8", "a GIF image", ""),
    (8, b"WEBPVP8", "a WebP image", ""),
    (0, b"II*\0", "a TIFF image", ""),
    (0, b"MM\0*", "a TIFF image", ""),
    (0, b"%PDF-", "a PDF document", ""),
    (4, b"TFL3", "a TensorFlow Lite model", EXPORTED),
    (
        257,
        b"ustar",
        "a tar archive",
        ": if PyTorch before 0.1.10 wrote it, load it with torch and save it again, else unpack it first",
    ),
];

impl ForeignFile {
    /// Detects a file by its first bytes ([`SNIFF_LENGTH`] of them, unless the file is shorter).
    /// Returns `None` for unknown formats.
    pub(super) fn recognise(first: &[u8]) -> Option<Self> {
        let known =
            MAGIC.iter().find(|(at, magic, ..)| first.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
        if let Some(&(.., kind, hint)) = known {
            return Some(Self::Other { kind, hint });
        }
        if is_old_pickle(first) {
            let hint = ": load it in Python and save its tensors again with torch.save or safetensors";
            return Some(Self::Other { kind: "a Python pickle of protocol 0 or 1", hint });
        }
        if let Some(text) = text(first) {
            return Some(Self::of_text(text));
        }
        let holds = |word: &[u8]| first.windows(word.len()).any(|window| window == word);
        match first {
            // Protocol Buffers: the version of the format, then the name of the producer.
            [0x08, 1..=32, 0x12, ..] if holds(b"pytorch") || holds(b"onnx") || holds(b"tf2onnx") => {
                Some(Self::Other { kind: "an ONNX model", hint: EXPORTED })
            }
            // A map whose first key is a short string.
            [0x81..=0x8f, 0xa1..=0xbf, rest @ ..] | [0xde, _, _, 0xa1..=0xbf, rest @ ..]
                if rest.first().is_some_and(u8::is_ascii_graphic) =>
            {
                let hint = ": convert it to safetensors with transformers";
                Some(Self::Other { kind: "a msgpack file (Flax)", hint })
            }
            _ => None,
        }
    }

    fn of_text(text: &str) -> Self {
        let trimmed = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let excerpt = || trimmed.chars().take(EXCERPT_LENGTH).collect::<String>();
        let lower = trimmed.get(..trimmed.len().min(SNIFF_LENGTH)).unwrap_or(trimmed).to_ascii_lowercase();
        if trimmed.starts_with("version https://git-lfs") || trimmed.starts_with("version https://hawser") {
            let size = trimmed.lines().find_map(|line| line.strip_prefix("size "));
            return Self::LfsPointer { bytes: size.and_then(|size| size.trim().parse().ok()) };
        }
        match trimmed.as_bytes().first() {
            Some(b'<')
                if lower.contains("<html") || lower.contains("<!doctype html") || lower.contains("<head") =>
            {
                Self::Html
            }
            Some(b'<') => Self::Xml { excerpt: excerpt() },
            Some(b'{' | b'[') => Self::Json { excerpt: excerpt() },
            _ => Self::Text { excerpt: excerpt() },
        }
    }
}

/// Whether bytes start like a dict, list or object in pickle protocols 0 and 1, which do not
/// declare their version.
fn is_old_pickle(first: &[u8]) -> bool {
    // An empty dict or list, then its memo index.
    if [&b"(dp"[..], b"(lp"].iter().any(|start| first.starts_with(start)) {
        return first.get(3).is_some_and(u8::is_ascii_digit);
    }
    if [&b"}q\0"[..], b"]q\0", b"(dq\0", b"(lq\0"].iter().any(|start| first.starts_with(start)) {
        return true;
    }
    // A class or function: its module and its name, each on its own line.
    let mut lines = first.splitn(3, |&byte| byte == b'\n');
    let name = |line: Option<&[u8]>| {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        line.is_some_and(|line| !line.is_empty() && line.iter().all(is_part))
    };
    let module = lines.next().and_then(|line| line.strip_prefix(b"c"));
    name(module)
        && name(lines.next())
        && lines.next().is_some_and(|rest| matches!(rest, [b'p' | b'q' | b'(' | b')', ..]))
}

/// The bytes as text, if they are valid UTF-8; the last character may be incomplete.
fn text(bytes: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let printable = |c: char| !c.is_control() || matches!(c, '\t' | '\r' | '\n');
    (text.len() >= 4 && text.chars().all(printable)).then_some(text)
}

/// Formats a number with thousands separators: 3944517836 → 3,944,517,836.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
