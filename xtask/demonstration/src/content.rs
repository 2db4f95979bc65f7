//! What an image shows, and captions that say so.

use crate::{
    catalogue::Concept,
    colour::Colour,
    language::{self, Noun},
    random::Random,
};

/// What an image shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) subject: Subject,
    /// The background's colour, if the caption names it.
    pub(crate) background: Option<Colour>,
}

/// The emoji of an image, by their index in the gallery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One, possibly in a colour or size that the caption names.
    One { concept: usize, colour: Option<Colour>, size: Option<Size> },
    /// Two to five of the same.
    Many { concept: usize, count: usize, colour: Option<Colour> },
    /// Two different ones.
    Two { first: usize, second: usize, arrangement: Arrangement },
}

/// A size that captions name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Small,
    Large,
}

/// The arrangement of two emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrangement {
    Beside,
    /// The first above the second.
    Above,
}

impl Content {
    /// One emoji without further details.
    pub(crate) fn plain(concept: usize) -> Self {
        Self { subject: Subject::One { concept, colour: None, size: None }, background: None }
    }

    /// The first emoji that it shows.
    pub(crate) fn concept(&self) -> usize {
        match self.subject {
            Subject::One { concept, .. } | Subject::Many { concept, .. } => concept,
            Subject::Two { first, .. } => first,
        }
    }

    /// A random true caption, in lower case.
    pub(crate) fn caption(&self, concepts: &[Concept], random: &mut Random) -> String {
        let name =
            |concept: usize| concepts.get(concept).map(|concept| concept.name.as_str()).unwrap_or_default();
        let said = match self.subject {
            Subject::One { concept, colour: None, size: None } => match concepts.get(concept) {
                Some(concept) => one(concept, self.background.is_none(), random),
                None => String::new(),
            },
            Subject::One { concept, colour, size } => {
                let adjectives = [size.map(Size::name), colour.map(Colour::name)];
                let adjectives: Vec<&str> = adjectives.into_iter().flatten().collect();
                framed(&described(concepts.get(concept), &adjectives), random)
            }
            Subject::Many { concept, count, colour } => {
                let colour = colour.map(|colour| format!("{} ", colour.name())).unwrap_or_default();
                let several =
                    format!("{} {colour}{}", language::number(count), language::plural(name(concept)));
                framed(&several, random)
            }
            Subject::Two { first, second, arrangement } => {
                let [first, second] = [first, second].map(|concept| described(concepts.get(concept), &[]));
                let between = match arrangement {
                    Arrangement::Above => random.weighted([(1.0, "above"), (1.0, "and")]),
                    Arrangement::Beside => random.weighted([(1.0, "next to"), (1.0, "beside"), (2.0, "and")]),
                };
                framed(&format!("{first} {between} {second}"), random)
            }
        };
        match self.background {
            Some(colour) => format!("{said} on {} background", language::with_article(colour.name())),
            None => said,
        }
    }
}

impl Size {
    /// The adjective.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }
}

/// Sentence frames; `{}` is replaced by what is shown, with its article.
pub(crate) const FRAMES: [&str; 6] = [
    "an emoji of {}",
    "a drawing of {}",
    "a picture of {}",
    "an icon of {}",
    "an illustration of {}",
    "a cartoon of {}",
];

fn framed(what: &str, random: &mut Random) -> String {
    if random.chance(0.65) { what.into() } else { framed_always(what, random) }
}

fn framed_always(what: &str, random: &mut Random) -> String {
    let frame = random.pick(&FRAMES).copied().unwrap_or("{}");
    frame.replace("{}", what)
}

/// A caption of a single emoji; `ends` if no further detail follows.
fn one(concept: &Concept, ends: bool, random: &mut Random) -> String {
    let described = described(Some(concept), &[]);
    let tag = random.pick(&concept.keywords).filter(|tag| ends && tag.len() < 24);
    match (random.weighted([(30.0, 0), (32.0, 1), (26.0, 2), (5.0, 3), (7.0, 4)]), tag) {
        (0, _) => concept.name.clone(),
        (2, _) => framed_always(&described, random),
        (3, _) => format!("{} emoji", concept.name),
        (4, Some(tag)) => format!("{}, {tag}", concept.name),
        _ => described,
    }
}

/// A name with its adjectives, and an article if it takes one.
pub(crate) fn described(concept: Option<&Concept>, adjectives: &[&str]) -> String {
    let Some(concept) = concept else { return String::new() };
    let words: Vec<&str> = adjectives.iter().copied().chain([concept.name.as_str()]).collect();
    let words = words.join(" ");
    match concept.noun {
        Noun::Count => language::with_article(&words),
        Noun::Bare => words,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn concept(name: &str) -> Concept {
        Concept {
            name: name.into(),
            noun: language::noun(name),
            tags: vec!["thing".into()],
            keywords: vec!["thing".into()],
            group: "objects".into(),
            subgroup: "other".into(),
            stem: name.into(),
        }
    }

    /// All captions that a content can get.
    fn captions(content: Content) -> Vec<String> {
        let concepts = ["apple", "grapes", "kitchen knife"].map(concept);
        let all = (0..400).map(|at| content.caption(&concepts, &mut Random::new(1, "caption", at)));
        let mut all: Vec<String> = all.collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn one_emoji_is_said_in_many_ways() {
        let all = captions(Content::plain(0));
        for expected in [
            "apple",
            "an apple",
            "an emoji of an apple",
            "a drawing of an apple",
            "apple emoji",
            "apple, thing",
        ] {
            assert!(all.iter().any(|caption| caption == expected), "{expected} {all:?}");
        }
        assert!(captions(Content::plain(1)).contains(&"a picture of grapes".to_owned()));
    }

    #[test]
    fn colours_sizes_counts_and_backgrounds_are_said() {
        let one = Subject::One { concept: 0, colour: Some(Colour::Orange), size: Some(Size::Large) };
        assert!(
            captions(Content { subject: one, background: None }).contains(&"a large orange apple".to_owned())
        );
        let many = Subject::Many { concept: 2, count: 3, colour: None };
        let many = Content { subject: many, background: Some(Colour::Orange) };
        assert!(captions(many).contains(&"three kitchen knives on an orange background".to_owned()));
        let two = Subject::Two { first: 0, second: 1, arrangement: Arrangement::Above };
        assert!(
            captions(Content { subject: two, background: None })
                .contains(&"an apple above grapes".to_owned())
        );
    }
}
