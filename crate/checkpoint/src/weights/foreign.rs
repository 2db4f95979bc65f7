//! Files that are no weights: recognised by their first bytes, so that the message can name what was found.

/// Bytes that are enough to recognise any of them.
pub(super) const ENOUGH: usize = 512;
/// Characters of a text that a message repeats.
const EXCERPT: usize = 120;

/// Something else where weights were expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForeignFile {
    /// What git-lfs leaves where it has not fetched the file.
    #[error("is a git-lfs pointer{}, not the weights: run `git lfs pull` in its repository, or download the file itself",
        .bytes.map(|bytes| format!(" to a file of {} bytes", grouped(bytes))).unwrap_or_default())]
    LfsPointer {
        /// Bytes of the file that it points to, where it says so.
        bytes: Option<u64>,
    },
    /// A page, which servers also send with status 200.
    #[error(
        "is an HTML page, no safetensors file or PyTorch checkpoint: the server answered with a page, \
        perhaps because the address is wrong or needs a login"
    )]
    Html,
    /// XML, as storage services describe errors.
    #[error("is an XML document, no safetensors file or PyTorch checkpoint: it begins with {excerpt:?}")]
    Xml {
        /// Its beginning.
        excerpt: String,
    },
    /// JSON: an error of a server, or a configuration.
    #[error("is a JSON document, no safetensors file or PyTorch checkpoint: it begins with {excerpt:?}")]
    Json {
        /// Its beginning.
        excerpt: String,
    },
    /// Any other text.
    #[error("is a text file, no safetensors file or PyTorch checkpoint: it begins with {excerpt:?}")]
    Text {
        /// Its beginning.
        excerpt: String,
    },
    /// A checkpoint or an archive of another kind.
    #[error("is {kind}, no safetensors file or PyTorch checkpoint{hint}")]
    Other {
        /// What it is.
        kind: &'static str,
        /// What can be done, after a colon.
        hint: &'static str,
    },
}

const UNPACK: &str = ": unpack it first";
const EXPORTED: &str = ": use the checkpoint that it was exported from";

/// First bytes, where they begin, and what they say.
const MAGIC: [(usize, &[u8], &str, &str); 11] = [
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
    (4, b"TFL3", "a TensorFlow Lite model", EXPORTED),
    (
        257,
        b"ustar",
        "a tar archive",
        ": if PyTorch before 0.1.10 wrote it, load it with torch and save it again, else unpack it first",
    ),
];

impl ForeignFile {
    /// What a file is that begins with these bytes; [`ENOUGH`] of them, unless the file is shorter. `None` where nothing is known of it.
    pub(super) fn recognise(first: &[u8]) -> Option<Self> {
        let known =
            MAGIC.iter().find(|(at, magic, ..)| first.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
        if let Some(&(.., kind, hint)) = known {
            return Some(Self::Other { kind, hint });
        }
        if let Some(text) = text(first) {
            return Some(Self::of_text(text));
        }
        let holds = |word: &[u8]| first.windows(word.len()).any(|window| window == word);
        match first {
            // Protocol buffers: the version of the format, then the name of the program that wrote it.
            [0x08, 1..=32, 0x12, ..] if holds(b"pytorch") || holds(b"onnx") || holds(b"tf2onnx") => {
                Some(Self::Other { kind: "an ONNX model", hint: EXPORTED })
            }
            // A map whose first key is a short text.
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
        let excerpt = || trimmed.chars().take(EXCERPT).collect::<String>();
        let lower = trimmed.get(..trimmed.len().min(ENOUGH)).unwrap_or(trimmed).to_ascii_lowercase();
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

/// The bytes as text, where they are one. The last character may be cut.
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

/// 3944517836 → 3,944,517,836
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
