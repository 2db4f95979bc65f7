//! The text fields of an image file, by name.

use serde_json::{Map, Value};

use super::json;

/// Maximum size of a field in bytes. ComfyUI's workflows have a few hundred kilobytes.
pub(super) const MAX_LENGTH: usize = 4 << 20;
/// Maximum size of all fields of a file in bytes.
const MAX_BYTES: usize = 16 << 20;
/// Maximum number of fields of a file.
const MAX_FIELDS: usize = 64;

/// Fields that may contain generation settings in any format, the most specific first.
const CANDIDATES: [&str; 12] = [
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

/// Text fields by name. A PNG text chunk is named by its keyword; other fields have a prefix, such
/// as `Exif.UserComment` or `Xmp.description`. JPEG and GIF comments are named `Comment`.
#[derive(Debug, Default)]
pub(super) struct TextFields {
    fields: Vec<(String, String)>,
    /// The fields that are JSON objects, parsed once for all readers.
    objects: Vec<(String, Map<String, Value>)>,
    json_limits: json::Limits,
    bytes: usize,
}

impl TextFields {
    /// Adds a field, unless it exceeds a limit.
    pub(super) fn add(&mut self, name: &str, text: String) {
        let fits = text.len() <= MAX_LENGTH
            && self.bytes + text.len() <= MAX_BYTES
            && self.fields.len() < MAX_FIELDS;
        if fits {
            self.bytes += text.len();
            if let Some(object) = json::object_within(&text, &mut self.json_limits) {
                self.objects.push((name.to_owned(), object));
            }
            self.fields.push((name.to_owned(), text));
        }
    }

    /// Whether the limits leave no room for another field.
    pub(super) fn is_full(&self) -> bool {
        self.fields.len() >= MAX_FIELDS || self.bytes >= MAX_BYTES
    }

    /// The first field with this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str())
    }

    /// The first JSON object with this name.
    pub(super) fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.objects.iter().find(|(key, _)| key == name).map(|(_, object)| object)
    }

    /// Fields that may contain generation settings, the most specific first.
    pub(super) fn candidates(&self) -> impl Iterator<Item = &str> {
        CANDIDATES.iter().flat_map(|name| {
            self.fields.iter().filter(move |(key, _)| key == name).map(|(_, text)| text.as_str())
        })
    }

    /// JSON objects that may contain generation settings, the most specific first.
    pub(super) fn candidate_objects(&self) -> impl Iterator<Item = &Map<String, Value>> {
        CANDIDATES.iter().flat_map(|name| {
            self.objects.iter().filter(move |(key, _)| key == name).map(|(_, object)| object)
        })
    }
}
