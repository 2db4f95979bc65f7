//! Pairs with a better image, and ties.

use super::{Choices, Recipe, Shot, TRIES};
use crate::{
    colour::{Colour, Oklab},
    content::{Content, Subject},
    degradation::{self, Degradation},
    fault::Fault,
    look::{Kept, Look},
    random::Random,
    scene::Scene,
};

/// An emoji's own colour that is closer than this to the named colour does not count as wrong.
const WRONG: f32 = 0.22;

impl Choices<'_> {
    /// A pair of random kind: about a third near misses, an eighth ties, a seventh mismatches; in
    /// the rest, one image is degraded. If `varied`, the drawings differ from their styles, but so
    /// little that the better image stays better.
    ///
    /// # Errors
    ///
    /// If the set is too small for a kind of pair.
    pub(crate) fn preference(&self, varied: bool, random: &mut Random) -> Result<Recipe, Fault> {
        let kind = random.weighted([
            (30.0, "near-miss"),
            (14.0, "mismatch"),
            (12.0, "tie"),
            (8.0, degradation::NAMES[0]),
            (7.0, degradation::NAMES[1]),
            (7.0, degradation::NAMES[2]),
            (8.0, degradation::NAMES[3]),
            (7.0, degradation::NAMES[4]),
            (7.0, degradation::NAMES[5]),
        ]);
        let planned = (0..TRIES).find_map(|_| match kind {
            "near-miss" => self.near_miss(random),
            "mismatch" => self.mismatch(random),
            "tie" => self.tie(&self.content(random)?, kind, random),
            _ => self.degraded(kind, random),
        });
        let mut recipe = planned.ok_or_else(|| Fault::TooFew { set: self.set.clone(), kind })?;
        if varied {
            vary(&mut recipe, random);
        }
        Ok(recipe)
    }

    fn pair(
        &self,
        content: &Content,
        kind: &'static str,
        worse: Shot,
        random: &mut Random,
    ) -> Option<Recipe> {
        let better = Shot::clean(self.stage(content, random)?);
        let caption = content.caption(&self.gallery.concepts, random);
        Some(Recipe::better(caption, kind, better, worse, random.chance(0.5)))
    }

    /// The worse image differs in one thing: a related emoji, another colour, count or background.
    fn near_miss(&self, random: &mut Random) -> Option<Recipe> {
        let (content, worse) = match random.weighted([(50.0, 0), (22.0, 1), (20.0, 2), (8.0, 3)]) {
            0 => {
                let content = self.content(random)?;
                (content, self.stage(&self.with_sibling(&content, random)?, random)?)
            }
            1 => {
                let content = Content { subject: self.coloured(random)?, background: None };
                (content, self.wrong_colour(&content, random)?)
            }
            2 => {
                let content = Content { subject: self.counted(random)?, background: None };
                (content, self.stage(&wrong_count(&content, random)?, random)?)
            }
            _ => {
                let subject = Content::plain(self.any(random)?).subject;
                let said = self.background(&subject, random)?;
                let others: Vec<Colour> = Colour::ALL.into_iter().filter(|other| !other.near(said)).collect();
                let other = random.pick(&others).copied();
                let content = Content { subject, background: Some(said) };
                (content, self.stage(&Content { subject, background: other }, random)?)
            }
        };
        self.pair(&content, "near-miss", Shot::clean(worse), random)
    }

    /// Replaces one emoji by a related one.
    fn with_sibling(&self, content: &Content, random: &mut Random) -> Option<Content> {
        let subject = match content.subject {
            Subject::One { concept, colour, size } => {
                Subject::One { concept: self.sibling(concept, random)?, colour, size }
            }
            Subject::Many { concept, count, colour } => {
                Subject::Many { concept: self.sibling(concept, random)?, count, colour }
            }
            Subject::Two { first, second, arrangement } => {
                let exchanged = self.sibling(second, random).filter(|other| *other != first)?;
                Subject::Two { first, second: exchanged, arrangement }
            }
        };
        Some(Content { subject, ..*content })
    }

    /// The same emoji in a wrong colour: its own if that differs, else another.
    fn wrong_colour(&self, content: &Content, random: &mut Random) -> Option<Scene> {
        let Subject::One { concept, colour: Some(said), size } = content.subject else { return None };
        let own = random.chance(0.4);
        let others: Vec<Colour> = Colour::HUES.into_iter().filter(|other| !other.near(said)).collect();
        let colour = if own { None } else { Some(*random.pick(&others)?) };
        let subject = Subject::One { concept, colour, size };
        let scene = self.stage(&Content { subject, ..*content }, random)?;
        if own {
            let main = self.gallery.bitmap(concept, scene.style)?.main?;
            let target = Oklab::of(said.rgb());
            let same_hue = crate::colour::hue_apart(main.colour.hue(), target.hue()) < 0.7;
            if same_hue || main.colour.distance(target) < WRONG {
                return None;
            }
        }
        Some(scene)
    }

    /// The worse image shows something unrelated.
    fn mismatch(&self, random: &mut Random) -> Option<Recipe> {
        let content = self.content(random)?;
        let other = self.stranger(content.concept(), random)?;
        if let Subject::Two { second, .. } = content.subject
            && self.confused(second, other)
        {
            return None;
        }
        let plain = Content { background: content.background, ..Content::plain(other) };
        let worse = self.stage(&plain, random)?;
        self.pair(&content, "mismatch", Shot::clean(worse), random)
    }

    /// The worse image is degraded: half of the time the same image, else another of the same
    /// content.
    fn degraded(&self, kind: &'static str, random: &mut Random) -> Option<Recipe> {
        let content = self.content(random)?;
        // A crop of several emoji may still show the others.
        if kind == "crop" && !matches!(content.subject, Subject::One { .. }) {
            return None;
        }
        let better = self.stage(&content, random)?;
        let scene = if random.chance(0.5) { better.clone() } else { self.stage(&content, random)? };
        let degradation = Degradation::choose(kind, &scene, random);
        let worse = Shot { scene, degradation: Some(degradation) };
        let caption = content.caption(&self.gallery.concepts, random);
        Some(Recipe::better(caption, degradation.name(), Shot::clean(better), worse, random.chance(0.5)))
    }
}

/// Gives half of the images other colours and outlines; two images of one scene get the same.
fn vary(recipe: &mut Recipe, random: &mut Random) {
    let same = recipe.images[0].scene == recipe.images[1].scene;
    let mut look = || {
        let kept = Kept { colour: true, sides: true, shape: true };
        random.chance(0.5).then(|| Look::choose(kept, random))
    };
    let first = look();
    let second = if same { first } else { look() };
    for (shot, look) in recipe.images.iter_mut().zip([first, second]) {
        shot.scene.look = look;
    }
}

/// The same emoji in another number, possibly one.
fn wrong_count(content: &Content, random: &mut Random) -> Option<Content> {
    let Subject::Many { concept, count, colour } = content.subject else { return None };
    let others: Vec<usize> = (1..=5).filter(|other| *other != count).collect();
    let subject = match *random.pick(&others)? {
        1 => Subject::One { concept, colour, size: None },
        count => Subject::Many { concept, count, colour },
    };
    Some(Content { subject, ..*content })
}
