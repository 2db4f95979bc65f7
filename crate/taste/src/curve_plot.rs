//! Plots a curve as SVG: accuracies with their intervals against the number of choices.

use std::path::Path;

use plotters::prelude::*;

use pickscore_preferences::evaluate::Estimate;

use crate::curve::{Curve, CurvePoint};

/// Size of the plot in pixels.
const SIZE: (u32, u32) = (900, 480);
const TASTE: RGBColor = RGBColor(37, 99, 235);
const BASE: RGBColor = RGBColor(82, 82, 91);
const EVERYBODY: RGBColor = RGBColor(180, 83, 9);

/// Why a plot could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{file}: the plot cannot be written: {source}")]
pub struct CurvePlotError {
    /// The file.
    pub file: String,
    /// The cause.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Plots a curve: a line for each scorer, a bar for each interval.
///
/// # Errors
///
/// If the file cannot be written.
pub fn plot(curve: &Curve, path: &Path) -> Result<(), CurvePlotError> {
    let mut svg = String::new();
    let drawn = draw(curve, &mut svg).and_then(|()| Ok(std::fs::write(path, svg)?));
    drawn.map_err(|source| CurvePlotError { file: path.display().to_string(), source })
}

/// A line of the plot.
struct Line {
    name: &'static str,
    colour: RGBColor,
    /// By how much it is moved to the side, so that intervals do not cover each other.
    aside: f64,
    of: fn(&CurvePoint) -> Option<Estimate>,
}

const LINES: [Line; 3] = [
    Line { name: "base scorer", colour: BASE, aside: 0.985, of: |point| Some(point.base) },
    Line { name: "everybody's head", colour: EVERYBODY, aside: 1.0, of: |point| point.everybody },
    Line { name: "the person's own taste", colour: TASTE, aside: 1.015, of: |point| Some(point.taste) },
];

fn draw(curve: &Curve, svg: &mut String) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let all = || LINES.iter().flat_map(|line| curve.points.iter().filter_map(line.of));
    let low = all().map(|one| one.low).fold(1.0, f64::min);
    let high = all().map(|one| one.high).fold(0.0, f64::max);
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let margin = ((high - low) * 0.08).max(0.01);
    let sizes = || curve.points.iter().map(|point| point.choices as f64);
    let (first, last) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(1.0, f64::max));
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .caption("Accuracy on held-out choices, with 95 % intervals over people", ("sans-serif", 16))
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(
            ((first.min(last) * 0.85)..(last * 1.18)).log_scale(),
            (low - margin).max(0.0)..(high + margin).min(1.0),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("number of the person's choices")
        .y_desc("accuracy")
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{:.0} %", y * 100.0))
        .draw()?;
    for (row, Line { name, colour, aside, of }) in LINES.iter().enumerate() {
        let found: Vec<(f64, Estimate)> = curve
            .points
            .iter()
            .filter_map(|point| Some((point.choices as f64 * aside, of(point)?)))
            .collect();
        if found.is_empty() {
            continue;
        }
        chart.draw_series(LineSeries::new(
            found.iter().map(|(x, estimate)| (*x, estimate.value)),
            colour.stroke_width(2),
        ))?;
        for (x, estimate) in &found {
            let interval = [(*x, estimate.low), (*x, estimate.high)];
            chart.draw_series([PathElement::new(interval, colour.stroke_width(1))])?;
            chart.draw_series([Circle::new((*x, estimate.value), 4, colour.filled())])?;
        }
        let y = 48 + 20 * row as i32;
        area.draw(&PathElement::new([(96, y + 7), (116, y + 7)], colour.stroke_width(2)))?;
        area.draw(&Text::new(*name, (124, y), ("sans-serif", 13).into_text_style(&area)))?;
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: usize, everybody: bool) -> Curve {
        let of = |value: f64| Estimate { value, low: value - 0.02, high: value + 0.02 };
        let point = |at: usize| CurvePoint {
            choices: 10 << at,
            people: 5,
            tested: 100,
            base: of(0.6),
            taste: of(0.6 + 0.03 * at as f64),
            gain: of(0.03 * at as f64),
            everybody: everybody.then(|| of(0.61)),
        };
        Curve { people: 5, left_out: 0, points: (0..points).map(point).collect() }
    }

    fn drawn(curve: &Curve) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("curve.svg");
        plot(curve, &path).unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn every_accuracy_is_drawn() {
        let svg = drawn(&curve(4, true));
        assert_eq!(svg.matches("<circle").count(), 12);
        assert!(
            LINES
                .iter()
                .all(|line| svg.contains(&line.name.replace('\'', "&apos;")) || svg.contains(line.name))
        );
    }

    #[test]
    fn what_was_not_measured_has_no_line() {
        let svg = drawn(&curve(2, false));
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(!svg.contains("everybody"));
    }

    #[test]
    fn one_point_and_none_are_drawn() {
        assert_eq!(drawn(&curve(1, true)).matches("<circle").count(), 3);
        assert_eq!(drawn(&curve(0, true)).matches("<circle").count(), 0);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let said = plot(&curve(2, true), Path::new("/gone/curve.svg")).unwrap_err().to_string();
        assert!(said.contains("/gone/curve.svg"), "{said}");
    }
}
