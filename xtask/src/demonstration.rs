//! `cargo xtask demonstration`: trains the model that ships with the page, from scratch.
//!
//! ```text
//! npm packages ─► images, pairs, tokenizer ─► contrastive ─► preference ─► 8-bit ─► the page
//!                                                   └────────────┴─► evaluation ─► results/
//! ```
//!
//! There are three trainings. `development` keeps some emoji back, and all choices are made by its
//! results. `shipping` continues from its contrastive model with all emoji. `again` continues from
//! the 8-bit model that `shipping` gives, with new images and fewer patches left out; its result
//! ships. None of them sees the kept-out style. Finished steps are not repeated by the next call,
//! and an interrupted training continues from its checkpoint.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::process::{cargo, program, root, step, target_folder};

/// What to make.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Folder for everything that is not committed (default: inside cargo's target folder)
    #[arg(long)]
    folder: Option<PathBuf>,
    /// A run of minutes, which shows that training improves a model, and ships nothing
    #[arg(long)]
    short: bool,
}

/// Sizes of `development`, `shipping` and `again`.
struct Size {
    pretrain: [u64; 3],
    preference: u64,
    /// Contrastive steps.
    contrastive: [u64; 3],
    /// Preference steps of each.
    preferences: u64,
}

const FULL: Size = Size {
    pretrain: [80_000, 80_000, 120_000],
    preference: 30_000,
    contrastive: [1500, 5000, 2000],
    preferences: 160,
};
const SHORT: Size =
    Size { pretrain: [2_000; 3], preference: 1_000, contrastive: [60, 40, 20], preferences: 20 };

/// Makes glibc request huge pages: activations of tens of megabytes come and go, and each of their
/// small pages would cost a page fault.
const LARGE_PAGES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");

/// Installs the emoji if they are missing. Returns their folder.
pub(crate) fn emoji() -> Result<PathBuf> {
    let demonstration = root().join("xtask/demonstration");
    let packages = demonstration.join("node_modules");
    if !packages.join("emojibase-data").is_dir() {
        // This is a separate package, so that the workspace's other packages do not install 200 MB
        // of emoji.
        let mut install = program("npm", &["ci", "--ignore-scripts", "--workspaces=false"]);
        step("emoji from npm", install.current_dir(&demonstration))?;
    }
    Ok(packages)
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let packages = emoji()?;
    let features = ["--no-default-features", "--features", "pickscore/cli,pickscore/parallel"];
    let build =
        ["build", "--locked", "--release", "--package", "pickscore", "--package", "pickscore-demonstration"];
    step("pickscore and the image generator", cargo(&build).args(features))?;
    let target = target_folder()?;
    let size = if arguments.short { &SHORT } else { &FULL };
    let name = if arguments.short { "demonstration-short" } else { "demonstration" };
    let work = Work {
        maker: target.join("release/pickscore-demonstration"),
        pickscore: target.join("release/pickscore"),
        packages,
        folder: arguments.folder.clone().unwrap_or_else(|| target.join(name)),
        size,
    };
    work.describe()?;
    let development = work.stage(&Stage {
        name: "development",
        split: "emoji",
        seed: "42",
        begins: work.folder.join("empty"),
        pretrain: size.pretrain[0],
        contrastive: &["--from-scratch", "--learning-rate=1e-3", "--warm-up=100", "--patch-dropout=0.5"],
        steps: size.contrastive[0],
        judged_by: "development",
    })?;
    let shipping = work.stage(&Stage {
        name: "shipping",
        split: "all",
        seed: "42",
        begins: development.join("contrastive/model"),
        pretrain: size.pretrain[1],
        contrastive: &["--learning-rate=8e-4", "--warm-up=50", "--patch-dropout=0.5"],
        steps: size.contrastive[1],
        judged_by: "shipping",
    })?;
    let again = work.stage(&Stage {
        name: "again",
        split: "all",
        seed: "43",
        begins: work.small(&shipping)?,
        pretrain: size.pretrain[2],
        contrastive: &["--learning-rate=5e-4", "--warm-up=50", "--patch-dropout=0.25"],
        steps: size.contrastive[2],
        judged_by: "shipping",
    })?;
    if !arguments.short {
        ship(&work, &work.small(&again)?)?;
    }
    Ok(())
}

/// One of the three trainings.
struct Stage<'a> {
    name: &'a str,
    /// How the data is split.
    split: &'a str,
    seed: &'a str,
    /// The model it starts from.
    begins: PathBuf,
    /// Pairs of images and captions.
    pretrain: u64,
    /// Further options of the contrastive training.
    contrastive: &'a [&'a str],
    /// Contrastive steps.
    steps: u64,
    /// The data whose images select the best checkpoint.
    judged_by: &'a str,
}

struct Work {
    maker: PathBuf,
    pickscore: PathBuf,
    packages: PathBuf,
    folder: PathBuf,
    size: &'static Size,
}

impl Work {
    /// A folder with the model's configuration and no weights.
    fn describe(&self) -> Result<()> {
        let empty = self.folder.join("empty");
        let mut vocabulary = self.maker("vocabulary");
        step("the tokenizer", vocabulary.arg("--out").arg(&empty))?;
        let source = root().join("xtask/demonstration/model");
        for name in ["config.json", "preprocessor_config.json"] {
            fs::copy(source.join(name), empty.join(name))
                .with_context(|| format!("{name} cannot be copied"))?;
        }
        Ok(())
    }

    /// Data, training and evaluation. Returns the folder with all of it.
    fn stage(&self, stage: &Stage<'_>) -> Result<PathBuf> {
        let Stage { name, seed, .. } = *stage;
        let size = self.size;
        let folder = self.folder.join(name);
        let data = folder.join("data");
        if !data.join("data.json").exists() {
            let mut make = self.maker("data");
            make.args(["--seed", seed, "--split", stage.split, "--pretrain", &stage.pretrain.to_string()]);
            make.args(["--preference", &size.preference.to_string()]).arg("--out").arg(&data);
            step(&format!("{name}: images and pairs"), &mut make)?;
        }
        let (contrastive, preference) = (folder.join("contrastive"), folder.join("preference"));
        let mut train = self.train(seed, &stage.begins, &data.join("pretrain"), &contrastive);
        train.args([
            "--objective=contrastive",
            "--batch=128",
            "--validate-every=500",
            "--validation-rows=1024",
            // The last checkpoint: on kept-back emoji validation stops improving early, while other
            // styles still improve.
            "--keep=last",
        ]);
        train.args(["--steps", &stage.steps.to_string()]).args(stage.contrastive);
        step(&format!("{name}: which image belongs to which prompt"), &mut train)?;
        let mut train = self.train(seed, &contrastive.join("model"), &data.join("preference"), &preference);
        train.args([
            "--objective=preference",
            "--learning-rate=1e-4",
            "--warm-up=30",
            "--batch=128",
            "--micro-batch=64",
        ]);
        train.args(["--steps", &size.preferences.to_string(), "--validate-every=50"]);
        step(&format!("{name}: which image is preferred"), &mut train)?;
        self.evaluate(stage)?;
        Ok(folder)
    }

    fn evaluate(&self, stage: &Stage<'_>) -> Result<()> {
        let (name, folder) = (stage.name, self.folder.join(stage.name));
        let data = self.folder.join(stage.judged_by).join("data");
        let untrained = folder.join("untrained");
        if !untrained.exists() {
            // One step at a rate of zero keeps the initial weights.
            let empty = self.folder.join("empty");
            let mut train = self.train(stage.seed, &empty, &data.join("pretrain"), &untrained);
            train.args(["--from-scratch", "--objective", "contrastive", "--steps", "1", "--batch", "16"]);
            step(&format!("{name}: the untrained model"), train.args(["--learning-rate", "0"]))?;
        }
        let results = if std::ptr::eq(self.size, &FULL) {
            root().join("xtask/demonstration/results").join(name)
        } else {
            folder.join("results")
        };
        fs::create_dir_all(&results)?;
        for set in ["preference", "kept-out", "openmoji", "unseen"] {
            if !data.join(set).is_dir() {
                continue;
            }
            let mut evaluate = Command::new(&self.pickscore);
            evaluate.args(["evaluate", "--device", "cpu", "--format", "markdown"]);
            for model in ["untrained", "contrastive", "preference"] {
                evaluate.args(["--name", model]).arg("--model").arg(folder.join(model).join("model"));
            }
            evaluate.arg("--data").arg(data.join(set)).arg("--validation").arg(data.join(set));
            let names = if set == "preference" { "training" } else { set };
            let retrieval = data.join("retrieval").join(names).with_extension("parquet");
            if retrieval.is_file() {
                evaluate.arg("--retrieval").arg(retrieval);
            }
            evaluate.arg("--out").arg(results.join(format!("{set}.json")));
            let table = fs::File::create(results.join(format!("{set}.md")))?;
            step(&format!("{name}: evaluation on {set}"), evaluate.stdout(table))?;
        }
        Ok(())
    }

    fn maker(&self, command: &str) -> Command {
        let mut maker = Command::new(&self.maker);
        maker.arg(command).arg("--packages").arg(&self.packages);
        maker
    }

    fn train(&self, seed: &str, model: &Path, data: &Path, out: &Path) -> Command {
        let mut train = Command::new(&self.pickscore);
        train.env(LARGE_PAGES.0, LARGE_PAGES.1).args(["train", "--device", "cpu", "--seed", seed]);
        train.arg("--model").arg(model).arg("--data").arg(data).arg("--out").arg(out);
        train
    }

    /// A stage's model in 8 bits. Returns its folder.
    fn small(&self, stage: &Path) -> Result<PathBuf> {
        let small = stage.join("q8");
        if small.exists() {
            fs::remove_dir_all(&small)?;
        }
        let mut convert = Command::new(&self.pickscore);
        convert.args(["convert", "--precision", "q8", "--model"]).arg(stage.join("preference/model"));
        step("8 bits", convert.arg("--out").arg(&small))?;
        Ok(small)
    }
}

/// Copies the model to where the page finds it, next to its card, and the training log to the
/// results.
fn ship(work: &Work, small: &Path) -> Result<()> {
    let out = root().join("www/public/models/pickscore-tiny");
    fs::create_dir_all(&out)?;
    for entry in fs::read_dir(small)? {
        let entry = entry?;
        fs::copy(entry.path(), out.join(entry.file_name()))?;
    }
    fs::copy(work.folder.join("empty/token_map.json"), out.join("token_map.json"))?;
    for stage in ["development", "shipping", "again"] {
        let results = root().join("xtask/demonstration/results").join(stage);
        for objective in ["contrastive", "preference"] {
            let log = work.folder.join(stage).join(objective);
            let entries = thinned(&fs::read_to_string(log.join("log.csv"))?);
            fs::write(results.join(objective).with_extension("csv"), entries)?;
            fs::copy(log.join("plot.svg"), results.join(objective).with_extension("svg"))?;
        }
    }
    eprintln!("── {} holds the model", out.display());
    Ok(())
}

/// Keeps a training log's header, its validations (whose last columns are filled) and one step in
/// 25.
fn thinned(log: &str) -> String {
    let keeps = |line: &&str| {
        let step = line.split(',').next().and_then(|step| step.parse::<u64>().ok());
        !line.ends_with(',') || step.is_none_or(|step| step.is_multiple_of(25))
    };
    log.lines().filter(keeps).flat_map(|line| [line, "\n"]).collect()
}
