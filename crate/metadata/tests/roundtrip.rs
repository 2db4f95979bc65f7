//! Reads back random settings written in the format of each generator.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use common::{
    ASCII, IMAGE_DESCRIPTION, MAKE, MAKER_NOTE, MODEL, SOFTWARE, UNDEFINED, USER_COMMENT, compressed,
    international, jpeg, jpeg_exif, plain, png, png_texts, tiff, utf_16, webp,
};
use pickscore_metadata::Metadata;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The settings of a generated image. Numbers are those that programs write without rounding.
#[derive(Debug, Clone)]
struct Description {
    prompt: String,
    negative: Option<String>,
    seed: u64,
    steps: u32,
    guidance: f64,
    sampler: String,
    scheduler: String,
    model: String,
    width: u32,
    height: u32,
}

/// Text with all separators that the formats use.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Z0-9]{1,8}",
        2 => "[ ,.:;\"'()\\[\\]{}<>|/\\\\_#*+=-]{1,3}",
        1 => Just("\n".to_owned()),
        1 => Just("\\n".to_owned()),
        1 => Just(", Steps: 3, how to: draw".to_owned()),
        1 => Just("NaN, -Infinity".to_owned()),
        1 => "[äöüßéèñçøåłșğ]{1,4}",
        1 => "[ぁ-んァ-ヶ一-龠]{1,6}",
        1 => "[가-힣]{1,4}",
        1 => "[а-яА-Я]{1,6}",
        1 => "[🦊🌲❄️👩‍🎨]{1,3}",
        1 => "\\PC{1,4}",
    ];
    prop::collection::vec(piece, 1..12)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("a prompt has something in it", |text| !text.trim().is_empty())
}

fn description() -> impl Strategy<Value = Description> {
    (
        (text(), prop::option::of(text()), any::<u64>(), 1..200_u32, 0..600_u32),
        ("[A-Za-z0-9+ ]{1,10}[a-z]", "[A-Za-z]{3,10}", "[A-Za-z0-9_.-]{1,20}", 1..5000_u32, 1..5000_u32),
    )
        .prop_map(
            |((prompt, negative, seed, steps, guidance), (sampler, scheduler, model, width, height))| {
                let (sampler, guidance) = (sampler.trim().to_owned(), f64::from(guidance) / 20.0);
                Description {
                    prompt,
                    negative,
                    seed,
                    steps,
                    guidance,
                    sampler,
                    scheduler,
                    model,
                    width,
                    height,
                }
            },
        )
}

impl Description {
    /// The expected metadata of a generator that writes every setting.
    fn expected(&self, generator: &'static str) -> Metadata {
        Metadata {
            generator,
            prompt: Some(self.prompt.clone()),
            negative_prompt: self.negative.clone(),
            seed: Some(self.seed.to_string()),
            model: Some(self.model.clone()),
            steps: Some(self.steps.into()),
            guidance: Some(self.guidance),
            sampler: Some(self.sampler.clone()),
            scheduler: Some(self.scheduler.clone()),
            width: Some(self.width.into()),
            height: Some(self.height.into()),
        }
    }

    fn negative(&self) -> &str {
        self.negative.as_deref().unwrap_or_default()
    }

    /// `create_infotext`, `modules/processing.py` of Automatic1111.
    fn infotext(&self) -> String {
        let negative =
            self.negative.as_ref().map(|text| format!("\nNegative prompt: {text}")).unwrap_or_default();
        format!(
            "{}{negative}\nSteps: {}, Sampler: {}, Schedule type: {}, CFG scale: {}, Seed: {}, Size: {}x{}, Model: {}, \
             ADetailer prompt: \"a face, Seed: 1\", Hashes: {{\"model\": \"Steps: 1\"}}, Version: v1.10.1",
            self.prompt,
            self.steps,
            self.sampler,
            self.scheduler,
            self.guidance,
            self.seed,
            self.width,
            self.height,
            self.model,
        )
    }

    /// The same with each line trimmed, as it is read back.
    fn stripped(mut self) -> Option<Self> {
        let strip = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned();
        self.prompt = strip(&self.prompt);
        self.negative = self.negative.map(|text| strip(&text));
        let is_text = |text: &str| !text.is_empty() && !text.contains("Negative prompt:");
        (is_text(&self.prompt) && self.negative.as_deref().is_none_or(is_text)).then_some(self)
    }
}

/// A text in every field that programs use: PNG chunks and user comments.
fn everywhere(name: &str, text: &str) -> Vec<Vec<u8>> {
    let mut files = vec![
        png_texts(&[(name, text)]),
        png(&[international(name, text.as_bytes(), true)]),
        png(&[(b"IDAT", vec![0; 9]), plain(name, text.as_bytes()), (b"IEND", Vec::new())]),
        png(&[compressed(name, text.as_bytes())]),
    ];
    for little_endian in [true, false] {
        for text_little_endian in [true, false] {
            let comment = [b"UNICODE\0".as_slice(), &utf_16(text, text_little_endian)].concat();
            for kind in [UNDEFINED, ASCII] {
                let exif = tiff(little_endian, &[], &[(USER_COMMENT, kind, &comment)]);
                files.push(jpeg_exif(&exif));
            }
            let exif = tiff(little_endian, &[], &[(USER_COMMENT, UNDEFINED, &comment)]);
            files.extend([webp(&[(b"EXIF", &exif)]), png(&[(b"eXIf", exif.clone())]), exif]);
        }
        for prefix in [&b""[..], b"ASCII\0\0\0", b"UNICODE\0", b"\0\0\0\0\0\0\0\0"] {
            let comment = [prefix, text.as_bytes()].concat();
            let exif = tiff(little_endian, &[], &[(USER_COMMENT, ASCII, &comment)]);
            files.push(jpeg_exif(&exif));
            let exif = tiff(little_endian, &[(USER_COMMENT, UNDEFINED, &comment)], &[]);
            files.push(webp(&[(b"EXIF", &[b"Exif\0\0", exif.as_slice()].concat())]));
        }
    }
    files
}

fn check(files: Vec<Vec<u8>>, expected: &Metadata) -> Result<(), TestCaseError> {
    for (number, file) in files.into_iter().enumerate() {
        let found = Metadata::of(&file);
        prop_assert_eq!(found.as_ref(), Some(expected), "file {}", number);
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\n', "&#10;")
}

fn cases() -> ProptestConfig {
    ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn automatic1111(written in description()) {
        let Some(written) = written.stripped() else { return Ok(()) };
        check(everywhere("parameters", &written.infotext()), &written.expected("automatic1111"))?;
        let windows = written.infotext().replace('\n', "\r\n");
        check(vec![png_texts(&[("parameters", &windows)])], &written.expected("automatic1111"))?;
        let comment = jpeg(&[(0xfe, written.infotext().into_bytes())]);
        check(vec![comment], &written.expected("automatic1111"))?;
    }

    #[test]
    fn automatic1111_in_xmp(written in description()) {
        let Some(written) = written.stripped() else { return Ok(()) };
        // XML does not allow other control characters, and reads these as line breaks.
        prop_assume!(!written.infotext().contains(|letter: char| letter.is_control() && letter != '\n'));
        prop_assume!(!written.infotext().contains(['\u{fffe}', '\u{ffff}', '\u{85}', '\u{2028}']));
        let text = escaped(&written.infotext());
        let description = "<rdf:Description xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:exif=\"http://ns.adobe.com/exif/1.0/\"";
        for body in [
            format!("{description}><dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">{text}</rdf:li></rdf:Alt></dc:description></rdf:Description>"),
            format!("{description}><exif:UserComment>{text}</exif:UserComment></rdf:Description>"),
            format!("{description} exif:UserComment=\"{text}\"/>"),
        ] {
            let packet = format!(
                "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
                 <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">{body}</rdf:RDF></x:xmpmeta>\n  <?xpacket end=\"w\"?>"
            );
            let files = vec![
                png_texts(&[("XML:com.adobe.xmp", &packet)]),
                jpeg(&[(0xe1, [b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes()].concat())]),
                webp(&[(b"XMP ", packet.as_bytes())]),
            ];
            check(files, &written.expected("automatic1111"))?;
        }
    }

    #[test]
    fn swarmui(written in description(), as_text: bool) {
        let number = |value: Value| if as_text { json!(value.to_string()) } else { value };
        let text = json!({"sui_image_params": {
            "prompt": written.prompt, "negativeprompt": written.negative(), "model": written.model, "seed": number(json!(written.seed)),
            "steps": number(json!(written.steps)), "cfgscale": number(json!(written.guidance)), "width": written.width,
            "height": written.height, "sampler": written.sampler, "scheduler": written.scheduler, "swarm_version": "0.9.7.4",
        }, "sui_extra_data": {"date": "2026-01-03"}});
        let text = serde_json::to_string_pretty(&text).unwrap();
        check(everywhere("parameters", &text), &written.expected("swarmui"))?;
    }

    #[test]
    fn invokeai_3(written in description(), nested: bool) {
        let model = if nested { json!({"name": written.model, "base": "sdxl"}) } else { json!({"model_name": written.model}) };
        let text = json!({
            "generation_mode": "txt2img", "positive_prompt": written.prompt, "negative_prompt": written.negative(), "seed": written.seed,
            "width": written.width, "height": written.height, "cfg_scale": written.guidance, "steps": written.steps,
            "scheduler": written.scheduler, "model": model,
        });
        let expected = Metadata { sampler: None, ..written.expected("invokeai") };
        check(vec![png_texts(&[("invokeai_metadata", &text.to_string()), ("invokeai_graph", "{}")])], &expected)?;
    }

    #[test]
    fn invokeai_2(written in description(), listed: bool) {
        let prompt = if listed { json!([{"prompt": written.prompt, "weight": 1.0}]) } else { json!(written.prompt) };
        let text = json!({"model": "stable diffusion", "model_weights": written.model, "image": {
            "prompt": prompt, "seed": written.seed, "width": written.width, "height": written.height, "cfg_scale": written.guidance,
            "steps": written.steps, "sampler": written.sampler,
        }});
        let expected = Metadata { scheduler: None, negative_prompt: None, ..written.expected("invokeai") };
        let files = vec![png_texts(&[("Dream", "\"another\" -s 3"), ("sd-metadata", &text.to_string())])];
        check(files, &expected)?;
    }

    #[test]
    fn invokeai_1(written in description(), space: bool) {
        let prompt = written.prompt.trim();
        // Quotes are not escaped: a quote followed by an option ends the prompt.
        let is_clear = !prompt.contains("\" -") && !prompt.contains("\"-") && !prompt.contains('\r');
        prop_assume!(is_clear && !prompt.ends_with('"'));
        let gap = if space { " " } else { "" };
        let sampler = written.sampler.replace([' ', '+'], "_");
        let text = format!(
            "\"{prompt}\" -s{gap}{} -S{gap}{} -W{gap}{} -H{gap}{} -C{gap}{} -A{gap}{sampler}",
            written.steps, written.seed, written.width, written.height, written.guidance
        );
        let expected = Metadata {
            prompt: Some(prompt.to_owned()),
            negative_prompt: None,
            model: None,
            scheduler: None,
            sampler: Some(sampler),
            ..written.expected("invokeai")
        };
        check(vec![png_texts(&[("Dream", &text)])], &expected)?;
    }

    #[test]
    fn fooocus(written in description()) {
        let text = json!({
            "adm_guidance": "(1.5, 0.8, 0.3)", "base_model": written.model, "full_prompt": [written.prompt, "cinematic"],
            "guidance_scale": written.guidance, "negative_prompt": written.negative(), "prompt": written.prompt,
            "resolution": format!("({}, {})", written.width, written.height), "sampler": written.sampler, "scheduler": written.scheduler,
            "seed": written.seed.to_string(), "steps": written.steps, "version": "Fooocus v2.5.5",
        }).to_string();
        let first = [(USER_COMMENT, ASCII, text.as_bytes()), (SOFTWARE, ASCII, b"Fooocus v2.5.5\0".as_slice()), (MAKER_NOTE, ASCII, b"fooocus\0")];
        let files = vec![
            png_texts(&[("parameters", &text), ("fooocus_scheme", "fooocus")]),
            jpeg_exif(&tiff(false, &first, &[])),
            webp(&[(b"EXIF", &tiff(true, &first, &[]))]),
        ];
        check(files, &written.expected("fooocus"))?;
    }

    #[test]
    fn fooocus_in_automatic1111_s_scheme(written in description()) {
        let Some(written) = written.stripped() else { return Ok(()) };
        let quote = |text: &str| json!(text).to_string();
        let mut lines = format!("{}, cinematic", written.prompt.replace('\n', ", "));
        if let Some(negative) = &written.negative {
            lines += &format!("\nNegative prompt: {negative}");
        }
        let text = format!(
            "{lines}\nSteps: {}, Sampler: {}, Seed: {}, Size: {}x{}, CFG scale: {}, Model: {}, Scheduler: {}, Raw prompt: {}, \
             Raw negative prompt: {}, Version: Fooocus v2.5.5",
            written.steps, written.sampler, written.seed, written.width, written.height, written.guidance, written.model,
            written.scheduler, quote(&written.prompt), quote(written.negative()),
        );
        let expected = written.expected("fooocus");
        check(vec![png_texts(&[("parameters", &text), ("fooocus_scheme", "a1111")])], &expected)?;
        check(everywhere("parameters", &text), &expected)?;
    }

    #[test]
    fn novelai_3(written in description()) {
        let comment = json!({
            "prompt": written.prompt, "steps": written.steps, "height": written.height, "width": written.width, "scale": written.guidance,
            "seed": written.seed, "noise_schedule": written.scheduler, "sampler": written.sampler, "uc": written.negative(),
        }).to_string();
        let texts = [
            ("Title", "AI generated image"), ("Description", written.prompt.as_str()), ("Software", "NovelAI"),
            ("Source", written.model.as_str()), ("Comment", comment.as_str()),
        ];
        let whole = serde_json::Value::Object(texts.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect()).to_string();
        let comment = [b"ASCII\0\0\0".as_slice(), whole.as_bytes()].concat();
        let files = vec![png_texts(&texts), webp(&[(b"EXIF", &tiff(false, &[], &[(USER_COMMENT, UNDEFINED, &comment)]))])];
        check(files, &written.expected("novelai"))?;
    }

    #[test]
    fn novelai_4(written in description(), characters in prop::collection::vec(text(), 0..3)) {
        let captions: Vec<Value> = characters.iter().map(|text| json!({"char_caption": text, "centers": [{"x": 0.5, "y": 0.5}]})).collect();
        let none: Vec<Value> = characters.iter().map(|_| json!({"char_caption": "", "centers": []})).collect();
        let comment = json!({
            "prompt": written.prompt, "steps": written.steps, "height": written.height, "width": written.width, "scale": written.guidance,
            "seed": written.seed, "noise_schedule": written.scheduler, "sampler": written.sampler, "uc": written.negative(),
            "v4_prompt": {"caption": {"base_caption": written.prompt, "char_captions": captions}, "use_coords": false},
            "v4_negative_prompt": {"caption": {"base_caption": written.negative(), "char_captions": none}},
        }).to_string();
        let prompt = [vec![written.prompt.clone()], characters].concat().join("\n");
        let expected = Metadata { prompt: Some(prompt), ..written.expected("novelai") };
        let texts = [("Software", "NovelAI"), ("Source", written.model.as_str()), ("Comment", comment.as_str())];
        check(vec![png_texts(&texts)], &expected)?;
    }

    #[test]
    fn draw_things(written in description()) {
        let text = json!({
            "c": written.prompt, "uc": written.negative(), "steps": written.steps, "sampler": written.sampler, "scale": written.guidance,
            "seed": written.seed, "size": format!("{}x{}", written.width, written.height), "model": written.model, "strength": 1.0,
            "seed_mode": "Scale Alike", "v2": {"width": 64},
        }).to_string();
        let expected = Metadata { scheduler: None, ..written.expected("draw-things") };
        check(everywhere("Comment", &text), &expected)?;
    }

    #[test]
    fn easy_diffusion(written in description(), page: bool) {
        let names = if page {
            ["Prompt", "Negative Prompt", "Seed", "Stable Diffusion model", "Steps", "Guidance Scale", "Sampler", "Scheduler", "Width", "Height"]
        } else {
            ["prompt", "negative_prompt", "seed", "use_stable_diffusion_model", "num_inference_steps", "guidance_scale", "sampler_name", "scheduler_name", "width", "height"]
        };
        let values = [
            json!(written.prompt), json!(written.negative()), json!(written.seed), json!(written.model), json!(written.steps),
            json!(written.guidance), json!(written.sampler), json!(written.scheduler), json!(written.width), json!(written.height),
        ];
        let expected = written.expected("easy-diffusion");
        let texts: Vec<String> = values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
        let chunks: Vec<(&str, &str)> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
        check(vec![png_texts(&chunks)], &expected)?;
        let object = Value::Object(names.into_iter().map(str::to_owned).zip(values).collect()).to_string();
        let comment = [b"UNICODE\0".as_slice(), &utf_16(&object, false)].concat();
        check(vec![jpeg_exif(&tiff(false, &[], &[(USER_COMMENT, UNDEFINED, &comment)]))], &expected)?;
    }

    #[test]
    fn stability_matrix(written in description()) {
        let text = json!({
            "PositivePrompt": written.prompt, "NegativePrompt": written.negative(), "Steps": written.steps, "Sampler": written.sampler,
            "CfgScale": written.guidance, "Seed": written.seed, "Width": written.width, "Height": written.height, "ModelName": written.model,
        }).to_string();
        let expected = Metadata { scheduler: None, ..written.expected("stability-matrix") };
        check(vec![png_texts(&[("parameters-json", &text), ("parameters", &written.infotext())])], &expected)?;
    }

    #[test]
    fn comfyui(written in description(), ways in prop::array::uniform5(0..4_u8), first_id in 1..1000_u32) {
        let nodes = graph(&written, ways, first_id).to_string();
        let expected = written.expected("comfyui");
        let named = |name: &str| format!("{name}:{nodes}");
        let both = format!("{{\"prompt\": {nodes}, \"workflow\": {{}}}}");
        let model = [(MODEL, ASCII, named("prompt").into_bytes()), (MAKE, ASCII, b"workflow:{}".to_vec())];
        let make = [(IMAGE_DESCRIPTION, ASCII, b"Workflow: {}".to_vec()), (MAKE, ASCII, named("Prompt").into_bytes())];
        fn fields(fields: &[(u16, u16, Vec<u8>)]) -> Vec<common::Field<'_>> {
            fields.iter().map(|(tag, kind, bytes)| (*tag, *kind, bytes.as_slice())).collect()
        }
        let files = vec![
            png_texts(&[("prompt", &nodes), ("workflow", "{\"nodes\": [], \"links\": []}")]),
            png(&[(b"IDAT", Vec::new()), (b"comf", [b"prompt\0", nodes.as_bytes()].concat())]),
            webp(&[(b"EXIF", &tiff(true, &fields(&model), &[]))]),
            webp(&[(b"EXIF", &tiff(false, &fields(&make), &[]))]),
            jpeg_exif(&tiff(false, &[(USER_COMMENT, ASCII, both.as_bytes())], &[])),
        ];
        check(files, &expected)?;
    }

    /// Arbitrary bytes are read without a panic.
    #[test]
    fn arbitrary_exif_and_xmp_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), start in 0..4_usize) {
        let starts: [&[u8]; 4] = [b"II\x2a\0\x08\0\0\0\x03\0", b"MM\0\x2a\0\0\0\x08\0\x03", b"", b"<x:xmpmeta xmlns:x=\"a\">"];
        let bytes = [starts[start], &bytes].concat();
        for file in [
            png(&[(b"eXIf", bytes.clone())]),
            webp(&[(b"EXIF", &bytes), (b"XMP ", &bytes)]),
            jpeg(&[(0xe1, [b"http://ns.adobe.com/xap/1.0/\0", bytes.as_slice()].concat()), (0xfe, bytes.clone())]),
            [b"GIF89a\x01\0\x01\0\0\0\0!\xfe", bytes.as_slice()].concat(),
            [b"\0\0\0\x18ftypavif\0\0\0\0mif1avif\0\0\0\x80meta\0\0\0\0", bytes.as_slice()].concat(),
            bytes,
        ] {
            let _ = Metadata::of(&file);
        }
    }
}

/// A graph with these settings, in one of several common arrangements.
fn graph(
    written: &Description,
    [texts, conditions, sampling, latent, model]: [u8; 5],
    first_id: u32,
) -> Value {
    let mut nodes = serde_json::Map::new();
    let mut add = |kind: &str, inputs: Value| {
        let id = (first_id + nodes.len() as u32).to_string();
        nodes.insert(id.clone(), json!({"class_type": kind, "inputs": inputs, "is_changed": [null]}));
        id
    };
    let loader = match model {
        0 => add("UNETLoader", json!({"unet_name": written.model})),
        _ => add("CheckpointLoaderSimple", json!({"ckpt_name": written.model})),
    };
    let lora = if model > 1 {
        add("LoraLoader", json!({"model": [loader, 0], "clip": [loader, 1], "lora_name": "other"}))
    } else {
        loader.clone()
    };
    let mut encode = |text: &str| {
        let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
        match texts {
            0 => add("CLIPTextEncode", json!({"text": text, "clip": [lora, 1]})),
            1 => {
                let primitive = add("PrimitiveStringMultiline", json!({"value": text}));
                add("CLIPTextEncode", json!({"text": [primitive, 0], "clip": [lora, 1]}))
            }
            2 => {
                let (start, end) = text.split_at(half);
                let joined =
                    add("StringConcatenate", json!({"string_a": start, "string_b": end, "delimiter": ""}));
                add(
                    "CLIPTextEncodeSDXL",
                    json!({"text_g": [joined, 0], "text_l": [joined, 0], "clip": [lora, 1], "width": 9}),
                )
            }
            _ => {
                let held = add("TextBox", json!({"text": text}));
                let shown = add("ShowText|pysssss", json!({"text": [held, 0]}));
                add("CLIPTextEncodeFlux", json!({"clip_l": "", "t5xxl": [shown, 0], "guidance": 3.5}))
            }
        }
    };
    let (positive, negative) = (encode(&written.prompt), encode(written.negative()));
    let (positive, negative) = match conditions {
        0 => (json!([positive, 0]), json!([negative, 0])),
        1 => {
            let control = add(
                "ControlNetApplyAdvanced",
                json!({"positive": [positive, 0], "negative": [negative, 0], "image": ["none", 0]}),
            );
            (json!([control, 0]), json!([control, 1]))
        }
        2 => {
            let pipe = add(
                "ToBasicPipe",
                json!({"positive": [positive, 0], "negative": [negative, 0], "model": [lora, 0]}),
            );
            let out = add("FromBasicPipe_v2", json!({"basic_pipe": [pipe, 0]}));
            (json!([out, 4]), json!([out, 5]))
        }
        _ => {
            let area = add(
                "ConditioningSetMask",
                json!({"conditioning": [positive, 0], "mask": ["none", 0], "strength": 1}),
            );
            (json!([area, 0]), json!([negative, 0]))
        }
    };
    let latent = match latent {
        0 => add(
            "EmptyLatentImage",
            json!({"width": written.width, "height": written.height, "batch_size": 1}),
        ),
        1 => {
            let width = add("PrimitiveInt", json!({"value": written.width}));
            add("EmptySD3LatentImage", json!({"width": [width, 0], "height": written.height}))
        }
        _ => {
            let first = add("EmptyLatentImage", json!({"width": 64, "height": 64}));
            add(
                "LatentUpscale",
                json!({"samples": [first, 0], "width": written.width, "height": written.height}),
            )
        }
    };
    let sampler = if sampling < 2 {
        let seed = if sampling == 0 {
            json!(written.seed)
        } else {
            json!([add("Seed (rgthree)", json!({"seed": written.seed})), 0])
        };
        add(
            "KSampler",
            json!({
                "seed": seed, "steps": written.steps, "cfg": written.guidance, "sampler_name": written.sampler, "scheduler": written.scheduler,
                "model": [lora, 0], "positive": positive, "negative": negative, "latent_image": [latent, 0],
            }),
        )
    } else {
        let guider = add(
            "CFGGuider",
            json!({"cfg": written.guidance, "model": [lora, 0], "positive": positive, "negative": negative}),
        );
        let noise = add("RandomNoise", json!({"noise_seed": written.seed}));
        let select = add("KSamplerSelect", json!({"sampler_name": written.sampler}));
        let sigmas = add(
            "BasicScheduler",
            json!({"scheduler": written.scheduler, "steps": written.steps, "model": [lora, 0]}),
        );
        add(
            "SamplerCustomAdvanced",
            json!({
                "noise": [noise, 0], "guider": [guider, 0], "sampler": [select, 0], "sigmas": [sigmas, 0], "latent_image": [latent, 0],
            }),
        )
    };
    let decoded = add("VAEDecode", json!({"samples": [sampler, 0], "vae": [loader, 2]}));
    add("SaveImage", json!({"images": [decoded, 0]}));
    Value::Object(nodes)
}
