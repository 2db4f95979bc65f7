//! A small catalogue of invented emoji for tests, which run without the packages.

use crate::{
    catalogue::{Catalogue, Concept},
    gallery::Gallery,
    language,
    packages::Icon,
    style::Style,
};

const COLOURS: [&str; 6] = ["#dc2626", "#e0a020", "#30a040", "#3060e0", "#9040c0", "#e070b0"];

/// Names by group and subgroup.
const NAMES: [(&str, &str, [&str; 10]); 4] = [
    (
        "animals-nature",
        "animal-mammal",
        ["cat", "dog", "fox", "mouse", "wolf", "goat", "ox", "bear", "otter", "zebra"],
    ),
    (
        "food-drink",
        "food-fruit",
        ["apple", "pear", "banana", "cherry", "lemon", "peach", "olive", "mango", "melon", "kiwi"],
    ),
    (
        "objects",
        "tool",
        ["hammer", "axe", "wrench", "saw", "hook", "clamp", "ladder", "magnet", "shield", "gear"],
    ),
    (
        "travel-places",
        "transport-ground",
        ["car", "bus", "tram", "taxi", "truck", "scooter", "tractor", "van", "sled", "train"],
    ),
];

/// Forty emoji, each with its own colour and shape, in every style.
pub(crate) fn catalogue() -> Catalogue {
    let (mut concepts, mut icons) = (Vec::new(), Vec::new());
    for (group, subgroup, names) in NAMES {
        for name in names {
            let at = concepts.len();
            concepts.push(Concept {
                name: name.into(),
                noun: language::noun(name),
                tags: vec![subgroup.into()],
                keywords: vec!["thing".into()],
                group: group.into(),
                subgroup: subgroup.into(),
                stem: name.into(),
            });
            icons.push(Style::ALL.map(|style| {
                let (colour, width) = (COLOURS[at % COLOURS.len()], 12 + (at * 7 + style.index()) % 18);
                let body = format!(
                    r##"<path fill="{colour}" d="M2 2h{width}v28H2z"/><path fill="#fff" d="M4 4h4v4H4z"/>"##
                );
                Some(Icon { body, left: 0.0, top: 0.0, width: 32.0, height: 32.0 })
            }));
        }
    }
    Catalogue { concepts, icons }
}

/// Its bitmaps, 40 pixels large.
pub(crate) fn gallery() -> Gallery {
    Gallery::draw(&catalogue(), &Style::ALL, &Style::ALL, 40)
}
