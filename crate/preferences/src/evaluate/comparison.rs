//! Choices between two items.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use pickscore_score::Label;

/// One person's choice between two items: images, models or prompt templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The item on the left: the name of a model, the uid of an image, a prompt template.
    pub left: String,
    /// The item on the right.
    pub right: String,
    /// The preferred side, or a tie.
    pub verdict: Label,
    /// The prompt of both. Choices about the same prompt are not independent.
    #[serde(default)]
    pub prompt: String,
    /// The rater, if known.
    #[serde(default)]
    pub rater: Option<String>,
}

/// A choice with numbered items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Game {
    /// The two items, the lower number first.
    pub items: [usize; 2],
    /// The points of the first item: 1, ½ or 0.
    pub score: f64,
    /// The unit that is resampled: the number of its prompt or rater, or its own number.
    pub unit: usize,
}

/// What is resampled for the intervals of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Prompts: the intervals cover other prompts of the same kind. For models and templates.
    #[default]
    Prompts,
    /// Raters: the intervals cover other raters of the same kind.
    Raters,
    /// Single choices. For images, which have only one prompt.
    Choices,
}

impl Unit {
    /// `"prompts"`, `"raters"` or `"choices"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prompts => "prompts",
            Self::Raters => "raters",
            Self::Choices => "choices",
        }
    }
}

/// Numbered and sorted comparisons, independent of their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Games {
    /// The names of the items.
    pub names: Vec<String>,
    /// The games, sorted.
    pub games: Vec<Game>,
    /// The names of the prompts or raters, by the number of the unit; empty names for single
    /// choices.
    pub units: Vec<String>,
    /// Number of choices between an item and itself, or with an item that has no name.
    pub left_out: usize,
}

impl Games {
    /// Numbers the names in alphabetical order, and sorts the games.
    pub fn new(comparisons: &[Comparison], unit: Unit) -> Self {
        let counted =
            |one: &&Comparison| one.left != one.right && !one.left.is_empty() && !one.right.is_empty();
        let kept: Vec<&Comparison> = comparisons.iter().filter(counted).collect();
        let names = numbered(kept.iter().flat_map(|one| [one.left.as_str(), one.right.as_str()]));
        let of_unit = |one: &Comparison| match unit {
            Unit::Prompts => one.prompt.clone(),
            Unit::Raters => one.rater.clone().unwrap_or_default(),
            Unit::Choices => String::new(),
        };
        let held: Vec<String> = kept.iter().map(|one| of_unit(one)).collect();
        let units = numbered(held.iter().map(String::as_str));
        let number =
            |numbers: &BTreeMap<&str, usize>, name: &str| numbers.get(name).copied().unwrap_or_default();
        let mut games: Vec<Game> = kept
            .iter()
            .zip(&held)
            .map(|(one, held)| {
                let items = [number(&names, &one.left), number(&names, &one.right)];
                let score = match one.verdict {
                    Label::Left => 1.0,
                    Label::Tie => 0.5,
                    Label::Right => 0.0,
                };
                let unit = number(&units, held);
                if items[0] < items[1] {
                    Game { items, score, unit }
                } else {
                    Game { items: [items[1], items[0]], score: 1.0 - score, unit }
                }
            })
            .collect();
        games.sort_by(|one, other| {
            (one.items, one.unit).cmp(&(other.items, other.unit)).then(one.score.total_cmp(&other.score))
        });
        let mut units: Vec<String> = units.into_keys().map(str::to_owned).collect();
        if unit == Unit::Choices {
            games.iter_mut().enumerate().for_each(|(at, game)| game.unit = at);
            units = vec![String::new(); games.len()];
        }
        let names = names.into_keys().map(str::to_owned).collect();
        Self { names, left_out: comparisons.len() - kept.len(), games, units }
    }
}

/// Numbers names in alphabetical order.
fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut numbers: BTreeMap<&str, usize> = names.map(|name| (name, 0)).collect();
    numbers.values_mut().enumerate().for_each(|(at, number)| *number = at);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(left: &str, right: &str, verdict: Label, prompt: &str) -> Comparison {
        Comparison { left: left.into(), right: right.into(), verdict, prompt: prompt.into(), rater: None }
    }

    #[test]
    fn sides_and_order_do_not_matter() {
        use Label::{Left, Right, Tie};
        let one = [
            comparison("b", "a", Left, "p"),
            comparison("a", "c", Tie, "q"),
            comparison("c", "c", Left, "p"),
            comparison("", "c", Left, "p"),
        ];
        let other = [comparison("c", "a", Tie, "q"), comparison("a", "b", Right, "p")];
        let (one, other) = (Games::new(&one, Unit::Prompts), Games::new(&other, Unit::Prompts));
        assert_eq!((&one.names, &one.games, &one.units), (&other.names, &other.games, &other.units));
        assert_eq!(
            (one.names, one.left_out, other.left_out),
            (["a", "b", "c"].map(str::to_owned).into(), 2, 0)
        );
        assert_eq!(one.games[0], Game { items: [0, 1], score: 0.0, unit: 0 });
        assert_eq!(one.games[1], Game { items: [0, 2], score: 0.5, unit: 1 });
    }

    #[test]
    fn every_choice_is_a_unit_of_its_own_where_asked() {
        let twice = [comparison("a", "b", Label::Left, "p"), comparison("a", "b", Label::Left, "p")];
        let games = Games::new(&twice, Unit::Choices);
        assert_eq!(games.games.iter().map(|game| game.unit).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(games.units.len(), 2);
    }
}
