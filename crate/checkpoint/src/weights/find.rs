//! Finds the files of a model by name: in a folder on disk, on a server, or among selected files.
//! Each of them implements [`Folder`].

use pickscore_score::Scorer;

use super::{
    error::{ModelPart, WeightError},
    manifest::{MANIFEST, Manifest, Part},
    reader::Reader,
    shards,
    shards::ShardIndex,
    sink::NamesOnly,
};
use crate::config::{
    Activation, ConfigError, ModelConfig, add_encoder_settings, infer, is_blip, not_an_object,
};

/// Names of published weight files in order of preference: safetensors before PyTorch.
pub const WEIGHT_NAMES: [&str; 6] = [
    "model.safetensors",
    "open_clip_model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

/// File extensions of PyTorch files.
const TORCH: [&str; 4] = [".bin", ".pt", ".pth", ".ckpt"];
/// Prefixes of other PyTorch files that training writes next to a model.
const LEFTOVERS: [&str; 5] = ["training_args.", "optimizer.", "scheduler.", "scaler.", "rng_state"];

/// Parts of the names of published heads: LAION's aesthetic predictors, v2 and v1, and HP's.
const HEADS: [&str; 4] = ["linearMSE", "reluMSE", "sa_0_4_vit_", "mlp_pytorch_model"];

/// Part of the name of the published network of FID.
const INCEPTION: &str = "pt_inception";

/// Whether a file with this name is the index of a sharded checkpoint.
pub fn is_index(name: &str) -> bool {
    name.ends_with(".safetensors.index.json") || name.ends_with(".bin.index.json")
}

/// Whether a file with this name contains weights.
pub fn is_weights(name: &str) -> bool {
    is_safetensors(name) || is_torch(name)
}

fn is_safetensors(name: &str) -> bool {
    name.ends_with(".safetensors") && !is_head(name)
}

fn is_torch(name: &str) -> bool {
    TORCH.iter().any(|ending| name.ends_with(ending))
        && !LEFTOVERS.iter().any(|leftover| name.starts_with(leftover))
        && !is_head(name)
}

/// Whether a file with this name is a published head: layers on top of a CLIP model's embeddings.
pub fn is_head(name: &str) -> bool {
    HEADS.iter().any(|part| name.contains(part))
}

/// Chooses the weights or their index from the names of a folder: one of [`WEIGHT_NAMES`],
/// otherwise the only safetensors file, otherwise the only PyTorch file. Returns `None` if there is
/// none, or several of a kind.
pub fn weights_among<'a>(names: &[&'a str]) -> Option<&'a str> {
    let published = WEIGHT_NAMES.iter().find_map(|wanted| names.iter().find(|name| *name == wanted).copied());
    let only = |wanted: fn(&str) -> bool| {
        let mut found = names.iter().copied().filter(|name| wanted(name));
        found.next().filter(|_| found.next().is_none())
    };
    let has_safetensors = names.iter().any(|name| is_safetensors(name));
    published.or_else(|| only(is_safetensors)).or_else(|| if has_safetensors { None } else { only(is_torch) })
}

/// As [`weights_among`], for a known scorer: a folder may contain ImageReward and a CLIP model.
fn weights_of<'a>(names: &[&'a str], scorer: Option<&Scorer>) -> Option<&'a str> {
    let is_wanted = |name: &&str| scorer.is_none_or(|scorer| scorer.embeds_images() != is_image_reward(name));
    let wanted: Vec<&str> = names.iter().copied().filter(is_wanted).collect();
    weights_among(&wanted).or_else(|| weights_among(names))
}

/// Whether the name of a weight file is ImageReward's.
fn is_image_reward(name: &str) -> bool {
    is_weights(name) && Scorer::suggested_by(name) == Some(Scorer::IMAGE_REWARD)
}

/// Maximum number of bytes read of a configuration; the parser rejects longer ones.
const MAX_CONFIG_LENGTH: u64 = (1 << 20) + 1;
/// Maximum number of bytes read of a weight file to learn its tensors' names and shapes.
const MAX_START_LENGTH: u64 = 4 << 20;
/// Maximum number of bytes read of a `tokenizer.json`; CLIP's has 2 MB.
const MAX_JSON_LENGTH: u64 = 64 << 20;
/// Maximum number of bytes read of an index or a manifest; the parser rejects longer ones.
const MAX_INDEX_LENGTH: u64 = shards::MAX_LENGTH as u64 + 1;

/// File names of Hugging Face's and open_clip's configurations.
const CONFIGS: [&str; 2] = ["config.json", "open_clip_config.json"];
/// The settings of ImageReward's text encoder, beside its weights.
const ENCODER: &str = "med_config.json";
const TOKENIZER: &str = "tokenizer.json";
const PREPROCESSOR: &str = "preprocessor_config.json";
/// The files of a model besides its weights.
pub const DESCRIPTIONS: [&str; 4] = [CONFIGS[0], CONFIGS[1], TOKENIZER, PREPROCESSOR];

/// A place with files that are found by name.
#[allow(async_fn_in_trait, reason = "no caller needs a future that is Send")]
pub trait Folder {
    /// Its error type, which includes errors in the contents of files.
    type Error: From<WeightError>;

    /// The name of the folder in error messages.
    fn place(&self) -> String;

    /// The name of a file in error messages.
    fn path(&self, name: &str) -> String;

    /// The names of all files, or `None` if they cannot be listed, as on a server.
    fn names(&self) -> Option<Vec<String>>;

    /// Reads a small file, at most its first `longest` bytes. Returns `None` if it does not exist.
    async fn small(&self, name: &str, longest: u64) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Reads the first `longest` bytes of a file of any size. Returns `None` if it does not exist.
    async fn start(&self, name: &str, longest: u64) -> Result<Option<Vec<u8>>, Self::Error> {
        self.small(name, longest).await
    }

    /// Whether a file with this name exists.
    async fn has(&self, name: &str) -> Result<bool, Self::Error>;

    /// Checks that a file starts like a file with weights, if that is possible without reading all
    /// of it.
    async fn check(&self, name: &str) -> Result<(), Self::Error> {
        let _ = name;
        Ok(())
    }
}

/// The files of a model.
#[derive(Debug, Clone)]
pub struct ModelFiles {
    /// The configuration and other files that describe the model.
    pub description: Description,
    /// Names of the weight files, in reading order.
    pub weights: Vec<String>,
    /// The manifest, if the files are split into parts.
    pub parts: Option<Manifest>,
}

impl ModelFiles {
    /// Reads a small file of the model, at most its first `longest` bytes. Returns `None` if it
    /// does not exist.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder cannot be read.
    pub async fn small<F: Folder>(
        &self,
        folder: &F,
        name: &str,
        longest: u64,
    ) -> Result<Option<Vec<u8>>, F::Error> {
        match &self.parts {
            Some(manifest) => InParts { folder, manifest }.small(name, longest).await,
            None => folder.small(name, longest).await,
        }
    }
}

/// A model's configuration, tokenizer and preprocessor.
#[derive(Debug, Clone)]
pub struct Description {
    /// The configuration.
    pub config: ModelConfig,
    /// The content of the configuration file, or a configuration inferred from the weights.
    pub config_json: Vec<u8>,
    /// Whether the configuration was inferred from the weights.
    pub is_inferred: bool,
    /// The scorer that the configuration names.
    pub scorer: Option<String>,
    /// The files of the heads next to the model.
    pub heads: Vec<String>,
    /// `tokenizer.json`.
    pub tokenizer: Option<Vec<u8>>,
    /// `preprocessor_config.json`, otherwise `open_clip_config.json`, which contains the same
    /// settings.
    pub preprocessor: Option<Vec<u8>>,
}

impl Description {
    fn is_clip(&self) -> bool {
        matches!(self.config, ModelConfig::Clip(_))
    }
}

/// Whether a URL or a path with this name refers to a file of a model instead of a folder.
pub fn is_model_file(name: &str) -> bool {
    is_weights(name) || name.ends_with(".json")
}

/// Finds a model in a folder: its configuration, and its weights under one of [`WEIGHT_NAMES`], as
/// the only weight file, or split into parts with a manifest. `file` is the file to read if the
/// caller specifies one: weights, the index of a sharded checkpoint, or a manifest.
///
/// # Errors
///
/// Returns an error if there is no model, its configuration is invalid, or the folder cannot be
/// read.
pub async fn find<F: Folder>(
    folder: &F,
    file: Option<&str>,
    scorer: Option<&Scorer>,
) -> Result<ModelFiles, F::Error> {
    if let Some(name) = file.filter(|name| is_manifest(name)) {
        let found = in_parts(folder, name).await?;
        return found.ok_or_else(|| absent(folder, name).into());
    }
    if let Some(kind) = file.and_then(part_by_name) {
        return Err(not_whole(folder, file.unwrap_or_default(), kind).into());
    }
    // If the folder can be listed, the weights are checked first, because a file that contains no
    // weights is the more important error. On a server, weights are opened last, so that their
    // download does not wait.
    let names = folder.names();
    let mut weights = None;
    if names.is_some() {
        weights = find_weights(folder, names.as_deref(), file, scorer).await?;
    }
    let (mut description, mut other) = (None, None);
    if names.is_none() || weights.is_some() {
        match read_configuration(folder).await? {
            Configuration::Known(config, json) => {
                description = Some(with_configuration(folder, *config, json).await?);
            }
            Configuration::Other(error) => other = Some(error),
            Configuration::None => {}
        }
    }
    // Without a configuration, only a file that the caller named is expected on a server.
    if names.is_none() && (file.is_some() || description.is_some() || other.is_some()) {
        weights = find_weights(folder, None, file, scorer).await?;
    }
    if let Some(weights) = &weights {
        let is_chosen = file.is_some() || scorer.is_some();
        description = match description {
            Some(known) if known.is_clip() && weights.first().is_some_and(|name| is_image_reward(name)) => {
                Some(image_reward_beside_clip(folder, weights, known, is_chosen).await?)
            }
            Some(known) => Some(known),
            None => infer_description(folder, weights, scorer).await?,
        };
        if let (Some(known), Some(names), false) = (&description, &names, is_chosen) {
            refuse_two_models(folder, known, weights, names)?;
        }
    }
    // A configuration next to a converted checkpoint may say nothing of the architecture.
    if let (None, Some(error)) = (&description, other) {
        return Err(error.into());
    }
    match (description, weights) {
        (Some(description), Some(weights)) => Ok(ModelFiles { description, weights, parts: None }),
        (description, weights) => {
            if file.is_none()
                && let Some(found) = in_parts(folder, MANIFEST).await?
            {
                return Ok(found);
            }
            let reason = if weights.is_some() || (names.is_none() && description.is_none()) {
                format!("expected {} or {} next to the weights", CONFIGS[0], CONFIGS[1])
            } else {
                no_weights(names)
            };
            Err(WeightError::NoModel { folder: folder.place(), reason }.into())
        }
    }
}

/// The description of ImageReward whose folder has the configuration of a CLIP model.
///
/// # Errors
///
/// Returns an error if neither the scorer nor the file was chosen, or the folder cannot be read.
async fn image_reward_beside_clip<F: Folder>(
    folder: &F,
    weights: &[String],
    known: Description,
    is_chosen: bool,
) -> Result<Description, F::Error> {
    let own = infer_description(folder, weights, Some(Scorer::IMAGE_REWARD)).await?;
    match own.filter(|own| !own.is_clip()) {
        // The name alone does not make it ImageReward.
        None => Ok(known),
        // The other files belong to the CLIP model.
        Some(own) if is_chosen => Ok(Description { tokenizer: None, preprocessor: None, ..own }),
        Some(_) => {
            let other = "the configuration of a CLIP model".into();
            let (folder, reward) = (folder.place(), weights[0].clone());
            Err(WeightError::TwoModels { folder, reward, other }.into())
        }
    }
}

/// Refuses a folder with ImageReward and another model.
fn refuse_two_models<F: Folder>(
    folder: &F,
    description: &Description,
    weights: &[String],
    names: &[String],
) -> Result<(), WeightError> {
    let Some(chosen) = weights.first() else { return Ok(()) };
    let mut others = names.iter().filter(|name| is_weights(name) && !weights.contains(name));
    let (reward, other) = if description.is_clip() {
        (others.find(|name| is_image_reward(name)), Some(chosen))
    } else {
        // Under another name, the chosen file may be a copy of the others.
        let is_named = is_image_reward(chosen);
        (Some(chosen), others.find(|name| is_named && !is_image_reward(name)))
    };
    let (Some(reward), Some(other)) = (reward, other) else { return Ok(()) };
    let (folder, reward, other) = (folder.place(), reward.clone(), format!("another model ({other})"));
    Err(WeightError::TwoModels { folder, reward, other })
}

/// A file that belongs to a model but is none, by its name.
fn part_by_name(name: &str) -> Option<ModelPart> {
    if is_head(name) {
        Some(ModelPart::Head)
    } else {
        name.contains(INCEPTION).then_some(ModelPart::Inception)
    }
}

/// A file that belongs to a model but is none, by its tensors.
fn part_by_tensors(tensors: &[(String, Vec<usize>)]) -> Option<ModelPart> {
    /// No published head has more tensors.
    const MOST: usize = 16;
    if tensors.iter().any(|(name, _)| name.contains("Conv2d_1a_3x3.")) {
        return Some(ModelPart::Inception);
    }
    let is_of_layer = |(name, shape): &(String, Vec<usize>)| match name.rsplit('.').next() {
        Some("weight") => shape.len() == 2,
        Some("bias") => shape.len() == 1,
        _ => false,
    };
    let gives_one_number = tensors.iter().any(|(_, shape)| shape.len() == 2 && shape[0] == 1);
    (tensors.len() <= MOST && gives_one_number && tensors.iter().all(is_of_layer)).then_some(ModelPart::Head)
}

fn not_whole<F: Folder>(folder: &F, name: &str, part: ModelPart) -> WeightError {
    WeightError::NotWhole { file: folder.path(name), part }
}

/// Finds the weight files of a folder, without a configuration.
///
/// # Errors
///
/// Returns an error if there are none, or the folder cannot be read.
#[cfg(not(target_family = "wasm"))]
pub(super) async fn find_only_weights<F: Folder>(
    folder: &F,
    file: Option<&str>,
) -> Result<(Vec<String>, Option<Manifest>), F::Error> {
    if let Some(name) = file.filter(|name| is_manifest(name)) {
        let found = weights_in_parts(folder, name).await?;
        let (manifest, weights) = found.ok_or_else(|| absent(folder, name))?;
        return Ok((vec![weights], Some(manifest)));
    }
    let names = folder.names();
    if let Some(weights) = find_weights(folder, names.as_deref(), file, None).await? {
        return Ok((weights, None));
    }
    if let Some((manifest, weights)) = weights_in_parts(folder, MANIFEST).await? {
        return Ok((vec![weights], Some(manifest)));
    }
    let reason = no_weights(names);
    Err(WeightError::NoModel { folder: folder.place(), reason }.into())
}

/// Reads the files that describe a model. Returns `None` if there is no configuration.
///
/// # Errors
///
/// Returns an error if the configuration is invalid, or the folder cannot be read.
pub(super) async fn describe<F: Folder>(folder: &F) -> Result<Option<Description>, F::Error> {
    match read_configuration(folder).await? {
        Configuration::Known(config, json) => Ok(Some(with_configuration(folder, *config, json).await?)),
        Configuration::Other(error) => Err(error.into()),
        Configuration::None => Ok(None),
    }
}

/// Infers a configuration from the names and shapes of the tensors in weight files. Returns `None`
/// if they are not a supported model's.
async fn infer_description<F: Folder>(
    folder: &F,
    weights: &[String],
    scorer: Option<&Scorer>,
) -> Result<Option<Description>, F::Error> {
    let mut tensors = Vec::new();
    for name in weights {
        let Some(start) = folder.start(name, MAX_START_LENGTH).await? else { return Ok(None) };
        let mut reader = Reader::new(None);
        let read = reader.push(&start, &mut NamesOnly);
        read.map_err(|error| WeightError::of_file(&folder.path(name), error))?;
        let Some(header) = reader.header() else { return Ok(None) };
        tensors.extend(header.tensors.iter().map(|tensor| (tensor.name.clone(), tensor.shape.clone())));
    }
    let suggested = |name: &str| Scorer::suggested_by(&folder.path(name));
    let named = heads(folder).first().and_then(|name| Scorer::suggested_by(name));
    let named = named.or_else(|| weights.first().and_then(|name| suggested(name)));
    let named = named.or_else(|| Scorer::suggested_by(&folder.place()));
    // OpenAI's own checkpoints, which use this activation, hold their settings as tensors.
    let is_openai = tensors.iter().any(|(name, _)| name.ends_with("input_resolution"));
    let is_quick = match scorer.or(named) {
        Some(scorer) => scorer.architecture.ends_with("-quickgelu"),
        None => is_openai,
    };
    let activation = if is_quick { Activation::QuickGelu } else { Activation::Gelu };
    let shapes = tensors.iter().map(|(name, shape)| (name.as_str(), shape.as_slice()));
    let Some(mut json) = infer(shapes, activation) else {
        return match part_by_tensors(&tensors) {
            Some(part) => Err(not_whole(folder, &weights[0], part).into()),
            None => Ok(None),
        };
    };
    if is_blip(&json)
        && let Some(settings) = folder.small(ENCODER, MAX_CONFIG_LENGTH).await?
    {
        let file = || folder.path(ENCODER);
        add_encoder_settings(&mut json, &settings)
            .map_err(|error| WeightError::Config { file: file(), error: Box::new(error) })?;
    }
    let json = format!("{json:#}").into_bytes();
    let wrong = |error| WeightError::Config { file: folder.path(&weights[0]), error: Box::new(error) };
    let config = ModelConfig::from_json(&json).map_err(wrong)?;
    let description = with_configuration(folder, config, json).await?;
    Ok(Some(Description { is_inferred: true, ..description }))
}

/// Reads the other files that describe a model.
async fn with_configuration<F: Folder>(
    folder: &F,
    config: ModelConfig,
    config_json: Vec<u8>,
) -> Result<Description, F::Error> {
    let tokenizer = folder.small(TOKENIZER, MAX_JSON_LENGTH).await?;
    if let Some(error) = tokenizer.as_deref().and_then(not_an_object) {
        return Err(WeightError::Config { file: folder.path(TOKENIZER), error: Box::new(error) }.into());
    }
    let mut preprocessor = folder.small(PREPROCESSOR, MAX_CONFIG_LENGTH).await?;
    if preprocessor.is_none() {
        preprocessor = folder.small(CONFIGS[1], MAX_CONFIG_LENGTH).await?;
    }
    let scorer = written_scorer(&config_json);
    let heads = heads(folder);
    Ok(Description { config, config_json, is_inferred: false, scorer, heads, tokenizer, preprocessor })
}

/// The scorer that a configuration names.
pub fn written_scorer(config: &[u8]) -> Option<String> {
    let json = serde_json::from_slice::<serde_json::Value>(config).ok()?;
    Some(json.get("scorer")?.as_str()?.to_owned())
}

/// The configuration files of a folder.
enum Configuration {
    /// A model's, with the content of its file.
    Known(Box<ModelConfig>, Vec<u8>),
    /// Not that of a supported model.
    Other(WeightError),
    /// There is none.
    None,
}

/// The heads in a folder, by name.
fn heads(folder: &impl Folder) -> Vec<String> {
    let mut heads: Vec<String> =
        folder.names().unwrap_or_default().into_iter().filter(|name| is_head(name)).collect();
    heads.sort();
    heads
}

/// Reads Hugging Face's configuration, or open_clip's if that is missing or not a CLIP model's.
async fn read_configuration<F: Folder>(folder: &F) -> Result<Configuration, F::Error> {
    let mut first = None;
    for name in CONFIGS {
        let Some(json) = folder.small(name, MAX_CONFIG_LENGTH).await? else { continue };
        let error = match ModelConfig::from_json(&json) {
            Ok(config) => return Ok(Configuration::Known(Box::new(config), json)),
            Err(error) => error,
        };
        let is_clip = error != ConfigError::NotClip;
        let error = WeightError::Config { file: folder.path(name), error: Box::new(error) };
        if is_clip {
            return Err(first.unwrap_or(error).into());
        }
        first.get_or_insert(error);
    }
    Ok(first.map_or(Configuration::None, Configuration::Other))
}

async fn find_weights<F: Folder>(
    folder: &F,
    names: Option<&[String]>,
    file: Option<&str>,
    scorer: Option<&Scorer>,
) -> Result<Option<Vec<String>>, F::Error> {
    let found = match (file, names) {
        (Some(file), _) => Some(file.to_owned()),
        (None, Some(names)) => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            weights_of(&names, scorer).map(str::to_owned)
        }
        (None, None) => {
            let mut found = None;
            for name in WEIGHT_NAMES {
                if folder.has(name).await? {
                    found = Some(name.to_owned());
                    break;
                }
            }
            found
        }
    };
    let Some(found) = found else { return Ok(None) };
    let weights = if is_index(&found) {
        let json = folder.small(&found, MAX_INDEX_LENGTH).await?;
        let json = json.ok_or_else(|| absent(folder, &found))?;
        ShardIndex::parse(&folder.path(&found), &json)?.files
    } else {
        vec![found.clone()]
    };
    for name in &weights {
        if !folder.has(name).await? {
            let by = if is_index(&found) { ", which its index lists" } else { "" };
            return Err(absent(folder, &format!("{name}{by}")).into());
        }
        folder.check(name).await?;
    }
    Ok(Some(weights))
}

/// Reads a manifest and chooses the weights that it lists. Returns `None` if there is no manifest.
async fn weights_in_parts<F: Folder>(
    folder: &F,
    manifest: &str,
) -> Result<Option<(Manifest, String)>, F::Error> {
    let Some(json) = folder.small(manifest, MAX_INDEX_LENGTH).await? else { return Ok(None) };
    let file = folder.path(manifest);
    let manifest = Manifest::parse(&file, &json)?;
    let names: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    let Some(weights) = weights_among(&names).filter(|name| !is_index(name)) else {
        let reason = "it lists neither model.safetensors nor exactly one safetensors or PyTorch file".into();
        return Err(WeightError::Manifest { file, reason }.into());
    };
    let weights = weights.to_owned();
    Ok(Some((manifest, weights)))
}

async fn in_parts<F: Folder>(folder: &F, manifest: &str) -> Result<Option<ModelFiles>, F::Error> {
    let Some((parts, weights)) = weights_in_parts(folder, manifest).await? else { return Ok(None) };
    let Some(description) = describe(&InParts { folder, manifest: &parts }).await? else {
        let reason = format!("it lists no {}", CONFIGS[0]);
        return Err(WeightError::Manifest { file: folder.path(manifest), reason }.into());
    };
    Ok(Some(ModelFiles { description, weights: vec![weights], parts: Some(parts) }))
}

/// A folder with the files that a manifest lists, joined from their parts in another folder.
struct InParts<'a, F> {
    folder: &'a F,
    manifest: &'a Manifest,
}

impl<F: Folder> Folder for InParts<'_, F> {
    type Error = F::Error;

    fn place(&self) -> String {
        self.folder.place()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path(name)
    }

    fn names(&self) -> Option<Vec<String>> {
        Some(self.manifest.files.iter().map(|file| file.name.clone()).collect())
    }

    async fn small(&self, name: &str, longest: u64) -> Result<Option<Vec<u8>>, F::Error> {
        let Some(file) = self.manifest.file(name) else { return Ok(None) };
        if file.bytes() > longest {
            let reason = format!("{name} has {} bytes; expected at most {longest}", file.bytes());
            return Err(WeightError::Manifest { file: self.path(MANIFEST), reason }.into());
        }
        let mut bytes = Vec::new();
        for part in &file.parts {
            bytes.extend(self.part(part).await?);
        }
        Ok(Some(bytes))
    }

    async fn has(&self, name: &str) -> Result<bool, F::Error> {
        Ok(self.manifest.file(name).is_some())
    }
}

impl<F: Folder> InParts<'_, F> {
    /// Reads a part and checks its hash. A second attempt follows a wrong hash, because caches and
    /// connections do corrupt data.
    async fn part(&self, part: &Part) -> Result<Vec<u8>, F::Error> {
        let mut wrong = String::new();
        for _ in 0..2 {
            let bytes = self.folder.small(&part.path, part.bytes + 1).await?;
            let named = || absent(self.folder, &format!("{}, which its manifest lists", part.path));
            let bytes = bytes.ok_or_else(named)?;
            match part.check(&bytes) {
                Ok(()) => return Ok(bytes),
                Err(reason) => wrong = reason,
            }
        }
        let file = self.path(&part.path);
        Err(WeightError::DamagedPart { file, reason: wrong }.into())
    }
}

fn is_manifest(name: &str) -> bool {
    name.ends_with(".json") && !is_index(name)
}

fn absent<F: Folder>(folder: &F, name: &str) -> WeightError {
    WeightError::NoModel { folder: folder.place(), reason: format!("there is no {name}") }
}

/// The error message for a folder in which no weights can be chosen.
fn no_weights(names: Option<Vec<String>>) -> String {
    let Some(mut names) = names else {
        let expected = WEIGHT_NAMES.join(", ");
        return format!("expected {expected}; for weights of another name, give the address of the file");
    };
    names.retain(|name| is_weights(name));
    names.sort();
    match &names[..] {
        [first, second, others @ ..] => format!(
            "none of its {} weight files ({first}, {second}{}) is named {}; specify the one to load",
            names.len(),
            if others.is_empty() { "" } else { ", …" },
            WEIGHT_NAMES[0],
        ),
        _ => format!(
            "expected {}, or a single safetensors or PyTorch file of any name",
            WEIGHT_NAMES.join(", ")
        ),
    }
}
