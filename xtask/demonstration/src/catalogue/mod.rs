//! All emoji that can be drawn, each with its name and its drawing in every set that has one.

mod select;

use std::collections::{HashMap, HashSet};

use crate::{
    language::{self, Noun},
    packages::{Entry, Icon, IconSet, Names},
    style::Style,
};

/// Minimum number of emoji with a tag that captions use.
const COMMON: usize = 3;

/// An emoji.
#[derive(Debug, Clone)]
pub(crate) struct Concept {
    /// Its name in captions, in lower case: "red apple".
    pub(crate) name: String,
    /// Whether the name takes an article.
    pub(crate) noun: Noun,
    /// Emojibase's keywords in lower case, without those equal to the name.
    pub(crate) tags: Vec<String>,
    /// Tags that captions use: those shared with other emoji ("fruit", not "ripe").
    pub(crate) keywords: Vec<String>,
    /// Unicode's group: `food-drink`.
    pub(crate) group: String,
    /// Unicode's subgroup: `food-fruit`.
    pub(crate) subgroup: String,
    /// The part of the name shared with nearly identical emoji.
    pub(crate) stem: String,
}

/// All emoji and their drawings.
pub(crate) struct Catalogue {
    pub(crate) concepts: Vec<Concept>,
    /// `icons[concept][style.index()]`
    pub(crate) icons: Vec<[Option<Icon>; Style::ALL.len()]>,
}

impl Catalogue {
    /// The emoji that at least two of the `training` styles have, in Emojibase's order.
    pub(crate) fn new(names: &Names, sets: &[IconSet], training: &[Style]) -> Self {
        let known = |of: &HashMap<u32, String>, id: Option<u32>| id.and_then(|id| of.get(&id)).cloned();
        let mut uses: HashMap<String, usize> = HashMap::new();
        for tag in names.entries.iter().flat_map(|entry| &entry.tags) {
            *uses.entry(select::plain(tag)).or_default() += 1;
        }
        let mut taken = HashSet::new();
        let mut chosen: Vec<(Concept, &Entry)> = Vec::new();
        for entry in &names.entries {
            let groups = known(&names.groups, entry.group).zip(known(&names.subgroups, entry.subgroup));
            let Some((group, subgroup)) = groups else { continue };
            let Some(name) = select::name(entry, &subgroup) else { continue };
            if !taken.insert(name.clone()) {
                continue;
            }
            let tags = entry.tags.iter().map(|tag| select::plain(tag)).filter(|tag| *tag != name);
            let tags: Vec<String> = tags.collect();
            let common = |tag: &&String| uses.get(*tag).is_some_and(|count| *count >= COMMON);
            let keywords = tags.iter().filter(common).cloned().collect();
            let (noun, stem) = (language::noun(&name), select::stem(&name));
            chosen.push((Concept { name, noun, tags, keywords, group, subgroup, stem }, entry));
        }
        let mut icons = vec![[const { None }; Style::ALL.len()]; chosen.len()];
        let entries: Vec<&Entry> = chosen.iter().map(|(_, entry)| *entry).collect();
        for set in sets {
            for (found, icons) in join(set, sets, names, &entries).into_iter().zip(&mut icons) {
                icons[set.style.index()] = found.cloned();
            }
        }
        let drawn = |icons: &[Option<Icon>; Style::ALL.len()]| {
            training.iter().filter(|style| icons[style.index()].is_some()).count() > 1
        };
        let kept =
            chosen.into_iter().map(|(concept, _)| concept).zip(icons).filter(|(_, icons)| drawn(icons));
        let (concepts, icons) = kept.unzip();
        Self { concepts, icons }
    }

    /// The emoji with this name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.concepts.iter().position(|concept| concept.name == name)
    }
}

/// Each entry's icon in a set: by code points if the package lists them; else by its label, by the
/// name that another set gives the same code points, and finally by a short name that no other
/// emoji has.
fn join<'a>(set: &'a IconSet, sets: &[IconSet], names: &Names, entries: &[&Entry]) -> Vec<Option<&'a Icon>> {
    let codes: Vec<String> = entries.iter().map(|entry| code(&entry.hexcode)).collect();
    if set.has_codes() {
        return codes.iter().map(|code| set.icon(set.name_of_code(code)?)).collect();
    }
    let mut found: Vec<Option<&Icon>> = vec![None; entries.len()];
    let mut taken: HashSet<*const Icon> = HashSet::new();
    for step in 0..3 {
        for (at, entry) in
            entries.iter().enumerate().filter(|(at, _)| found[*at].is_none()).collect::<Vec<_>>()
        {
            let candidates: Vec<&str> = match step {
                0 => vec![&entry.label],
                1 => sets.iter().filter_map(|other| other.name_of_code(&codes[at])).collect(),
                _ => names.shortcodes.get(&entry.hexcode).into_iter().flatten().map(String::as_str).collect(),
            };
            let icon = candidates.into_iter().filter_map(|name| set.icon(name));
            // An icon belongs to the first emoji that matches it.
            found[at] = icon.into_iter().find(|icon| taken.insert(std::ptr::from_ref(*icon)));
        }
    }
    found
}

/// Code points in Iconify's notation.
fn code(hexcode: &str) -> String {
    let points = hexcode.split('-').filter(|point| *point != "FE0F");
    points.collect::<Vec<_>>().join("-").to_lowercase()
}
