//! What holds for any bytes whatever. The fuzz targets and, on a stable compiler, the property tests call these.

#![allow(dead_code, unreachable_pub, reason = "each target uses one")]

use pickscore::{
    config::ClipConfig,
    pixels::{Limits, Processor, decode},
    tokens::{Tokenizer, Tokens},
    weights::{Loader, Precision, ShardIndex, Values},
};

/// The model that weights are read for: small, so that a loader that takes more memory than the model is seen.
const CONFIG: &str = include_str!("../tests/common/tiny.json");

/// A safetensors stream gives every parameter once and finite, or one refusal; whether its length is known and however it is cut changes nothing.
pub fn safetensors(bytes: &[u8]) {
    let Some((&mode, bytes)) = bytes.split_first() else { return };
    // Random bytes hardly ever name their own header's length, so half of the inputs have it put before them.
    let prefixed;
    let bytes = if mode & 1 == 0 {
        bytes
    } else {
        let end = bytes.iter().rposition(|&byte| byte == b'}').map_or(bytes.len(), |at| at + 1);
        prefixed = [&(end as u64).to_le_bytes()[..], bytes].concat();
        &prefixed
    };
    let config = ClipConfig::from_json(CONFIG.as_bytes()).expect("the configuration above is one");
    let load = |piece: usize, length: Option<u64>| {
        let mut loader = Loader::new(&config, Precision::F32);
        loader.begin("fuzzed", length, true);
        let mut names = Vec::new();
        let mut read = || {
            for piece in bytes.chunks(piece) {
                loader.push(piece, &mut |parameter, values| {
                    assert!(!names.contains(&parameter.name), "{} came twice", parameter.name);
                    if let Values::F32(values) = &values {
                        assert!(values.iter().all(|x| x.is_finite()));
                    }
                    names.push(parameter.name.clone());
                })?;
            }
            loader.end()
        };
        read().and_then(|()| loader.finish("fuzzed")).is_ok()
    };
    let whole = load(usize::MAX, Some(bytes.len() as u64));
    assert_eq!(whole, load(usize::from(mode) + 1, None), "the way it was cut decided");
}

/// An image decodes within its limits to as many bytes as it has pixels, and becomes finite numbers; or it is refused.
pub fn image(bytes: &[u8]) {
    let limits = Limits { max_pixels: 1 << 20 };
    let Ok(picture) = decode(bytes, &limits) else { return };
    assert!((picture.width() * picture.height()) as u64 <= limits.max_pixels);
    assert_eq!(picture.values().len(), picture.width() * picture.height() * 3);
    let mut processor = Processor::clip(32);
    processor.limits = limits;
    assert_eq!(processor.crop(&picture).len(), 3 * 32 * 32);
}

/// Any text becomes a full context with start and end where they belong; any tokenizer.json is followed or refused.
pub fn tokenizer(bytes: &[u8]) {
    const CONTEXT: usize = 77;
    let text = String::from_utf8_lossy(bytes);
    let check = |tokens: &Tokens| {
        assert_eq!(tokens.ids.len(), CONTEXT);
        assert!((2..=CONTEXT).contains(&tokens.length));
        assert!(!tokens.truncated || tokens.length == CONTEXT);
    };
    let tokens = Tokenizer::clip().encode(&text, CONTEXT);
    check(&tokens);
    assert_eq!((tokens.ids[0], tokens.ids[tokens.length - 1]), (49406, 49407));
    assert!(tokens.ids[tokens.length..].iter().all(|&id| id == 49407));
    if let Ok(tokenizer) = Tokenizer::from_json(bytes) {
        check(&tokenizer.encode("A fox, 12 hens & <b>snow</b>", CONTEXT));
    }
}

/// Any JSON is a model of a size that can be counted, or refused; the same for the processor's and the shards'.
pub fn configuration(bytes: &[u8]) {
    if let Ok(config) = ClipConfig::from_json(bytes) {
        assert!(config.parameter_count() > 0);
        for transformer in [&config.text.transformer, &config.vision.transformer] {
            assert!(transformer.width.is_multiple_of(transformer.heads));
        }
        let vision = &config.vision;
        assert!(vision.patch_size <= vision.image_size && vision.positions() > 1);
    }
    if let Ok(processor) = Processor::from_json(bytes, 32) {
        assert!(processor.deviation.iter().all(|&x| x != 0.0));
    }
    let _ = ShardIndex::parse("fuzzed", bytes);
}
