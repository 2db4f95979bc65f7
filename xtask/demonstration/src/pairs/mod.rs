//! Pairs of images for a caption, planned before they are drawn.

mod choose;
mod preference;
mod pretrain;

use crate::{
    degradation::Degradation,
    fault::Fault,
    gallery::Gallery,
    scene::{Scene, View},
    style::Style,
};

pub(crate) use choose::Choices;

/// How often a random choice is repeated before a set is considered too small.
const TRIES: usize = 200;

/// A planned pair.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) caption: String,
    /// The kind of pair: `near-miss`, `blur` …
    pub(crate) kind: &'static str,
    pub(crate) images: [Shot; 2],
    pub(crate) preferred: Preferred,
}

/// One image of a pair.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shot {
    pub(crate) scene: Scene,
    pub(crate) degradation: Option<Degradation>,
}

/// Which image is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preferred {
    First,
    Second,
    Neither,
}

impl Shot {
    fn clean(scene: Scene) -> Self {
        Self { scene, degradation: None }
    }

    /// The set that it is drawn from.
    pub(crate) fn style(&self) -> Style {
        self.scene.style
    }

    /// The image as a file of `side` pixels.
    ///
    /// # Errors
    ///
    /// If it cannot be encoded.
    pub(crate) fn encode(&self, gallery: &Gallery, side: u32) -> Result<Vec<u8>, Fault> {
        let bytes = match self.degradation {
            Some(degradation) => degradation.encode(&self.scene, gallery, side)?,
            None => match self.scene.draw(gallery, side, View::WHOLE) {
                Some(picture) => Some(picture.png()?),
                None => None,
            },
        };
        bytes.ok_or_else(|| Fault::Encode { side, reason: "it has no pixels".into() })
    }
}

impl Recipe {
    /// A pair whose first image is better, in random order.
    fn better(caption: String, kind: &'static str, better: Shot, worse: Shot, swapped: bool) -> Self {
        if swapped {
            Self { caption, kind, images: [worse, better], preferred: Preferred::Second }
        } else {
            Self { caption, kind, images: [better, worse], preferred: Preferred::First }
        }
    }

    /// One emoji with its plain name, in two images that are nearly the same.
    pub(crate) fn retrieval(
        concept: usize,
        style: Style,
        gallery: &Gallery,
        random: &mut crate::random::Random,
    ) -> Option<Self> {
        let caption = crate::content::described(gallery.concepts.get(concept), &[]);
        let shot = Shot::clean(Scene::clean(concept, style, gallery, random)?);
        Some(Self { caption, kind: "retrieval", images: [shot.clone(), shot], preferred: Preferred::Neither })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{degradation, fixture, random::Random};

    fn recipes(styles: &[Style], concepts: &[usize], gallery: &Gallery, seed: u64) -> Vec<Recipe> {
        let choices = Choices::new(gallery, concepts, styles, "test");
        let one = |index| choices.preference(true, &mut Random::new(seed, "test", index)).unwrap();
        (0..1500).map(one).collect()
    }

    fn all(gallery: &Gallery) -> Vec<usize> {
        (0..gallery.concepts.len()).collect()
    }

    /// Whether a caption names the emoji that an image shows, in the right number.
    fn fits(recipe: &Recipe, shot: &Shot, gallery: &Gallery) -> bool {
        let words: Vec<&str> = recipe.caption.split([' ', ',']).collect();
        let emoji = &shot.scene.emoji;
        let named = emoji.iter().all(|placed| {
            let name = gallery.concepts[placed.concept].name.as_str();
            words.contains(&name) || words.contains(&crate::language::plural(name).as_str())
        });
        let counted = (2..=5).find(|count| words.contains(&crate::language::number(*count)));
        let of_one = emoji.iter().all(|placed| placed.concept == emoji[0].concept);
        named && counted.map_or(emoji.len() == 1 || !of_one, |count| emoji.len() == count)
    }

    #[test]
    fn the_preferred_image_fits_and_is_whole() {
        let gallery = fixture::gallery();
        for recipe in recipes(&Style::ALL, &all(&gallery), &gallery, 3) {
            let (better, worse) = match recipe.preferred {
                Preferred::First => (&recipe.images[0], Some(&recipe.images[1])),
                Preferred::Second => (&recipe.images[1], Some(&recipe.images[0])),
                Preferred::Neither => (&recipe.images[0], None),
            };
            assert!(better.degradation.is_none() && fits(&recipe, better, &gallery), "{recipe:?}");
            match worse {
                None => {
                    assert_eq!(recipe.kind, "tie");
                    assert!(
                        recipe.images[1].degradation.is_none() && fits(&recipe, &recipe.images[1], &gallery)
                    );
                }
                Some(worse) if degradation::NAMES.contains(&recipe.kind) => {
                    assert_eq!(worse.degradation.map(Degradation::name), Some(recipe.kind));
                    assert!(fits(&recipe, worse, &gallery));
                }
                Some(worse) => {
                    assert!(worse.degradation.is_none());
                    // If both show the named emoji in the right number, they differ in a colour.
                    let colours = |shot: &Shot| (shot.scene.emoji[0].colour, shot.scene.background.clone());
                    assert!(
                        !fits(&recipe, worse, &gallery) || colours(worse) != colours(better),
                        "{recipe:?}"
                    );
                    assert!(recipe.kind == "near-miss" || !fits(&recipe, worse, &gallery));
                }
            }
        }
    }

    #[test]
    fn kinds_and_sides_are_as_often_as_they_should_be() {
        let gallery = fixture::gallery();
        let recipes = recipes(&Style::ALL, &all(&gallery), &gallery, 4);
        let mut kinds: HashMap<&str, usize> = HashMap::new();
        for recipe in &recipes {
            *kinds.entry(recipe.kind).or_default() += 1;
        }
        assert_eq!(kinds.len(), 9);
        // 30, 12 and 7 %, within four standard deviations.
        assert!((379..521).contains(&kinds["near-miss"]), "{kinds:?}");
        assert!((130..231).contains(&kinds["tie"]) && (65..145).contains(&kinds["noise"]), "{kinds:?}");
        let first = recipes.iter().filter(|recipe| recipe.preferred == Preferred::First).count();
        let second = recipes.iter().filter(|recipe| recipe.preferred == Preferred::Second).count();
        assert!(first.abs_diff(second) < 150, "{first} {second}");
    }

    #[test]
    fn a_set_shows_its_own_emoji_in_its_own_styles() {
        let gallery = fixture::gallery();
        let (styles, concepts) = ([Style::Noto, Style::Fluent], [0, 1, 2, 3, 10, 11, 12, 20, 21]);
        let recipes = recipes(&styles, &concepts, &gallery, 5);
        for shot in recipes.iter().flat_map(|recipe| &recipe.images) {
            assert!(styles.contains(&shot.style()));
            assert!(shot.scene.emoji.iter().all(|placed| concepts.contains(&placed.concept)));
        }
    }

    #[test]
    fn ties_are_in_two_styles() {
        let gallery = fixture::gallery();
        let choices = Choices::new(&gallery, &all(&gallery), &Style::ALL, "test");
        for index in 0..300 {
            let recipe = choices.pretrain(true, &mut Random::new(6, "ties", index)).unwrap();
            assert_ne!(recipe.images[0].style(), recipe.images[1].style());
            assert!(recipe.images.iter().all(|shot| fits(&recipe, shot, &gallery)), "{recipe:?}");
        }
    }

    #[test]
    fn one_emoji_is_too_few_for_a_near_miss() {
        let gallery = fixture::gallery();
        let choices = Choices::new(&gallery, &[], &Style::ALL, "nothing");
        assert!(matches!(choices.preference(true, &mut Random::new(1, "few", 0)), Err(Fault::TooFew { .. })));
    }

    #[test]
    fn degraded_images_differ_from_their_originals() {
        let gallery = fixture::gallery();
        for recipe in recipes(&Style::ALL, &all(&gallery), &gallery, 8) {
            let Some(worse) = recipe.images.iter().find(|shot| shot.degradation.is_some()) else { continue };
            let pixels = |shot: &Shot| {
                let rgb = image::load_from_memory(&shot.encode(&gallery, 48).unwrap()).unwrap().into_rgb8();
                crate::picture::Picture { side: rgb.width(), rgb: rgb.into_raw() }
            };
            let difference = pixels(worse).difference(&pixels(&Shot::clean(worse.scene.clone())));
            assert!(difference > 2.0, "{} {difference} {:?}", recipe.kind, worse.degradation);
        }
    }
}
