//! One person's choice between two things.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use pickscore_score::Label;

/// One person's choice between two things: images, or what made them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// What was on one side: a model's name, an image's uid, a prompt template.
    pub left: String,
    /// What was on the other.
    pub right: String,
    /// Which was preferred.
    pub verdict: Label,
    /// The prompt that both were made for. Choices of one prompt are no independent evidence.
    #[serde(default)]
    pub prompt: String,
    /// Who chose, where that is known.
    #[serde(default)]
    pub rater: Option<String>,
}

/// A choice by numbers: `items[0]` is below `items[1]`, and `score` is what the first gets: 1, ½ or 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Game {
    /// The two items.
    pub items: [usize; 2],
    /// What the first of them gets.
    pub score: f64,
    /// What the game is drawn with when data sets are drawn: its prompt, its rater or itself.
    pub unit: usize,
}

/// What is drawn, with replacement, to see how sure a ranking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Prompts: the ranking for other prompts of the same kind. For models and templates.
    #[default]
    Prompts,
    /// Raters: the ranking by other people of the same kind.
    Raters,
    /// Single choices. For images, each of which has one prompt only.
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

/// Comparisons with their names numbered, in an order that does not depend on theirs.
#[derive(Debug, Clone, PartialEq)]
pub struct Games {
    /// What was compared, by name.
    pub names: Vec<String>,
    /// The games, sorted.
    pub games: Vec<Game>,
    /// Names of prompts, raters or nothing, whose places the games' units are.
    pub units: Vec<String>,
    /// Choices between a thing and itself, which tell nothing, and those where one has no name.
    pub left_out: usize,
}

impl Games {
    /// Numbers names in their order, and sorts the games.
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

/// Names and their places in order.
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
