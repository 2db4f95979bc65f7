//! The plot of a run's losses and validations, as SVG.

use std::path::Path;

use plotters::prelude::*;

use super::{error::TrainError, log::LogEntry};

/// Width and height in pixels.
const SIZE: (u32, u32) = (900, 420);
const LOSS: RGBColor = RGBColor(37, 99, 235);
const ACCURACY: RGBColor = RGBColor(217, 119, 6);

/// Plots the smoothed loss (left axis) and the accuracy of validations (right axis).
///
/// # Errors
///
/// Fails if the file cannot be written.
pub(super) fn plot(entries: &[LogEntry], path: &Path) -> Result<(), TrainError> {
    draw(entries, path)
        .map_err(|error| TrainError::Write { file: path.display().to_string(), reason: error.to_string() })
}

fn draw(entries: &[LogEntry], path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let steps = entries.last().map_or(1, |entry| entry.step + 1);
    let loss = smoothed(entries);
    let validations: Vec<(u64, f64, f64)> = entries
        .iter()
        .filter_map(|entry| entry.validation.map(|found| (entry.step + 1, found.loss, found.accuracy)))
        .collect();
    let highest = loss.iter().map(|&(_, loss)| loss).chain(validations.iter().map(|&(_, loss, _)| loss));
    let highest = highest.filter(|loss| loss.is_finite()).fold(f64::EPSILON, f64::max);

    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .right_y_label_area_size(52)
        .build_cartesian_2d(0..steps, 0.0..highest * 1.05)?
        .set_secondary_coord(0..steps, 0.0..1.0);
    chart.configure_mesh().light_line_style(TRANSPARENT).x_desc("step").y_desc("loss").draw()?;
    chart.configure_secondary_axes().y_desc("validation accuracy").draw()?;
    chart
        .draw_series(LineSeries::new(loss, LOSS.mix(0.5)))?
        .label("training loss")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], LOSS.mix(0.5)));
    chart
        .draw_series(LineSeries::new(
            validations.iter().map(|&(step, loss, _)| (step, loss)),
            LOSS.stroke_width(2),
        ))?
        .label("validation loss")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], LOSS.stroke_width(2)));
    chart
        .draw_secondary_series(LineSeries::new(
            validations.iter().map(|&(step, _, accuracy)| (step, accuracy)),
            ACCURACY.stroke_width(2),
        ))?
        .label("validation accuracy")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], ACCURACY.stroke_width(2)));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperMiddle)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    area.present()?;
    Ok(())
}

/// The loss, averaged over neighbouring steps so that there are at most 300 points.
fn smoothed(entries: &[LogEntry]) -> Vec<(u64, f64)> {
    let span = entries.len().div_ceil(300).max(1);
    entries
        .chunks(span)
        .map(|chunk| {
            let mean = chunk.iter().map(|entry| entry.loss).sum::<f64>() / chunk.len() as f64;
            (chunk[chunk.len() / 2].step, mean)
        })
        .collect()
}
