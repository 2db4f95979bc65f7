//! Measures the decoding of files: `cargo run --release --example decode -- FILE…`.

#![allow(clippy::print_stdout, reason = "it prints what it measures")]

use std::{error::Error, time::Instant};

use pickscore_pixels::{Limits, decode};

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        let mut times = Vec::new();
        let mut size = (0, 0);
        for _ in 0..9 {
            let start = Instant::now();
            let image = decode(&bytes, &Limits::default())?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
            size = (image.width(), image.height());
        }
        times.sort_by(f64::total_cmp);
        let (median, least) = (times[times.len() / 2], times[0]);
        println!("{path}: {} × {}, median {median:.1} ms, least {least:.1} ms", size.0, size.1);
    }
    Ok(())
}
