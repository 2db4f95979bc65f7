//! Reads the text fields of XMP: descriptions, the user comment and the name of the program.

use roxmltree::{Document, Node, ParsingOptions};

use super::{
    encoding::{lossless, utf_16},
    fields::{MAX_LENGTH, TextFields},
};

/// Maximum number of XML nodes. Real packets have a few hundred.
const MAX_NODES: u32 = 20_000;
/// Maximum depth of elements. Real packets have about ten levels. The parser copies all namespaces
/// at each level that declares one.
const MAX_DEPTH: usize = 64;
/// Maximum number of attributes. The parser compares each with all others of its element.
const MAX_ATTRIBUTES: usize = 5000;

/// Properties to read: namespace, name, field name.
const PROPERTIES: [(&str, &str, &str); 4] = [
    ("http://ns.adobe.com/exif/1.0/", "UserComment", "Xmp.UserComment"),
    ("http://purl.org/dc/elements/1.1/", "description", "Xmp.description"),
    ("http://ns.adobe.com/tiff/1.0/", "ImageDescription", "Xmp.ImageDescription"),
    ("http://ns.adobe.com/xap/1.0/", "CreatorTool", "Xmp.CreatorTool"),
];

/// Adds the text fields of an XMP packet.
pub(super) fn read(packet: &[u8], fields: &mut TextFields) {
    if packet.len() > MAX_LENGTH {
        return;
    }
    let text = match packet {
        [b'<', 0, ..] | [0, b'<', ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => utf_16(packet, true),
        _ => lossless(packet),
    };
    let text = text.trim_matches(['\0', '\u{feff}', ' ', '\n', '\r', '\t']);
    let attributes = text.matches('=').count();
    if attributes > MAX_ATTRIBUTES || is_deep(text) {
        return;
    }
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(text, options) else { return };
    for (namespace, property, name) in PROPERTIES {
        // A property is an attribute or a child element of a description.
        let found = document.descendants().find_map(|node| {
            if node.has_tag_name((namespace, property)) {
                return content(node);
            }
            node.attribute((namespace, property)).map(str::to_owned)
        });
        if let Some(found) = found.filter(|text| !text.trim().is_empty()) {
            fields.add(name, found);
        }
    }
}

/// The text of a property. A list has one item per language; the first is used.
fn content(node: Node<'_, '_>) -> Option<String> {
    let item = node.descendants().find(|node| node.tag_name().name() == "li").unwrap_or(node);
    let text: String = item.children().filter_map(|child| child.text()).collect();
    (!text.trim().is_empty()).then_some(text)
}

/// Whether elements may be nested too deeply; estimated without parsing.
fn is_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(at, &byte)| {
        match (byte, bytes.get(at + 1)) {
            (b'<', Some(b'/')) => depth = depth.saturating_sub(1),
            (b'<', Some(b'?' | b'!')) => {}
            (b'<', _) => depth += 1,
            (b'/', Some(b'>')) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    })
}
