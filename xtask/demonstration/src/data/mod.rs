//! `data`: the datasets in Pick-a-Pic's schema.
//!
//! ```text
//! pretrain/data/{train,validation}-*.parquet           ties in which both images fit
//! preference/data/{train,validation,test}-*.parquet    preferences in the training styles
//! kept-out/data/{validation,test}-*.parquet            training emoji in the kept-out style
//! openmoji/data/{validation,test}-*.parquet            training emoji in OpenMoji's style
//! unseen/data/{validation,test}-*.parquet              kept-back emoji in the kept-out style
//! retrieval/<set>.parquet                              each emoji once, with its plain name
//! data.json                                            seeds, counts, versions, licences
//! ```
//!
//! `pretrain` is for contrastive training. With kept-back emoji, validation and test of
//! `preference` show only those. OpenMoji is never trained on. `retrieval/training.parquet` is in a
//! training style.

mod summary;
mod write;

use std::{fs, path::Path, time::Instant};

use rayon::prelude::*;

use crate::{
    arguments::DataArguments,
    fault::Fault,
    gallery::Gallery,
    pairs::{Choices, Recipe},
    random::Random,
    render::bitmap_side,
    split::{Parts, Split},
    style::Style,
};

/// Maximum rows of a validation or test split.
const MOST_HELD_OUT: u64 = 2000;

/// One split of a dataset, before it is drawn.
pub(crate) struct Planned {
    /// `pretrain`, `kept-out` …
    pub(crate) set: &'static str,
    /// `train`, `validation`, `test`; for retrieval, the set's name.
    pub(crate) split: &'static str,
    pub(crate) recipes: Vec<Recipe>,
    /// The number of emoji in it.
    pub(crate) emoji: usize,
}

/// Makes all sets and writes them.
///
/// # Errors
///
/// If a package cannot be read, a set is too small, or a file cannot be written.
pub(crate) fn run(arguments: &DataArguments) -> Result<(), Fault> {
    let begun = Instant::now();
    empty(&arguments.out)?;
    let read = arguments.sources.read()?;
    let gallery = Gallery::draw(&read.catalogue, &Style::ALL, &read.training, bitmap_side(arguments.size));
    tell(format_args!("{} emoji drawn after {:.1} s", gallery.concepts.len(), begun.elapsed().as_secs_f32()));
    let parts = Parts::new(&gallery.concepts, arguments.split, arguments.seed);
    let sets = plan(arguments, &gallery, &parts, &read.training, read.kept_out)?;
    let mut first = 0;
    for planned in &sets {
        write::split(&arguments.out, planned, &gallery, arguments.size, first)?;
        first += planned.recipes.len() as u64;
        let (set, split, rows) = (planned.set, planned.split, planned.recipes.len());
        tell(format_args!("{set} {split}: {rows} rows after {:.1} s", begun.elapsed().as_secs_f32()));
    }
    summary::write(arguments, &read, &gallery, &parts, &sets)
}

/// A split's set, name, emoji, styles and number of rows.
type Job<'a> = (&'static str, &'static str, &'a [usize], Vec<Style>, u64);

/// Plans the rows of all sets.
///
/// # Errors
///
/// If a set has too few emoji.
pub(crate) fn plan(
    arguments: &DataArguments,
    gallery: &Gallery,
    parts: &Parts,
    training: &[Style],
    kept_out: Style,
) -> Result<Vec<Planned>, Fault> {
    let held_out = (arguments.preference / 10).clamp(1, MOST_HELD_OUT);
    let held_out_ties = (arguments.pretrain / 20).clamp(1, MOST_HELD_OUT);
    let mut jobs: Vec<Job<'_>> = vec![
        ("pretrain", "train", &parts.train, training.to_vec(), arguments.pretrain),
        ("pretrain", "validation", &parts.validation, training.to_vec(), held_out_ties),
        ("preference", "train", &parts.train, training.to_vec(), arguments.preference),
        ("preference", "validation", &parts.validation, training.to_vec(), held_out),
        ("preference", "test", &parts.test, training.to_vec(), held_out),
    ];
    let mut outside = vec![("kept-out", kept_out)];
    if kept_out != Style::Openmoji {
        outside.push(("openmoji", Style::Openmoji));
    }
    for (set, style) in &outside {
        jobs.push((set, "validation", &parts.train, vec![*style], held_out));
        jobs.push((set, "test", &parts.train, vec![*style], held_out));
    }
    if arguments.split == Split::Emoji {
        jobs.push(("unseen", "validation", &parts.validation, vec![kept_out], held_out));
        jobs.push(("unseen", "test", &parts.test, vec![kept_out], held_out));
    }
    let mut sets = Vec::new();
    for (set, split, concepts, styles, rows) in jobs {
        let purpose = format!("{set}/{split}");
        let choices = Choices::new(gallery, concepts, &styles, &purpose);
        let one = |index: u64| {
            let mut random = Random::new(arguments.seed, &purpose, index);
            // Validation uses the sets' unmodified drawings.
            let varied = split == "train";
            if set == "pretrain" {
                choices.pretrain(varied, &mut random)
            } else {
                choices.preference(varied, &mut random)
            }
        };
        let recipes = (0..rows).into_par_iter().map(one).collect::<Result<Vec<_>, _>>()?;
        sets.push(Planned { set, split, recipes, emoji: choices.len() });
    }
    let mut shown = vec![("training", parts.train.clone(), training.to_vec())];
    shown.extend(outside.iter().map(|(set, style)| (*set, parts.train.clone(), vec![*style])));
    if arguments.split == Split::Emoji {
        let kept_back = [&parts.validation, &parts.test].into_iter().flatten().copied().collect();
        shown.push(("unseen", kept_back, vec![kept_out]));
    }
    for (split, concepts, styles) in shown {
        let choices = Choices::new(gallery, &concepts, &styles, split);
        let one = |&concept: &usize| {
            let mut random = Random::new(arguments.seed, &format!("retrieval/{split}"), concept as u64);
            let has = |style: &&Style| gallery.bitmap(concept, **style).is_some();
            let able: Vec<Style> = styles.iter().filter(has).copied().collect();
            Recipe::retrieval(concept, *random.pick(&able)?, gallery, &mut random)
        };
        let recipes = choices.all().iter().filter_map(one).collect();
        sets.push(Planned { set: "retrieval", split, recipes, emoji: choices.len() });
    }
    Ok(sets)
}

/// Creates the folder, which must be empty: files of another run would be read along with these.
fn empty(folder: &Path) -> Result<(), Fault> {
    let fault = |reason: String| Fault::Write { file: folder.display().to_string(), reason };
    fs::create_dir_all(folder).map_err(|error| fault(error.to_string()))?;
    let mut inside = fs::read_dir(folder).map_err(|error| fault(error.to_string()))?;
    if inside.next().is_some() { Err(fault("the folder is not empty".into())) } else { Ok(()) }
}

/// Prints progress on standard error. Write errors are ignored, because nothing could report them.
fn tell(what: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "pickscore-demonstration: {what}");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use clap::Parser;
    use pickscore::dataset::{DatasetFiles, Row};

    use super::*;
    use crate::{
        arguments::{Arguments, Command},
        fixture,
    };

    fn arguments(split: &str) -> DataArguments {
        let words = [
            "x",
            "data",
            "--out",
            "out",
            "--pretrain",
            "120",
            "--preference",
            "150",
            "--size",
            "32",
            "--split",
            split,
        ];
        match Arguments::parse_from(words).command {
            Command::Data(arguments) => arguments,
            _ => panic!("another command"),
        }
    }

    fn planned(arguments: &DataArguments, gallery: &Gallery) -> (Parts, Vec<Planned>) {
        let parts = Parts::new(&gallery.concepts, arguments.split, arguments.seed);
        let kept_out = Style::Twemoji;
        let sets = plan(arguments, gallery, &parts, &Style::training(kept_out), kept_out).unwrap();
        (parts, sets)
    }

    fn shown(planned: &Planned) -> HashSet<usize> {
        let shots = planned.recipes.iter().flat_map(|recipe| &recipe.images);
        shots.flat_map(|shot| shot.scene.emoji.iter().map(|placed| placed.concept)).collect()
    }

    #[test]
    fn what_is_kept_back_is_not_trained_on() {
        let gallery = fixture::gallery();
        let arguments = arguments("emoji");
        let (parts, sets) = planned(&arguments, &gallery);
        let kept_back: HashSet<usize> =
            [&parts.validation, &parts.test].into_iter().flatten().copied().collect();
        assert!(kept_back.len() > 5);
        for planned in &sets {
            let styles: HashSet<Style> = planned
                .recipes
                .iter()
                .flat_map(|recipe| recipe.images.iter().map(|shot| shot.style()))
                .collect();
            let emoji = shown(planned);
            let outside = [Style::Twemoji, Style::Openmoji].iter().any(|style| styles.contains(style));
            if planned.split == "train" || planned.split == "training" {
                assert!(!outside && emoji.is_disjoint(&kept_back), "{}", planned.set);
            }
            match planned.set {
                "kept-out" => assert_eq!(styles, HashSet::from([Style::Twemoji])),
                "openmoji" => assert_eq!(styles, HashSet::from([Style::Openmoji])),
                "unseen" => {
                    assert_eq!(styles, HashSet::from([Style::Twemoji]));
                    assert!(emoji.is_subset(&kept_back));
                }
                "preference" | "pretrain" => {
                    assert!(!outside && (planned.split == "train" || emoji.is_subset(&kept_back)));
                }
                _ => assert_eq!(planned.set, "retrieval"),
            }
        }
        assert_eq!(sets.iter().filter(|planned| planned.set == "unseen").count(), 2);
    }

    #[test]
    fn a_split_of_all_shows_the_same_emoji_in_other_pictures() {
        let gallery = fixture::gallery();
        let (_, sets) = planned(&arguments("all"), &gallery);
        assert!(sets.iter().all(|planned| planned.set != "unseen" && planned.split != "unseen"));
        let scenes = |split: &str| {
            let of = sets.iter().filter(|planned| planned.set == "preference" && planned.split == split);
            of.flat_map(|planned| &planned.recipes)
                .flat_map(|recipe| recipe.images.clone())
                .collect::<Vec<_>>()
        };
        let (train, test) = (scenes("train"), scenes("test"));
        assert!(test.len() > 20 && test.iter().all(|shot| !train.contains(shot)));
    }

    #[test]
    fn files_are_rows_of_pick_a_pic_and_follow_from_the_seed() {
        let gallery = fixture::gallery();
        let arguments = arguments("emoji");
        let written = || {
            let folder = tempfile::tempdir().unwrap();
            let (_, sets) = planned(&arguments, &gallery);
            for planned in &sets {
                write::split(folder.path(), planned, &gallery, arguments.size, 7).unwrap();
            }
            let path = folder.path().join("preference/data/train-00000-of-00001.parquet");
            let files = DatasetFiles::open(&[&path], "train").unwrap();
            let rows: Vec<Row> =
                files.groups().iter().flat_map(|group| files.read(*group).unwrap()).collect();
            (fs::read(path).unwrap(), rows)
        };
        let (bytes, rows) = written();
        assert_eq!(bytes, written().0);
        assert_eq!(rows.len(), 150);
        for (index, row) in (0..).zip(&rows) {
            assert_eq!((row.index, row.ranking_id, row.user_id), (index, index + 7, 0));
            assert!(
                row.images.iter().all(|image| image.bytes.starts_with(b"\x89PNG") && image.uid.len() == 64)
            );
            let best = match row.label.unwrap() {
                [1.0, 0.0] => &row.images[0].uid,
                [0.0, 1.0] => &row.images[1].uid,
                _ => "tie",
            };
            assert_eq!(row.best_image_uid, best);
            assert_eq!(row.kind.as_deref() == Some("tie"), best == "tie");
            let same = rows.iter().filter(|other| other.caption == row.caption).count();
            assert_eq!(row.num_example_per_prompt, same as i64);
        }
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(empty(&folder.path().join("new/er")).is_ok());
        assert!(matches!(empty(folder.path()), Err(Fault::Write { .. })));
    }
}
