//! Plots a ranking as SVG: the rating of each item with its interval.

use std::path::Path;

use plotters::prelude::*;

use super::ranking::Ranking;

/// Maximum number of items in the plot.
const DRAWN: usize = 60;
/// Width of the plot, height of a row, and height of everything else, in pixels.
const WIDTH: u32 = 900;
const ROW: u32 = 26;
const REST: u32 = 110;
/// Maximum number of characters of a name.
const NAME: usize = 28;
const INK: RGBColor = RGBColor(37, 99, 235);

/// Why a plot could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{file}: the plot cannot be written: {source}")]
pub struct PlotError {
    /// The file.
    pub file: String,
    /// The cause.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Plots the ratings of a ranking, the best at the top: a dot for each rating, a line for its
/// interval.
///
/// # Errors
///
/// If the file cannot be written.
pub fn plot(ranking: &Ranking, path: &Path) -> Result<(), PlotError> {
    let mut svg = String::new();
    let drawn = draw(ranking, &mut svg).and_then(|()| Ok(std::fs::write(path, svg)?));
    drawn.map_err(|source| PlotError { file: path.display().to_string(), source })
}

fn draw(ranking: &Ranking, svg: &mut String) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let items = &ranking.items[..ranking.items.len().min(DRAWN)];
    let ends = || items.iter().flat_map(|row| [row.rating.low, row.rating.high, row.rating.value]);
    let (low, high) = (ends().fold(f64::INFINITY, f64::min), ends().fold(f64::NEG_INFINITY, f64::max));
    let margin = ((high - low) * 0.05).max(10.0);
    let size = (WIDTH, REST + ROW * items.len() as u32);
    let area = SVGBackend::with_string(svg, size).into_drawing_area();
    area.fill(&WHITE)?;
    let title = if items.len() < ranking.items.len() {
        format!("Ratings with 95 % intervals: {} of {}", items.len(), ranking.items.len())
    } else {
        "Ratings with 95 % intervals".into()
    };
    let rows = items.len() as f64;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .caption(title, ("sans-serif", 16))
        .x_label_area_size(36)
        .y_label_area_size(210)
        .build_cartesian_2d(low - margin..high + margin, -rows..0.0)?;
    let name = |at: &f64| {
        // The middle of row n is at −n − ½.
        let row = items.get((-at).floor().max(0.0) as usize);
        let shown = |text: &str| {
            let mut name: String = super::table::printable(text).chars().take(NAME).collect();
            if name.chars().count() < text.chars().count() {
                name.push('…');
            }
            name
        };
        row.filter(|_| at.fract() != 0.0).map_or_else(String::new, |row| shown(&row.name))
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .disable_y_axis()
        .x_desc("rating (400 points are ten to one)")
        .draw()?;
    for (at, row) in items.iter().enumerate() {
        let y = -(at as f64) - 0.5;
        let interval = [(row.rating.low, y), (row.rating.high, y)];
        chart.draw_series([PathElement::new(interval, INK.stroke_width(2))])?;
        chart.draw_series([Circle::new((row.rating.value, y), 4, INK.filled())])?;
        let (_, top) = chart.backend_coord(&(row.rating.value, y));
        let style = ("sans-serif", 13).into_text_style(&area);
        area.draw(&Text::new(name(&y), (20, top - 6), style))?;
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::evaluate::{Comparison, RankOptions, rank};
    use pickscore_score::Label;

    fn ranking(names: &[String]) -> Ranking {
        let pair = |pair: &[String]| Comparison {
            left: pair[0].clone(),
            right: pair[1].clone(),
            verdict: Label::Left,
            prompt: pair[0].clone(),
            rater: None,
        };
        let choices: Vec<Comparison> = names.windows(2).map(pair).collect();
        let options = RankOptions { resamples: 20, orders: 2, ..RankOptions::default() };
        rank(&choices, &options, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    fn drawn(names: &[String]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ranking.svg");
        plot(&ranking(names), &path).unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn every_thing_has_a_name_a_dot_and_an_interval() {
        let names = ["alpha", "beta", "gamma"].map(str::to_owned);
        let svg = drawn(&names);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(names.iter().all(|name| svg.contains(name)), "{svg}");
    }

    #[test]
    fn names_cannot_be_markup() {
        let svg = drawn(&["</svg><script>alert(1)</script>".into(), "a\u{1b}[2J & b".into()]);
        assert!(!svg.contains("<script") && !svg.contains('\u{1b}'), "{svg}");
        assert_eq!(svg.matches("</svg>").count(), 1);
    }

    #[test]
    fn more_than_can_be_read_are_left_out() {
        let names: Vec<String> = (0..90).map(|at| format!("thing {at}")).collect();
        let svg = drawn(&names);
        assert_eq!(svg.matches("<circle").count(), DRAWN);
        assert!(svg.contains("60 of 90"));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let said = plot(&ranking(&["a".into(), "b".into()]), Path::new("/gone/ranking.svg"))
            .unwrap_err()
            .to_string();
        assert!(said.contains("/gone/ranking.svg"), "{said}");
    }
}
