//! What holds for any bytes whatever. The fuzz targets and, on a stable compiler, the property
//! tests call these.

#![allow(dead_code, unreachable_pub, reason = "each target uses one")]

use pickscore_checkpoint::{
    config::{ClipConfig, ModelConfig},
    weights::{
        FileError, Header, Loader, Precision, Reader as FileReader, ShardIndex, TensorInfo, TensorSink,
        Values,
    },
};
use pickscore_dataset::{
    Columns, Reader,
    contribution::{ImportStep, Importer},
};
use pickscore_metadata::Metadata;
use pickscore_pixels::{Limits, Processor, decode, decode_original};
use pickscore_preferences::{Record, Round};
use pickscore_taste::{MOST_BYTES, Taste};
use pickscore_tokens::{BertTokenizer, OpenClipTokenizer, Tokenizer, Tokens};

/// The model that weights are read for: small, so that a loader that takes more memory than the
/// model is seen.
const CONFIG: &str = include_str!("../checkpoint/tests/common/tiny.json");

/// A safetensors stream gives every parameter once and finite, or one refusal; whether its length
/// is known and however it is cut changes nothing.
pub fn safetensors(bytes: &[u8]) {
    let Some((&mode, bytes)) = bytes.split_first() else { return };
    // Random bytes hardly ever name their own header's length, so half of the inputs have it put
    // before them.
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

/// An image decodes within its limits to as many bytes as it has pixels, and becomes finite
/// numbers; or it is refused.
pub fn image(bytes: &[u8]) {
    let limits = Limits { max_pixels: 1 << 20 };
    let Ok(picture) = decode(bytes, &limits) else { return };
    assert!((picture.width() * picture.height()) as u64 <= limits.max_pixels);
    assert_eq!(picture.values().len(), picture.width() * picture.height() * 3);
    let mut processor = Processor::clip(32);
    processor.limits = limits;
    assert_eq!(processor.crop(&picture).len(), 3 * 32 * 32);
    // ImageReward reads the same files, in their own mode.
    assert!(decode_original(bytes, &limits).is_ok());
    for mut processor in [Processor::hps(32), Processor::image_reward(32)] {
        processor.limits = limits;
        let pixels = processor.pixels(bytes).expect("the file decodes");
        assert_eq!(pixels.values.len(), 3 * 32 * 32);
        assert!(pixels.values.iter().all(|value| value.is_finite()));
    }
}

/// Any text becomes a full context with start and end where they belong; any tokenizer.json is
/// followed or refused.
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
    check(&OpenClipTokenizer::clip().encode(&text, CONTEXT));
    static BERT: std::sync::LazyLock<BertTokenizer> = std::sync::LazyLock::new(BertTokenizer::published);
    check(&BERT.encode(&text, CONTEXT));
    let read = [BertTokenizer::from_json, BertTokenizer::from_vocabulary, BertTokenizer::from_compressed];
    for tokenizer in read.into_iter().flat_map(|read| read(bytes)) {
        check(&tokenizer.encode("A fox, 12 hens & <b>snow</b>", CONTEXT));
    }
    if let Ok(tokenizer) = Tokenizer::from_json(bytes) {
        check(&tokenizer.encode("A fox, 12 hens & <b>snow</b>", CONTEXT));
    }
}

/// Any JSON is a model of a size that can be counted, or refused; the same for the processor's and
/// the shards'.
pub fn configuration(bytes: &[u8]) {
    if let Ok(config) = ModelConfig::from_json(bytes) {
        assert!(config.parameter_count() > 0);
        let text = match &config {
            ModelConfig::Clip(config) => &config.text.transformer,
            ModelConfig::Blip(config) => &config.text.transformer,
        };
        for transformer in [text, &config.vision().transformer] {
            assert!(transformer.width.is_multiple_of(transformer.heads));
        }
        let vision = config.vision();
        assert!(vision.patch_size <= vision.image_size && vision.positions() > 1);
    }
    if let Ok(processor) = Processor::from_json(bytes, 32) {
        assert!(processor.deviation.iter().all(|&x| x != 0.0));
    }
    let _ = ShardIndex::parse("fuzzed", bytes);
}

/// The time of all records here.
const NOW: i64 = 1_795_683_300_000;

/// Any bytes are a table of rows that the schema allows, or refused in one sentence; row by row no
/// less is read than all at once.
pub fn dataset(bytes: &[u8]) {
    let Ok(reader) = Reader::open("fuzzed", bytes::Bytes::copy_from_slice(bytes)) else { return };
    for group in 0..reader.row_groups().len().min(4) {
        let sound = reader.read_sound(group, Columns::All);
        if let Ok(rows) = reader.read_group(group, Columns::All) {
            for row in &rows {
                assert!(row.num_example_per_prompt >= 1);
                assert!(row.label.is_none_or(|label| label[0] + label[1] == 1.0));
            }
            let sound = sound.expect("all of its rows are sound");
            assert!(sound.faults.is_empty() && sound.rows.len() == rows.len());
        }
    }
}

/// Any bytes as a zip, as Parquet and as JSON Lines: reading ends, asks for nothing beyond the
/// file, and gives records that may be.
pub fn contribution(bytes: &[u8]) {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    let name = ["a.zip", "data/a.parquet", "data/a.jsonl"][usize::from(kind) % 3];
    let mut importer = Importer::new(vec![(name.into(), bytes.len() as u64)], NOW);
    let mut ends = false;
    for _ in 0..100_000 {
        match importer.step() {
            ImportStep::Need { start, length, .. } => {
                let end = start.checked_add(length).expect("a range has an end");
                assert!(length > 0 && end <= bytes.len() as u64, "{start}..{end} of {}", bytes.len());
                importer.give(bytes[start as usize..end as usize].to_vec());
            }
            ImportStep::Record(record, _) => record.check(NOW).expect("what is imported may be"),
            ImportStep::Done => {
                ends = true;
                break;
            }
        }
    }
    assert!(ends, "the import does not end");
}

/// A file is a taste that is written and read again as the same and gives finite scores, or
/// refused.
pub fn taste(bytes: &[u8]) {
    let Ok(taste) = Taste::from_json(bytes) else { return };
    let text = taste.to_json();
    assert!(text.len() <= 2 * MOST_BYTES, "a taste is small");
    if text.len() <= MOST_BYTES {
        assert_eq!(Taste::from_json(text.as_bytes()).as_ref(), Ok(&taste));
    }
    let mut embedding = vec![0.0; taste.weights.len()];
    embedding[0] = 1.0;
    assert!(taste.score(20.0, &embedding).is_finite());
    let apart: Vec<f64> = embedding.iter().map(|&x| f64::from(x)).collect();
    let variance = taste.variance(1.0, &apart);
    assert!(variance.is_finite() && variance >= 0.0);
}

/// Any JSON is a record that may be and is read again as the same, or refused; and a round that
/// goes on, or refused.
pub fn record(bytes: &[u8]) {
    if let Ok(record) = serde_json::from_slice(bytes)
        .map_err(|_| ())
        .and_then(|value| Record::from_json(&value, NOW).map_err(|_| ()))
    {
        assert_eq!(Record::from_json(&record.to_json(), NOW).as_ref(), Ok(&record));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(mut round) = Round::from_json(text) {
        assert_eq!(Round::from_json(&round.to_json()).ok().as_ref(), Some(&round));
        round.undo(usize::MAX);
        assert!(round.pair().is_some(), "a round has a pair to begin with");
    }
}

/// What is read of an image's texts is never longer than the longest text that is read.
pub fn metadata(bytes: &[u8]) {
    let Some(found) = Metadata::of(bytes) else { return };
    assert!(found.prompt.is_some() || found.seed.is_some() || found.model.is_some());
    for text in [&found.prompt, &found.negative_prompt, &found.model].into_iter().flatten() {
        assert!(text.len() <= 8 << 20 && !text.trim().is_empty());
    }
    assert!(
        [found.steps, found.guidance, found.width, found.height].into_iter().flatten().all(f64::is_finite)
    );
}

/// Any bytes, as a file or as the pickle of a PyTorch file, give each tensor whole and as many
/// bytes as its shape says, or one refusal; whether the length is known and however it is cut
/// changes nothing. Views repeat no more than a bound.
pub fn checkpoint(bytes: &[u8]) {
    let Some((&mode, bytes)) = bytes.split_first() else { return };
    let whole = match mode % 3 {
        0 => bytes.to_vec(),
        // The object of a legacy file.
        1 => [LEGACY, bytes].concat(),
        // The pickle of a zip, whose size follows it.
        _ => [ZIP, bytes].concat(),
    };
    let read = |piece: usize, length: Option<u64>| {
        let mut reader = FileReader::new(length);
        let mut tensors = Tensors::default();
        for piece in whole.chunks(piece) {
            reader.push(piece, &mut tensors)?;
        }
        let header = reader.finish()?;
        assert_eq!(tensors.ended, header.tensors.len(), "every tensor ends");
        assert!(tensors.bytes <= 5 * whole.len() as u64 + (65 << 20), "{} bytes of tensors", tensors.bytes);
        Ok::<_, FileError>(header)
    };
    let at_once = read(usize::MAX, Some(whole.len() as u64));
    assert_eq!(at_once.ok(), read(usize::from(mode) + 1, None).ok(), "the way it was cut decided");
}

/// What comes before the object of a legacy file.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
/// The local header of a pickle.
const ZIP: &[u8] = b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a\0\0\0a/data.pkl";

/// Counts what a reader finds.
#[derive(Default)]
struct Tensors {
    coming: u64,
    bytes: u64,
    ended: usize,
}

impl TensorSink for Tensors {
    type Error = FileError;

    fn header(&mut self, header: &Header) -> Result<(), FileError> {
        assert!(header.tensors.iter().all(|tensor| tensor.shape.len() <= 8));
        Ok(())
    }

    fn bytes(&mut self, tensor: &TensorInfo, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        assert_eq!(offset, self.coming, "a tensor comes from its beginning");
        self.coming += bytes.len() as u64;
        self.bytes += bytes.len() as u64;
        assert!(self.coming <= tensor.bytes);
        Ok(())
    }

    fn end(&mut self, tensor: &TensorInfo) -> Result<(), FileError> {
        assert_eq!(std::mem::take(&mut self.coming), tensor.bytes);
        self.ended += 1;
        Ok(())
    }
}
