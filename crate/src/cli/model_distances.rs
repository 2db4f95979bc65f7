//! `pickscore evaluate --rank models --distance METRIC`: how far each model's images are from
//! reference images, against people's ranking.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    choices::{self, Choices, Naming},
    distance::at_least_two,
    fault::{self, Fault},
    features::{Encoder, Metric, Set, distance},
    images::{self, Wanted},
    load::{self, ranking_bar, show},
    skipped::Skipped,
    text::counted,
};
use crate::{
    dataset::{Columns, DatasetFiles, SoundRows},
    evaluate::{
        Bootstrap, DistanceRow, RankOptions,
        scorer_means::{Valued, correlate_values},
    },
    scorer::OpenOptions,
};

/// The distance, and what it is measured with.
#[derive(Debug, Args)]
pub(super) struct DistanceOptions {
    /// Correlate the ranking with a distance of each model's images to --reference.
    #[arg(long, value_enum, value_name = "METRIC", requires_all = ["rank", "reference"])]
    pub(super) distance: Option<Metric>,
    /// Folder of reference images for --distance.
    #[arg(long, value_name = "DIR", requires = "distance")]
    reference: Option<PathBuf>,
    /// CLIP model for --distance; for fid, the file of its network.
    #[arg(long, value_name = "DIR|FILE", requires = "distance")]
    encoder: Option<PathBuf>,
}

/// Images whose features are added to a set at once.
const BATCH: usize = 16;

/// What to measure, checked before models are loaded.
pub(super) struct Distances<'a> {
    metric: Metric,
    encoder: Option<&'a PathBuf>,
    folder: &'a Path,
    reference: Vec<PathBuf>,
}

impl<'a> Distances<'a> {
    /// `None` if no distance was asked for.
    pub(super) fn new(options: &'a DistanceOptions, naming: Option<&Naming>) -> Result<Option<Self>, Fault> {
        let (Some(metric), Some(folder)) = (options.distance, &options.reference) else { return Ok(None) };
        if matches!(naming, None | Some(Naming::Images)) {
            let reason = "--distance compares sets of images; it needs --rank models or --rank templates";
            return Err(Fault::Usage { reason: reason.into() });
        }
        if !folder.is_dir() {
            let path = folder.display().to_string();
            return Err(Fault::Input { path, reason: "expected a folder of images".into() });
        }
        let listed = images::list(std::slice::from_ref(folder), Wanted::Pixels)?;
        listed.report_unread(false)?;
        Ok(Some(Self { metric, encoder: options.encoder.as_ref(), folder, reference: listed.files }))
    }

    /// Checks the files of the encoder.
    pub(super) fn check(&self, options: &OpenOptions) -> Result<(), Fault> {
        Encoder::check(self.metric, self.model(), options)
    }

    /// The option that names the encoder, and its value.
    fn model(&self) -> (&'static str, Option<&Path>) {
        ("--encoder", self.encoder.map(PathBuf::as_path))
    }

    /// The correlation of the distances with the ranking; reported and `None` if there is none.
    pub(super) fn correlate(
        &self,
        (options, threads): (&OpenOptions, Option<u16>),
        (data, naming): (&DatasetFiles, &Naming),
        (choices, rank_options): (&Choices, &RankOptions),
        said: &mut HashSet<String>,
    ) -> Result<Option<DistanceRow>, Fault> {
        let encoder = Encoder::open(self.metric, self.model(), options, threads)?;
        let reference = Set::of_files(&encoder, self.metric, &self.reference, false, &mut |_, _| {})?;
        at_least_two(self.folder, reference.count())?;
        let bootstrap = Bootstrap { resamples: 0, seed: 0 };
        let mut values = Vec::new();
        let mut few = usize::from(reference.too_few("").is_some());
        for (item, set) in self.sets(&encoder, data, naming, said)? {
            few += usize::from(set.too_few("").is_some());
            // A single image has no covariance.
            if let Some((value, _)) = distance(&set, &reference, &bootstrap) {
                values.push(Valued { item, value, images: set.count() });
            }
        }
        if few > 0 {
            let (sets, features) = (counted(few, "set"), reference.features());
            fault::report(&format!(
                "warning: {sets} of images with no more images than the {features} features; such distances say little"
            ));
        }
        let bar = ranking_bar();
        let found =
            correlate_values(&choices.ranked, &values, rank_options, &mut |progress| show(&bar, progress));
        bar.finish_and_clear();
        let Some(correlation) = found? else {
            fault::report(&format!(
                "{}: no correlation, because fewer than three items are both ranked and have two images, or all are alike",
                self.metric.name()
            ));
            return Ok(None);
        };
        let (metric, encoder) = (self.metric.name().into(), encoder.name().into());
        Ok(Some(DistanceRow { metric, encoder, reference: reference.count(), correlation }))
    }

    /// The images of each item in a dataset, each image once.
    fn sets(
        &self,
        encoder: &Encoder,
        data: &DatasetFiles,
        naming: &Naming,
        said: &mut HashSet<String>,
    ) -> Result<BTreeMap<String, Set>, Fault> {
        let bar = load::bar("{msg} {wide_bar} {pos}/{len} ({eta} left)");
        bar.set_message("Features");
        bar.set_length(data.rows());
        let mut sets: BTreeMap<String, (Set, Vec<Vec<f32>>)> = BTreeMap::new();
        let (mut seen, mut skipped) = (HashSet::new(), Skipped::new("row"));
        for &group in data.groups() {
            let SoundRows { rows, faults, .. } = data.read_sound(group, Columns::All)?;
            faults.iter().for_each(|fault| skipped.add(None, fault.to_string()));
            let named = rows.iter().flat_map(|row| row.images.iter().map(move |image| (row, image)));
            let named = named.filter_map(|(row, image)| {
                let uid = choices::uid(image);
                let item = naming.name(image, &uid);
                (!item.is_empty() && seen.insert((item.clone(), uid))).then_some((row, image, item))
            });
            let named: Vec<_> = named.collect();
            for batch in named.chunks(encoder.batch()) {
                let encoded: Vec<&[u8]> = batch.iter().map(|(_, image, _)| image.bytes.as_slice()).collect();
                for ((row, _, item), features) in batch.iter().zip(encoder.features(self.metric, &encoded)?) {
                    match features {
                        Ok(features) => {
                            let new = || (Set::new(self.metric), Vec::new());
                            let (set, waiting) = sets.entry(item.clone()).or_insert_with(new);
                            waiting.push(features);
                            if waiting.len() == BATCH {
                                set.add(&std::mem::take(waiting));
                            }
                        }
                        Err(error) => skipped.add(Some(row.ranking_id), format!("an image: {error}")),
                    }
                }
            }
            bar.inc(group.rows);
        }
        bar.finish_and_clear();
        skipped.report(said);
        let finished = sets.into_iter().map(|(item, (mut set, waiting))| {
            set.add(&waiting);
            (item, set)
        });
        Ok(finished.collect())
    }
}
