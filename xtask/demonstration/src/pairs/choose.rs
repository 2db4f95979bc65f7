//! Random choices among the emoji and styles of a set.

use std::collections::BTreeMap;

use crate::{
    catalogue::Concept,
    colour::Colour,
    content::{Arrangement, Content, Size, Subject},
    gallery::Gallery,
    language::Noun,
    look::{Kept, Look},
    random::Random,
    scene::{Scene, able},
    style::Style,
};

/// How often an image that may vary shows its set's unmodified drawing.
const PLAIN: f32 = 0.25;
/// Groups whose emoji may be mirrored.
const MIRRORED: [&str; 2] = ["animals-nature", "food-drink"];

/// The emoji and styles of a set.
pub(crate) struct Choices<'a> {
    pub(crate) gallery: &'a Gallery,
    pub(crate) styles: Vec<Style>,
    /// The set's name, for messages.
    pub(super) set: String,
    /// All emoji that one of the styles has.
    all: Vec<usize>,
    by_subgroup: BTreeMap<&'a str, Vec<usize>>,
    countable: Vec<usize>,
    colourable: Vec<usize>,
}

impl<'a> Choices<'a> {
    /// The emoji of `concepts` that one of `styles` has.
    pub(crate) fn new(gallery: &'a Gallery, concepts: &[usize], styles: &[Style], set: &str) -> Self {
        let has = |concept: &usize| styles.iter().any(|style| gallery.bitmap(*concept, *style).is_some());
        let all: Vec<usize> = concepts.iter().copied().filter(has).collect();
        let mut by_subgroup: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &concept in &all {
            by_subgroup.entry(&gallery.concepts[concept].subgroup).or_default().push(concept);
        }
        let of = |at: &usize| &gallery.concepts[*at];
        let countable = all.iter().copied().filter(|at| can_be_counted(of(at))).collect();
        let can_be_turned = |at: &usize| {
            can_be_coloured(of(at)) && styles.iter().any(|style| gallery.colourable(*at, *style))
        };
        let colourable = all.iter().copied().filter(can_be_turned).collect();
        Self { gallery, styles: styles.to_vec(), set: set.into(), all, by_subgroup, countable, colourable }
    }

    /// The number of emoji.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// All emoji, in order.
    pub(crate) fn all(&self) -> &[usize] {
        &self.all
    }

    pub(super) fn concept(&self, at: usize) -> &'a Concept {
        &self.gallery.concepts[at]
    }

    /// A random content, mostly a single emoji.
    pub(super) fn content(&self, random: &mut Random) -> Option<Content> {
        let subject = match random.weighted([(64.0, 0), (12.0, 1), (11.0, 2), (8.0, 3), (5.0, 4)]) {
            1 => self.coloured(random)?,
            2 => self.counted(random)?,
            3 => {
                let (first, second) = (self.any(random)?, self.any(random)?);
                let arrangement =
                    *random.pick(&[Arrangement::Beside, Arrangement::Beside, Arrangement::Above])?;
                if self.confused(first, second) || self.confused(second, first) {
                    return None;
                }
                Subject::Two { first, second, arrangement }
            }
            4 => {
                let (concept, size) =
                    (*random.pick(&self.countable)?, *random.pick(&[Size::Small, Size::Large])?);
                Subject::One { concept, colour: None, size: Some(size) }
            }
            _ => Subject::One { concept: self.any(random)?, colour: None, size: None },
        };
        let background = if random.chance(0.16) { self.background(&subject, random) } else { None };
        Some(Content { subject, background })
    }

    /// A random emoji.
    pub(super) fn any(&self, random: &mut Random) -> Option<usize> {
        random.pick(&self.all).copied()
    }

    /// An emoji in a colour that is not its own.
    pub(super) fn coloured(&self, random: &mut Random) -> Option<Subject> {
        let (concept, colour) = (*random.pick(&self.colourable)?, *random.pick(&Colour::HUES)?);
        Some(Subject::One { concept, colour: Some(colour), size: None })
    }

    /// Two to five of an emoji.
    pub(super) fn counted(&self, random: &mut Random) -> Option<Subject> {
        let (concept, count) = (*random.pick(&self.countable)?, 2 + random.below(4));
        let turned = random.chance(0.12) && self.colourable.contains(&concept);
        let colour = if turned { random.pick(&Colour::HUES).copied() } else { None };
        Some(Subject::Many { concept, count, colour })
    }

    /// A background colour for the caption, different from the emoji's named colours.
    pub(super) fn background(&self, subject: &Subject, random: &mut Random) -> Option<Colour> {
        let said = |colour: &Colour| match *subject {
            Subject::One { concept, colour: of, .. } | Subject::Many { concept, colour: of, .. } => {
                of.is_some_and(|of| of.near(*colour)) || self.concept(concept).name.contains(colour.name())
            }
            Subject::Two { .. } => false,
        };
        let free: Vec<Colour> = Colour::ALL.into_iter().filter(|colour| !said(colour)).collect();
        random.pick(&free).copied()
    }

    /// Another emoji of the same subgroup that the first's name does not describe.
    pub(super) fn sibling(&self, of: usize, random: &mut Random) -> Option<usize> {
        let siblings = self.by_subgroup.get(self.concept(of).subgroup.as_str())?;
        let fitting: Vec<usize> =
            siblings.iter().copied().filter(|other| !self.confused(of, *other)).collect();
        random.pick(&fitting).copied()
    }

    /// An emoji of another group without a common keyword.
    pub(super) fn stranger(&self, of: usize, random: &mut Random) -> Option<usize> {
        let (one, at) = (self.concept(of), self.any(random)?);
        let other = self.concept(at);
        let shared = one.tags.iter().any(|tag| other.tags.contains(tag));
        (one.group != other.group && !shared && !self.confused(of, at)).then_some(at)
    }

    /// Whether somebody might call `other` by the name of `of`: an eagle is a bird, a cat's face is
    /// a cat.
    pub(super) fn confused(&self, of: usize, other: usize) -> bool {
        let (one, other_one) = (self.concept(of), self.concept(other));
        let words: Vec<&str> = other_one.name.split(' ').collect();
        let all_said = one.name.split(' ').all(|word| words.contains(&word));
        // "cat face" describes "grinning cat" if the subgroup says that they are all cats' faces.
        let same_stem = one.stem == other_one.stem
            && one.name.split(' ').count() == other_one.name.split(' ').count()
            && !Colour::said_in(&one.name)
            && one.name.trim_end_matches('s') == other_one.name.trim_end_matches('s');
        of == other || all_said || same_stem || other_one.tags.contains(&one.name)
    }

    /// Varies the look, or leaves it as the set draws it.
    pub(super) fn varied(&self, mut scene: Scene, content: &Content, random: &mut Random) -> Scene {
        if random.chance(PLAIN) {
            return scene;
        }
        let concepts = || scene.emoji.iter().map(|placed| self.concept(placed.concept));
        let coloured = scene.emoji.iter().any(|placed| placed.colour.is_some());
        let colour = coloured || concepts().any(|concept| Colour::said_in(&concept.name));
        let sides = matches!(content.subject, Subject::Two { .. })
            || !concepts().all(|concept| MIRRORED.contains(&concept.group.as_str()));
        scene.look = Some(Look::choose(Kept { colour, sides, shape: false }, random));
        scene
    }

    /// An image of a content, in one of the set's styles.
    pub(super) fn stage(&self, content: &Content, random: &mut Random) -> Option<Scene> {
        Scene::stage(content, &self.styles, self.gallery, random)
    }

    /// The same content in another style, if there is one.
    pub(super) fn stage_otherwise(
        &self,
        content: &Content,
        than: Style,
        random: &mut Random,
    ) -> Option<Scene> {
        let mut others = able(content, &self.styles, self.gallery);
        if others.len() > 1 {
            others.retain(|style| *style != than);
        }
        Scene::stage(content, &others, self.gallery, random)
    }
}

/// Groups of countable things.
fn can_be_counted(concept: &Concept) -> bool {
    const GROUPS: [&str; 5] = ["animals-nature", "food-drink", "travel-places", "activities", "objects"];
    const SUBGROUPS: [&str; 2] = ["heart", "geometric"];
    const NOT: [&str; 6] = ["place-map", "place-geographic", "sky-weather", "event", "place-other", "hotel"];
    let group = GROUPS.contains(&concept.group.as_str()) && !NOT.contains(&concept.subgroup.as_str());
    let several = ["two", "and", "bunch", "pair", "with"];
    concept.noun == Noun::Count
        && (group || SUBGROUPS.contains(&concept.subgroup.as_str()))
        && concept.name.split(' ').count() < 4
        && !concept.name.split(' ').any(|word| several.contains(&word))
}

/// Groups of things that may have any colour: "a blue car".
fn can_be_coloured(concept: &Concept) -> bool {
    const NOT: [&str; 8] = [
        "place-map",
        "place-geographic",
        "sky-weather",
        "time",
        "money",
        "book-paper",
        "light-video",
        "award-medal",
    ];
    let named = [
        "tangerine",
        "gold",
        "silver",
        "snow",
        "cherry",
        "rainbow",
        "fire",
        "blood",
        "chocolate",
        "lemon",
        "lime",
    ];
    can_be_counted(concept)
        && !Colour::said_in(&concept.name)
        && !NOT.contains(&concept.subgroup.as_str())
        && !concept.name.split(' ').any(|word| named.contains(&word))
}
