//! The npm packages: Iconify's emoji sets and Emojibase's names.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::Read,
    path::Path,
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::{fault::Fault, style::Style};

/// Maximum size of a file that is read; the largest set has 104 MB.
const LONGEST: u64 = 256 << 20;

/// An emoji set.
pub(crate) struct IconSet {
    pub(crate) style: Style,
    pub(crate) about: About,
    icons: HashMap<String, Icon>,
    /// Code points (`1f34e`, joined by `-`, without variation selectors) → name; empty if the
    /// package lists none.
    by_code: HashMap<String, String>,
    /// Name reduced to letters and digits → name.
    by_letters: HashMap<String, String>,
}

/// Where a set comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) title: String,
    pub(crate) author: String,
    pub(crate) source: String,
    /// SPDX identifier.
    pub(crate) licence: String,
    pub(crate) version: String,
}

/// An icon's drawing: the contents of an `<svg>` with this view box.
#[derive(Debug, Clone)]
pub(crate) struct Icon {
    pub(crate) body: String,
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

/// An entry of Emojibase's `data.json`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) label: String,
    pub(crate) hexcode: String,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    pub(crate) group: Option<u32>,
    pub(crate) subgroup: Option<u32>,
    pub(crate) gender: Option<serde_json::Value>,
}

/// Emojibase's English names, and its group names.
pub(crate) struct Names {
    pub(crate) version: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) groups: HashMap<u32, String>,
    pub(crate) subgroups: HashMap<u32, String>,
    /// Short names by hexcode.
    pub(crate) shortcodes: HashMap<String, Vec<String>>,
}

impl IconSet {
    /// Reads `@iconify-json/<style>` of a `node_modules`.
    ///
    /// # Errors
    ///
    /// If a file is missing, too large or malformed.
    pub(crate) fn read(packages: &Path, style: Style) -> Result<Self, Fault> {
        let folder = packages.join("@iconify-json").join(style.name());
        let file: IconFile = read(&folder.join("icons.json"))?;
        let info: Info = read(&folder.join("info.json"))?;
        let Version { version } = read(&folder.join("package.json"))?;
        let by_code: HashMap<String, String> = read(&folder.join("chars.json"))?;
        let side = |own: Option<f32>, set: Option<f32>| own.or(set).unwrap_or(16.0);
        let mut icons: HashMap<String, Icon> = HashMap::new();
        for (name, icon) in file.icons {
            let (width, height) = (side(icon.width, file.width), side(icon.height, file.height));
            icons.insert(name, Icon { body: icon.body, left: icon.left, top: icon.top, width, height });
        }
        for (name, alias) in file.aliases {
            // Aliases that rotate or mirror their parent are different images, which the catalogue
            // does not need.
            if let (true, Some(icon)) = (alias.other.is_empty(), icons.get(&alias.parent).cloned()) {
                icons.entry(name).or_insert(icon);
            }
        }
        let mut names: Vec<&String> = icons.keys().collect();
        names.sort_unstable();
        let by_letters = names.into_iter().rev().map(|name| (letters(name), name.clone())).collect();
        let about = About {
            title: info.name,
            author: info.author.name,
            source: info.author.url,
            licence: info.license.spdx,
            version,
        };
        Ok(Self { style, about, icons, by_code, by_letters })
    }

    /// The name of the icon for these code points, if the package lists them.
    pub(crate) fn name_of_code(&self, code: &str) -> Option<&str> {
        self.by_code.get(code).map(String::as_str)
    }

    /// Whether the package lists code points.
    pub(crate) fn has_codes(&self) -> bool {
        !self.by_code.is_empty()
    }

    /// The icon with this name, whatever separates its words.
    pub(crate) fn icon(&self, name: &str) -> Option<&Icon> {
        self.icons.get(name).or_else(|| self.icons.get(self.by_letters.get(&letters(name))?))
    }
}

impl Names {
    /// Reads `emojibase-data` of a `node_modules`.
    ///
    /// # Errors
    ///
    /// If a file is missing, too large or malformed.
    pub(crate) fn read(packages: &Path) -> Result<Self, Fault> {
        let folder = packages.join("emojibase-data");
        let Version { version } = read(&folder.join("package.json"))?;
        let entries = read(&folder.join("en/data.json"))?;
        let groups: Groups = read(&folder.join("meta/groups.json"))?;
        let mut shortcodes: HashMap<String, Vec<String>> = HashMap::new();
        for name in ["cldr", "emojibase", "github", "joypixels", "iamcal"] {
            let path = folder.join("en/shortcodes").join(name).with_extension("json");
            for (hexcode, codes) in read::<HashMap<String, OneOrMany>>(&path)? {
                shortcodes.entry(hexcode).or_default().extend(codes.into_vec());
            }
        }
        Ok(Self { version, entries, groups: groups.groups, subgroups: groups.subgroups, shortcodes })
    }
}

/// A name's letters and digits in lower case, without the accents that emoji names have.
pub(crate) fn letters(name: &str) -> String {
    let plain = |letter: char| match letter {
        'ñ' => 'n',
        'ô' => 'o',
        'é' => 'e',
        'ã' => 'a',
        'í' => 'i',
        'ç' => 'c',
        other => other,
    };
    name.to_lowercase().chars().map(plain).filter(char::is_ascii_alphanumeric).collect()
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Fault> {
    let file = || path.display().to_string();
    let fault = |error| Fault::Read { file: file(), error };
    let found = fs::metadata(path).map_err(fault)?.len();
    if found > LONGEST {
        return Err(Fault::TooLarge { file: file(), found, most: LONGEST });
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes)).map_err(fault)?;
    serde_json::from_slice(&bytes).map_err(|error| Fault::Malformed { file: file(), error })
}

#[derive(Deserialize)]
struct IconFile {
    width: Option<f32>,
    height: Option<f32>,
    icons: HashMap<String, IconEntry>,
    #[serde(default)]
    aliases: HashMap<String, Alias>,
}

#[derive(Deserialize)]
struct IconEntry {
    body: String,
    #[serde(default)]
    left: f32,
    #[serde(default)]
    top: f32,
    width: Option<f32>,
    height: Option<f32>,
}

#[derive(Deserialize)]
struct Alias {
    parent: String,
    #[serde(flatten)]
    other: HashMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Info {
    name: String,
    author: Author,
    license: License,
}

#[derive(Deserialize)]
struct Author {
    name: String,
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct License {
    spdx: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct Groups {
    groups: HashMap<u32, String>,
    subgroups: HashMap<u32, String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}
