//! The scorers that are known by name.

/// How a scorer computes its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// The cosine of the prompt's and the image's embeddings, multiplied by the model's logit scale
    /// if `scaled`.
    Similarity {
        /// Whether the logit scale is applied.
        scaled: bool,
    },
    /// A head on the image embedding; reads no prompt.
    Head {
        /// Whether the head reads the embedding at unit length rather than as the tower gives it.
        unit: bool,
        /// Whether a sigmoid follows.
        sigmoid: bool,
    },
    /// A text encoder that reads the image; there are no separate embeddings.
    CrossEncoder,
}

/// How images become tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageInput {
    /// As `CLIPImageProcessor`: shortest side resized, centre cropped.
    Clip,
    /// As OpenAI's `clip.load` and ImageReward: resized in the image's own mode, centre cropped,
    /// converted to RGB.
    ClipInOwnMode,
    /// As HPS v2: longest side resized as a tensor, padded with zeros.
    Padded,
}

/// How prompts become tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextInput {
    /// CLIP's tokenizer as in transformers.
    Clip,
    /// CLIP's tokenizer as in OpenAI's `clip` and open_clip, which clean the text first.
    OpenClip,
    /// BERT's tokenizer.
    Bert,
}

/// What a score predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Which of the images of a prompt people prefer.
    Preference,
    /// How beautiful people find an image.
    Aesthetics,
    /// How similar the contents of prompt and image are.
    Similarity,
}

/// A licence as an SPDX identifier; `None` where none is stated.
pub type Licence = Option<&'static str>;

/// The published files of a scorer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    /// An address that the weights can be loaded from without an account, if there is one.
    pub address: Option<&'static str>,
    /// The address of the head, if there is one.
    pub head: Option<&'static str>,
    /// Size of the weights in bytes.
    pub bytes: u64,
    /// Number of parameters.
    pub parameters: u64,
    /// The licence of the weights.
    pub weights_licence: Licence,
    /// The licence of the authors' code.
    pub code_licence: Licence,
}

/// A scorer that is known by name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scorer {
    /// The name for `--scorer` and in JSON.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// How the score is computed.
    pub formula: Formula,
    /// How images are prepared.
    pub image: ImageInput,
    /// How prompts are prepared; `None` for scorers that read none.
    pub text: Option<TextInput>,
    /// The architecture, by open_clip's name, of checkpoints without a configuration.
    pub architecture: &'static str,
    /// The page of the published weights.
    pub weights: &'static str,
    /// Parts of file or folder names by which the scorer is recognised, in lower case.
    pub names: &'static [&'static str],
    /// Names of published heads.
    pub heads: &'static [&'static str],
    /// What the score predicts.
    pub group: Group,
    /// The published files.
    pub published: Published,
    /// Accuracy on Pick-a-Pic's test set in the paper (arXiv 2305.01569), in per cent.
    pub accuracy: Option<f32>,
}

impl Scorer {
    /// Whether the score depends on the prompt.
    pub fn reads_prompt(&self) -> bool {
        self.text.is_some()
    }

    /// Whether the score is computed by a head, which is a file of its own.
    pub fn needs_head(&self) -> bool {
        matches!(self.formula, Formula::Head { .. })
    }

    /// Whether prompts have embeddings that the score depends on.
    pub fn embeds_prompts(&self) -> bool {
        matches!(self.formula, Formula::Similarity { .. })
    }

    /// Whether images have embeddings that, with those of prompts, determine the score.
    pub fn embeds_images(&self) -> bool {
        matches!(self.formula, Formula::Similarity { .. } | Formula::Head { .. })
    }

    /// Whether the softmax of the scores of one prompt's images is the probability of being
    /// preferred.
    pub fn has_probabilities(&self) -> bool {
        self.formula == (Formula::Similarity { scaled: true })
    }

    /// The formula of CLIP and PickScore.
    pub const CLIP: &'static Self = &SCORERS[1];

    /// The only scorer without separate embeddings.
    pub const IMAGE_REWARD: &'static Self = &SCORERS[7];

    /// The scorer with a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SCORERS.iter().find(|scorer| scorer.name == name)
    }

    /// The scorer that a file or folder name suggests: the entry with the longest matching part.
    pub fn suggested_by(file: &str) -> Option<&'static Self> {
        let file = file.to_lowercase();
        let longest = |scorer: &&Self| {
            scorer.names.iter().filter(|name| file.contains(**name)).map(|name| name.len()).max()
        };
        SCORERS.iter().filter(|scorer| longest(scorer).is_some()).max_by_key(longest)
    }
}

/// The entry that others are derived from.
const CLIP: Scorer = Scorer {
    name: "clip",
    title: "CLIP",
    formula: Formula::Similarity { scaled: true },
    image: ImageInput::Clip,
    text: Some(TextInput::Clip),
    architecture: "ViT-H-14",
    weights: "https://huggingface.co/laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
    names: &["clip-vit"],
    heads: &[],
    group: Group::Similarity,
    published: Published {
        address: Some("https://huggingface.co/laion/CLIP-ViT-H-14-laion2B-s32B-b79K"),
        head: None,
        bytes: 3_944_517_836,
        parameters: 986_109_441,
        weights_licence: Some("MIT"),
        code_licence: Some("MIT"),
    },
    accuracy: Some(60.8),
};

/// OpenAI's ViT-L/14, whose model card names no licence.
const L14: Published = Published {
    address: Some("https://huggingface.co/openai/clip-vit-large-patch14"),
    bytes: 1_710_540_580,
    parameters: 427_616_513,
    weights_licence: None,
    ..CLIP.published
};

const HPS_V2: Scorer = Scorer {
    name: "hps-v2",
    title: "HPS v2",
    formula: Formula::Similarity { scaled: false },
    image: ImageInput::Padded,
    text: Some(TextInput::OpenClip),
    weights: "https://huggingface.co/xswu/HPSv2",
    names: &["hps_v2", "hpsv2", "hps-v2"],
    group: Group::Preference,
    published: Published {
        address: Some("https://huggingface.co/xswu/HPSv2/resolve/main/HPS_v2_compressed.pt"),
        bytes: 1_972_000_000,
        weights_licence: None,
        code_licence: Some("Apache-2.0"),
        ..CLIP.published
    },
    accuracy: None,
    ..CLIP
};

const AESTHETIC_V2: Scorer = Scorer {
    name: "aesthetic-v2",
    title: "LAION aesthetics v2",
    formula: Formula::Head { unit: true, sigmoid: false },
    image: ImageInput::ClipInOwnMode,
    text: None,
    architecture: "ViT-L-14-quickgelu",
    weights: "https://github.com/christophschuhmann/improved-aesthetic-predictor",
    names: &["linearmse", "relumse", "laion-aesthetic", "aesthetic-v2"],
    heads: &["sac+logos+ava1-l14-linearMSE.pth", "ava+logos-l14-reluMSE.pth"],
    group: Group::Aesthetics,
    published: Published {
        head: Some(
            "https://raw.githubusercontent.com/christophschuhmann/improved-aesthetic-predictor/main/\
             sac%2Blogos%2Bava1-l14-linearMSE.pth",
        ),
        code_licence: Some("Apache-2.0"),
        ..L14
    },
    accuracy: Some(56.8),
};

/// Every scorer, in the order of lists and tables.
pub const SCORERS: [Scorer; 10] = [
    Scorer {
        name: "pickscore",
        title: "PickScore v1",
        weights: "https://huggingface.co/yuvalkirstain/PickScore_v1",
        names: &["pickscore"],
        group: Group::Preference,
        published: Published {
            address: Some("https://huggingface.co/yuvalkirstain/PickScore_v1"),
            weights_licence: None,
            ..CLIP.published
        },
        accuracy: Some(70.5),
        ..CLIP
    },
    CLIP,
    Scorer {
        name: "hps-v1",
        title: "HPS v1",
        image: ImageInput::ClipInOwnMode,
        architecture: "ViT-L-14-quickgelu",
        weights: "https://github.com/tgxs002/align_sd",
        names: &["hpc.pt", "hps_v1", "hps-v1"],
        published: Published { address: None, code_licence: Some("Apache-2.0"), ..L14 },
        accuracy: Some(66.7),
        ..HPS_V2
    },
    HPS_V2,
    Scorer {
        name: "hps-v2.1",
        title: "HPS v2.1",
        names: &["hps_v2.1", "hpsv2.1", "hpsv21", "hps-v2.1"],
        published: Published {
            address: Some("https://huggingface.co/xswu/HPSv2/resolve/main/HPS_v2.1_compressed.pt"),
            ..HPS_V2.published
        },
        ..HPS_V2
    },
    Scorer {
        name: "aesthetic-v1",
        title: "LAION aesthetics v1",
        weights: "https://github.com/LAION-AI/aesthetic-predictor",
        names: &["sa_0_4_vit", "aesthetic-v1"],
        heads: &["sa_0_4_vit_l_14_linear.pth", "sa_0_4_vit_b_32_linear.pth", "sa_0_4_vit_b_16_linear.pth"],
        published: Published {
            head: Some(
                "https://raw.githubusercontent.com/LAION-AI/aesthetic-predictor/main/sa_0_4_vit_l_14_linear.pth",
            ),
            code_licence: Some("MIT"),
            ..L14
        },
        accuracy: None,
        ..AESTHETIC_V2
    },
    AESTHETIC_V2,
    Scorer {
        name: "image-reward",
        title: "ImageReward",
        formula: Formula::CrossEncoder,
        image: ImageInput::ClipInOwnMode,
        text: Some(TextInput::Bert),
        architecture: "ImageReward",
        weights: "https://huggingface.co/THUDM/ImageReward",
        names: &["imagereward", "image-reward", "image_reward"],
        heads: &[],
        group: Group::Preference,
        published: Published {
            address: Some("https://huggingface.co/THUDM/ImageReward/resolve/main/ImageReward.pt"),
            head: None,
            bytes: 1_790_000_000,
            parameters: 446_206_689,
            weights_licence: Some("Apache-2.0"),
            code_licence: Some("Apache-2.0"),
        },
        accuracy: Some(61.1),
    },
    Scorer {
        name: "ict",
        title: "ICT",
        formula: Formula::Similarity { scaled: false },
        text: Some(TextInput::OpenClip),
        names: &["ict-model"],
        group: Group::Preference,
        published: Published { address: None, weights_licence: None, ..CLIP.published },
        weights: "https://huggingface.co/8y/ICT",
        accuracy: None,
        ..CLIP
    },
    Scorer {
        name: "hp",
        title: "HP",
        formula: Formula::Head { unit: false, sigmoid: true },
        text: None,
        names: &["hp_backbone", "hp_scorer", "mlp_pytorch_model"],
        heads: &["mlp_pytorch_model.bin"],
        group: Group::Preference,
        published: Published { address: None, weights_licence: None, ..CLIP.published },
        weights: "https://huggingface.co/8y/HP",
        accuracy: None,
        ..CLIP
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_names_suggest_their_scorers() {
        let suggested = |name| Scorer::suggested_by(name).map(|scorer| scorer.name);
        for (name, scorer) in [
            ("PickScore_v1", "pickscore"),
            ("CLIP-ViT-H-14-laion2B-s32B-b79K", "clip"),
            ("hpc.pt", "hps-v1"),
            ("HPS_v2_compressed.pt", "hps-v2"),
            ("HPS_v2.1_compressed.pt", "hps-v2.1"),
            ("hpsv21", "hps-v2.1"),
            ("sa_0_4_vit_l_14_linear.pth", "aesthetic-v1"),
            ("sac+logos+ava1-l14-linearMSE.pth", "aesthetic-v2"),
            ("ava+logos-l14-reluMSE.pth", "aesthetic-v2"),
            ("mlp_pytorch_model.bin", "hp"),
            ("ImageReward.pt", "image-reward"),
        ] {
            assert_eq!(suggested(name), Some(scorer), "{name}");
        }
        assert_eq!(suggested("model.safetensors"), None);
        assert_eq!((Scorer::CLIP.name, Scorer::IMAGE_REWARD.name), ("clip", "image-reward"));
        for scorer in &SCORERS {
            assert_eq!(Scorer::named(scorer.name), Some(scorer));
        }
    }
}
