//! All texts of a file, by name.

use serde_json::{Map, Value};

use super::{containers, json};

/// Most bytes of a text. ComfyUI's workflows have some hundred kilobytes.
pub(super) const LONGEST: usize = 4 << 20;
/// Most bytes of all texts of a file together.
const MOST_BYTES: usize = 16 << 20;
/// Most texts of a file.
const MOST: usize = 64;

/// Names under which a description of any format may stand, the most specific first.
const DESCRIPTIONS: [&str; 12] = [
    "parameters",
    "Parameters",
    "Exif.UserComment",
    "Xmp.UserComment",
    "Exif.ImageDescription",
    "Exif.XPComment",
    "Exif.Model",
    "Comment",
    "comment",
    "Xmp.description",
    "Description",
    "postprocessing",
];

/// Texts by name. PNG's have their keyword, the others a prefix: `Exif.UserComment`,
/// `Xmp.description`. JPEG's and GIF's comments are named `Comment`.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: Vec<(String, String)>,
    /// Those that are JSON objects, parsed once for all readers.
    objects: Vec<(String, Map<String, Value>)>,
    bytes: usize,
}

impl Texts {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut texts = Self::default();
        containers::read(bytes, &mut texts);
        let mut limits = json::Limits::default();
        for (name, text) in &texts.texts {
            if let Some(object) = json::object_within(text, &mut limits) {
                texts.objects.push((name.clone(), object));
            }
        }
        texts
    }

    /// Adds a text, unless that exceeds a limit.
    pub(super) fn add(&mut self, name: &str, text: String) {
        let fits = text.len() <= LONGEST && self.bytes + text.len() <= MOST_BYTES && self.texts.len() < MOST;
        if fits {
            self.bytes += text.len();
            self.texts.push((name.to_owned(), text));
        }
    }

    /// Whether nothing more will be added.
    pub(super) fn is_full(&self) -> bool {
        self.texts.len() >= MOST || self.bytes >= MOST_BYTES
    }

    /// The first text of this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str())
    }

    /// The first JSON object of this name.
    pub(super) fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.objects.iter().find(|(key, _)| key == name).map(|(_, object)| object)
    }

    /// Texts that may hold a description, the most likely first.
    pub(super) fn descriptions(&self) -> impl Iterator<Item = &str> {
        DESCRIPTIONS.iter().flat_map(|name| {
            self.texts.iter().filter(move |(key, _)| key == name).map(|(_, text)| text.as_str())
        })
    }

    /// JSON objects that may be a description, the most likely first.
    pub(super) fn described_objects(&self) -> impl Iterator<Item = &Map<String, Value>> {
        DESCRIPTIONS.iter().flat_map(|name| {
            self.objects.iter().filter(move |(key, _)| key == name).map(|(_, object)| object)
        })
    }
}
