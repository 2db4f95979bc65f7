"""Writes images the way generators write them, with the libraries that they use.

    python tests/metadata/make.py    # tests/metadata/fixtures/

Each function follows the program that it is named after; README.md lists the places in their code.
The input values are written to expected.json.
"""

import json
from pathlib import Path
from xml.sax.saxutils import escape

import piexif
import piexif.helper
from PIL import Image
from PIL.PngImagePlugin import PngInfo

FIXTURES = Path(__file__).parent / "fixtures"
IMAGE = Image.new("RGB", (8, 8), (200, 120, 40))
PROMPT = 'a fox in the snow, (detailed:1.2), "quoted", naïve 日本\nsecond line'
NEGATIVE = "blurry, low quality: yes, no"
EXPECTED = {}


def user_comment(text, encoding="unicode"):
    return piexif.dump({"Exif": {piexif.ExifIFD.UserComment: piexif.helper.UserComment.dump(text, encoding=encoding)}})


def raw_user_comment(comment):
    return piexif.dump({"Exif": {piexif.ExifIFD.UserComment: comment}})


def save(name, expected, **options):
    IMAGE.save(FIXTURES / name, **options)
    EXPECTED[name] = expected


def png(name, expected, texts, zip=False, international=()):
    info = PngInfo()
    for key, text in texts.items():
        if key in international:
            info.add_itxt(key, text, zip=zip)
        else:
            info.add_text(key, text, zip=zip)
    save(name, expected, pnginfo=info)


def automatic1111():
    text = (
        f"{PROMPT}\nNegative prompt: {NEGATIVE}\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 12345678901234567890, Size: 512x768, "
        'Model hash: abcdef0123, Model: v1-5-pruned, Lora hashes: "a: 1, b: 2", Version: v1.10.1'
    )
    expected = {
        "generator": "automatic1111", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": "12345678901234567890",
        "model": "v1-5-pruned", "steps": 20, "guidance": 7.5, "sampler": "DPM++ 2M", "scheduler": "Karras", "width": 512, "height": 768,
    }
    # modules/images.py, save_image_with_geninfo.
    png("automatic1111.png", expected, {"parameters": text})
    exif = piexif.dump({"Exif": {piexif.ExifIFD.UserComment: piexif.helper.UserComment.dump(text, encoding="unicode")}})
    save("automatic1111.jpg", expected, exif=exif)
    save("automatic1111.webp", expected, exif=exif, lossless=True)
    # Text that fits Latin-1 stays tEXt; SD.Next and others compress long text.
    plain = "a café\nSteps: 5, Sampler: Euler a, CFG scale: 7, Seed: 1"
    short = {"generator": "automatic1111", "prompt": "a café", "seed": "1", "steps": 5, "guidance": 7, "sampler": "Euler a"}
    png("latin-1.png", short, {"parameters": plain})
    png("ztxt.png", short, {"parameters": plain}, zip=True)
    png("itxt-zip.png", expected, {"parameters": text}, zip=True, international=("parameters",))


def comfyui():
    graph = {
        "3": {"class_type": "KSampler", "inputs": {
            "seed": 156680208700286, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
            "model": ["10", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd_xl_base_1.0.safetensors"}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 1024, "height": 768, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["11", 0], "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": NEGATIVE, "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
        "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "a.safetensors", "strength_model": 1.0, "model": ["4", 0], "clip": ["4", 1]},
               "is_changed": [float("nan")]},
        "11": {"class_type": "PrimitiveString", "inputs": {"value": PROMPT}},
    }
    expected = {
        "generator": "comfyui", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": "156680208700286",
        "model": "sd_xl_base_1.0.safetensors", "steps": 20, "guidance": 8, "sampler": "euler", "scheduler": "normal",
        "width": 1024, "height": 768,
    }
    workflow = {"last_node_id": 11, "nodes": [{"id": 3, "type": "KSampler", "widgets_values": [1, "x" * 500]}], "version": 0.4}
    # nodes.py, SaveImage.save_images.
    png("comfyui.png", expected, {"prompt": json.dumps(graph), "workflow": json.dumps(workflow)})
    # comfy_extras/nodes_images.py, SaveAnimatedWEBP.
    exif = IMAGE.getexif()
    exif[0x0110] = "prompt:{}".format(json.dumps(graph))
    exif[0x010F] = "workflow:{}".format(json.dumps(workflow))
    save("comfyui.webp", expected, exif=exif, lossless=True)
    # The graph of the Flux examples has separate nodes for noise, guider, sampler and sigmas.
    flux = {
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": PROMPT, "clip": ["11", 0]}},
        "11": {"class_type": "DualCLIPLoader", "inputs": {"clip_name1": "t5xxl.safetensors", "clip_name2": "clip_l.safetensors"}},
        "12": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors", "weight_dtype": "default"}},
        "13": {"class_type": "SamplerCustomAdvanced", "inputs": {
            "noise": ["25", 0], "guider": ["22", 0], "sampler": ["16", 0], "sigmas": ["17", 0], "latent_image": ["27", 0]}},
        "16": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "17": {"class_type": "BasicScheduler", "inputs": {"scheduler": "simple", "steps": 20, "denoise": 1.0, "model": ["12", 0]}},
        "22": {"class_type": "BasicGuider", "inputs": {"model": ["12", 0], "conditioning": ["26", 0]}},
        "25": {"class_type": "RandomNoise", "inputs": {"noise_seed": 219670278747233}},
        "26": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["6", 0]}},
        "27": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 1024, "batch_size": 1}},
    }
    png("comfyui-flux.png", {
        "generator": "comfyui", "prompt": PROMPT, "seed": "219670278747233", "model": "flux1-dev.safetensors", "steps": 20,
        "guidance": 3.5, "sampler": "euler", "scheduler": "simple", "width": 1024, "height": 1024,
    }, {"prompt": json.dumps(flux)})


def invokeai():
    metadata = {
        "app_version": "5.6.0", "generation_mode": "sdxl_txt2img", "positive_prompt": PROMPT, "negative_prompt": NEGATIVE, "width": 1024,
        "height": 1024, "seed": 42, "cfg_scale": 7.0, "steps": 30, "scheduler": "dpmpp_2m_k",
        "model": {"key": "k", "hash": "h", "name": "Juggernaut XL", "base": "sdxl", "type": "main"},
    }
    # invokeai/app/services/image_files/image_files_disk.py, save.
    png("invokeai.png", {
        "generator": "invokeai", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": "42", "model": "Juggernaut XL", "steps": 30,
        "guidance": 7, "scheduler": "dpmpp_2m_k", "width": 1024, "height": 1024,
    }, {"invokeai_metadata": json.dumps(metadata), "invokeai_graph": "{}"})
    # ldm/invoke/pngwriter.py of version 2.
    old = {"model": "stable diffusion", "model_weights": "stable-diffusion-1.5", "app_version": "2.3.5",
           "image": {"prompt": [{"prompt": "a fox", "weight": 1.0}], "steps": 50, "cfg_scale": 7.5, "seed": 7, "width": 512, "height": 512,
                     "sampler": "k_lms"}}
    png("invokeai-2.png", {
        "generator": "invokeai", "prompt": "a fox", "seed": "7", "model": "stable-diffusion-1.5", "steps": 50, "guidance": 7.5,
        "sampler": "k_lms", "width": 512, "height": 512,
    }, {"Dream": '"a fox" -s50', "sd-metadata": json.dumps(old)})


def fooocus():
    metadata = {
        "adm_guidance": "(1.5, 0.8, 0.3)", "base_model": "juggernautXL_v8", "guidance_scale": 4.0, "full_prompt": [PROMPT, "cinematic"],
        "negative_prompt": NEGATIVE, "prompt": PROMPT, "resolution": "(1152, 896)", "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras",
        "seed": "4783402487402485377", "steps": 30, "version": "Fooocus v2.5.5",
    }
    expected = {
        "generator": "fooocus", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": "4783402487402485377", "model": "juggernautXL_v8",
        "steps": 30, "guidance": 4, "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras", "width": 1152, "height": 896,
    }
    # modules/private_logger.py, log; modules/meta_parser.py, get_exif.
    png("fooocus.png", expected, {"parameters": json.dumps(metadata), "fooocus_scheme": "fooocus"})
    exif = Image.Exif()
    exif[0x9286] = json.dumps(metadata)
    exif[0x0131] = "Fooocus v2.5.5"
    exif[0x927C] = "fooocus"
    save("fooocus.jpg", expected, exif=exif)
    save("fooocus.webp", expected, exif=exif, lossless=True)
    text = "a fox\nNegative prompt: blurry\nSteps: 30, Sampler: DPM++ 2M SDE Karras, CFG scale: 4.0, Seed: 99, Size: 1152x896, Model: juggernautXL_v8"
    png("fooocus-a1111.png", {
        "generator": "fooocus", "prompt": "a fox", "negative_prompt": "blurry", "seed": "99", "model": "juggernautXL_v8", "steps": 30,
        "guidance": 4, "sampler": "DPM++ 2M SDE Karras", "width": 1152, "height": 896,
    }, {"parameters": text, "fooocus_scheme": "a1111"})


def novelai():
    comment = {
        "prompt": PROMPT, "steps": 28, "height": 1216, "width": 832, "scale": 5.0, "uncond_scale": 0.0, "cfg_rescale": 0.0, "seed": 2883741,
        "n_samples": 1, "noise_schedule": "karras", "sampler": "k_euler_ancestral", "uc": NEGATIVE, "request_type": "PromptGenerateRequest",
    }
    png("novelai.png", {
        "generator": "novelai", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": "2883741", "model": "NovelAI Diffusion V4 37442FCA",
        "steps": 28, "guidance": 5, "sampler": "k_euler_ancestral", "scheduler": "karras", "width": 832, "height": 1216,
    }, {"Title": "NovelAI generated image", "Description": PROMPT, "Software": "NovelAI", "Source": "NovelAI Diffusion V4 37442FCA",
        "Generation time": "2.5", "Comment": json.dumps(comment)})


def swarmui():
    metadata = {
        "sui_image_params": {
            "prompt": PROMPT, "negativeprompt": NEGATIVE, "model": "OfficialStableDiffusion/sd_xl_base_1.0", "seed": 1395, "steps": "20",
            "cfgscale": "7.0", "aspectratio": "1:1", "width": 1024, "height": 1024, "sampler": "euler", "scheduler": "karras",
            "swarm_version": "0.9.3.1"},
        "sui_extra_data": {"date": "2025-01-25", "original_prompt": "a <wildcard:animal>"},
    }
    expected = {
        "generator": "swarmui", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": "1395",
        "model": "OfficialStableDiffusion/sd_xl_base_1.0", "steps": 20, "guidance": 7, "sampler": "euler", "scheduler": "karras",
        "width": 1024, "height": 1024,
    }
    text = json.dumps(metadata, indent=2)
    # docs/Image Metadata Format.md; src/Media/ImageFile.cs, ConvertTo. ImageSharp writes
    # little-endian UTF-16.
    png("swarmui.itxt.png", expected, {"parameters": text}, international=("parameters",))
    save("swarmui.jpg", expected, exif=raw_user_comment(b"UNICODE\0" + text.encode("utf-16-le")))
    # Before version 0.6, the field is the camera model.
    save("swarmui-old.jpg", expected, exif=piexif.dump({"0th": {piexif.ImageIFD.Model: text.encode()}}))


def draw_things():
    comment = {
        "c": PROMPT, "uc": NEGATIVE, "steps": 10, "sampler": "DPM++ 2M Karras", "scale": 10.0, "seed": 1177739245, "size": "1152x768",
        "model": "sd_v1.4_f16.ckpt", "strength": 1.0, "seed_mode": "Scale Alike", "hires_fix": True, "first_stage_size": "768x512",
        "v2": {"width": 1152, "prompt": "not this"},
    }
    line = "Steps: 10, Sampler: DPM++ 2M Karras, Guidance Scale: 10.0, Seed: 1177739245, Size: 1152x768, Model: sd_v1.4_f16.ckpt, Strength: 1.0"
    description = f"{PROMPT}\n-{NEGATIVE}\n{line}"
    expected = {
        "generator": "draw-things", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": "1177739245", "model": "sd_v1.4_f16.ckpt",
        "steps": 10, "guidance": 10, "sampler": "DPM++ 2M Karras", "width": 1152, "height": 768,
    }

    def packet(comment, description):
        def alternative(text):
            return f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt>'

        user_comment = f"<exif:UserComment>{alternative(comment)}</exif:UserComment>" if comment else ""
        return (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
            'xmlns:exif="http://ns.adobe.com/exif/1.0/"><xmp:CreatorTool>Draw Things</xmp:CreatorTool>'
            f"{user_comment}<dc:description>{alternative(description)}</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
        )

    # ImageConverter.swift; the system converts PNG's comment and description to XMP.
    xmp = packet(json.dumps(comment), description)
    png("draw-things.png", expected, {"XML:com.adobe.xmp": xmp}, international=("XML:com.adobe.xmp",))
    save("draw-things.jpg", expected, xmp=xmp.encode())
    save("draw-things.webp", expected, xmp=xmp.encode(), lossless=True)
    png("draw-things-text.png", expected, {"Software": "Draw Things", "Comment": json.dumps(comment), "Description": description})
    # Only the description is left.
    png("draw-things-description.png", expected, {"XML:com.adobe.xmp": packet("", description)}, international=("XML:com.adobe.xmp",))


def easy_diffusion():
    metadata = {
        "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": 2414, "use_stable_diffusion_model": "C:\\models\\sd-v1-5.safetensors",
        "clip_skip": False, "use_vae_model": None, "sampler_name": "euler_a", "scheduler_name": "simple", "width": 512, "height": 640,
        "num_inference_steps": 25, "guidance_scale": 7.5, "use_lora_model": None,
    }
    expected = {
        "generator": "easy-diffusion", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": "2414", "model": "sd-v1-5.safetensors",
        "steps": 25, "guidance": 7.5, "sampler": "euler_a", "scheduler": "simple", "width": 512, "height": 640,
    }
    # sdkit, save_dicts: one text per value in PNG, JSON in other formats.
    png("easy-diffusion.png", expected, {key: str(value) for key, value in metadata.items()})
    exif = user_comment(json.dumps(metadata))
    save("easy-diffusion.jpg", expected, exif=exif)
    save("easy-diffusion.webp", expected, exif=exif, lossless=True)
    page = {
        "Prompt": "a fox", "Negative Prompt": "", "Seed": "7", "Stable Diffusion model": "sd-v1-5", "Sampler": "ddim", "Width": "512",
        "Height": "512", "Steps": "20", "Guidance Scale": "7.5",
    }
    png("easy-diffusion-page.png", {
        "generator": "easy-diffusion", "prompt": "a fox", "seed": "7", "model": "sd-v1-5", "steps": 20, "guidance": 7.5, "sampler": "ddim",
        "width": 512, "height": 512,
    }, page)


def newer_novelai():
    def captions(base, characters):
        characters = [{"char_caption": text, "centers": [{"x": 0.5, "y": 0.5}]} for text in characters]
        return {"caption": {"base_caption": base, "char_captions": characters}, "use_coords": True, "use_order": True}

    comment = {
        "prompt": PROMPT, "steps": 28, "height": 1216, "width": 832, "scale": 5.0, "seed": 1702945580, "noise_schedule": "karras",
        "v4_prompt": captions(PROMPT, ["a girl, red hat", "a boy"]), "v4_negative_prompt": captions(NEGATIVE, ["", "beard"]),
        "sampler": "k_euler_ancestral", "uc": NEGATIVE, "request_type": "PromptGenerateRequest", "signed_hash": "x==",
    }
    expected = {
        "generator": "novelai", "prompt": f"{PROMPT}\na girl, red hat\na boy", "negative_prompt": f"{NEGATIVE}\nbeard",
        "seed": "1702945580", "model": "NovelAI Diffusion V4.5 4BDE2A90", "steps": 28, "guidance": 5, "sampler": "k_euler_ancestral",
        "scheduler": "karras", "width": 832, "height": 1216,
    }
    texts = {"Title": "NovelAI generated image", "Description": PROMPT, "Software": "NovelAI", "Source": "NovelAI Diffusion V4.5 4BDE2A90",
             "Generation time": "3.8e-05", "Comment": json.dumps(comment)}
    png("novelai-4.png", expected, texts)
    whole = json.dumps(texts | {"Description": "\0\0\0\0" + PROMPT}, ensure_ascii=False)
    exif = piexif.dump({
        "0th": {piexif.ImageIFD.Software: b"NovelAI Diffusion V4.5 4BDE2A90", piexif.ImageIFD.DocumentName: b"NovelAI generated image"},
        "Exif": {piexif.ExifIFD.UserComment: b"ASCII\0\0\0" + whole.encode()},
    })
    save("novelai-4.webp", expected, exif=exif, lossless=True)


def command_lines():
    # ldm/invoke/args.py of InvokeAI 2, dream_prompt_str; earlier versions wrote no spaces.
    for name, text, prompt in [
        ("dream.png", '"a "big" fox, - wild [blurry, low-res]" -s 50 -S 3512 -W 640 -H 512 -C 7.5 -A k_euler_a', 'a "big" fox, - wild [blurry, low-res]'),
        ("dream-joined.png", '"a fox" -s50 -S3512 -W640 -H512 -C7.5 -Ak_euler_a -G 0.8 -U 4.0 0.75', "a fox"),
    ]:
        png(name, {
            "generator": "invokeai", "prompt": prompt, "seed": "3512", "steps": 50, "guidance": 7.5, "sampler": "k_euler_a", "width": 640,
            "height": 512,
        }, {"Dream": text})


def services():
    expected = {"prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": "41", "steps": 25, "guidance": 7, "width": 832, "height": 1216}
    png("stability-matrix.png", expected | {"generator": "stability-matrix", "model": "m.safetensors", "sampler": "Euler"}, {
        "parameters-json": json.dumps({
            "PositivePrompt": PROMPT, "NegativePrompt": NEGATIVE, "Steps": 25, "Sampler": "Euler", "CfgScale": 7, "Seed": 41, "Height": 1216,
            "Width": 832, "ModelHash": "A5", "ModelName": "m.safetensors"}),
        "parameters": "another\nSteps: 1, Sampler: x, Seed: 2", "smproj": "{}"})
    png("huggingface-space.png", expected | {"generator": "huggingface-space", "model": "WAI", "sampler": "DPM++ 2M Karras"}, {
        "parameters": json.dumps({
            "prompt": PROMPT, "negative_prompt": NEGATIVE, "resolution": "832 x 1216", "guidance_scale": 7, "num_inference_steps": 25,
            "seed": 41, "sampler": "DPM++ 2M Karras", "Model": "WAI", "Model hash": "BD", "use_upscaler": None})})
    png("ruined-fooocus.png", expected | {"generator": "ruined-fooocus", "model": "m.safetensors", "sampler": "dpmpp_2m", "scheduler": "karras"}, {
        "parameters": json.dumps({
            "Prompt": PROMPT, "Negative": NEGATIVE, "steps": 25, "cfg": 7, "width": 832, "height": 1216, "seed": 41,
            "sampler_name": "dpmpp_2m", "scheduler": "karras", "base_model_name": "m.safetensors", "loras": [], "software": "RuinedFooocus"})})
    png("tensorart.png", expected | {"generator": "tensorart", "model": "WAI", "sampler": "euler_ancestral", "scheduler": "karras"}, {
        "generation_data": json.dumps({
            "prompt": PROMPT, "negativePrompt": NEGATIVE, "width": 832, "height": 1216, "steps": 25, "cfgScale": 7, "seed": "-1",
            "baseModel": {"modelFileName": "WAI"}, "ksamplerName": "euler_ancestral", "schedule": "karras"}) + "\0",
        "prompt": json.dumps({"1": {"class_type": "KSampler", "inputs": {"seed": 41, "steps": 25, "positive": ["2", 0], "latent_image": ["3", 0]}}})})
    graph = {
        "23": {"class_type": "LoadImage", "inputs": {"image": "x.jpeg"}},
        "12": {"class_type": "SaveImage", "inputs": {"images": ["23", 0]}},
        "extra": {"airs": []},
        "extraMetadata": json.dumps({
            "prompt": PROMPT, "negativePrompt": NEGATIVE, "cfgScale": 7, "sampler": "Euler a", "steps": 25, "width": 832, "height": 1216,
            "seed": 41}),
    }
    save("civitai-upscale.jpg", expected | {"generator": "civitai", "sampler": "Euler a"}, exif=user_comment(json.dumps(graph)))
    png("midjourney.png", {"generator": "midjourney", "prompt": "a fox, oil on canvas", "seed": "12"}, {
        "Description": "a fox, oil on canvas --ar 3:2 --seed 12 --v 6.1 Job ID: 0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f", "Author": "x"})


def places():
    """Automatic1111's text in all the places where programs and converters put it."""
    text = f"{PROMPT}\nNegative prompt: {NEGATIVE}\nSteps: 5, Sampler: Euler a, CFG scale: 7, Seed: 1"
    expected = {"generator": "automatic1111", "prompt": PROMPT, "negative_prompt": NEGATIVE, "seed": "1", "steps": 5, "guidance": 7,
                "sampler": "Euler a"}
    save("comment-unicode-utf-8.jpg", expected, exif=raw_user_comment(b"UNICODE\0" + text.encode()))
    save("comment-ascii-utf-8.webp", expected, exif=raw_user_comment(b"ASCII\0\0\0" + text.encode()), lossless=True)
    save("comment-bare-utf-16.jpg", expected, exif=raw_user_comment(text.encode("utf-16-le")))
    save("comment-bom.jpg", expected, exif=raw_user_comment(b"UNICODE\0" + text.encode("utf-16")))
    save("comment.avif", expected, exif=user_comment(text))
    # Pillow cannot write a user comment into TIFF, and writes only ASCII into a description.
    plain = "a fox\nNegative prompt: blurry\nSteps: 5, Sampler: Euler a, CFG scale: 7, Seed: 1"
    save("description.tif", expected | {"prompt": "a fox", "negative_prompt": "blurry"}, description=plain)
    save("comment.gif", expected, comment=text.encode())
    save("segment.jpg", expected, comment=text.encode())
    save("exif.png", expected, exif=user_comment(text))
    profile = b"Exif\0\0" + user_comment(text).removeprefix(b"Exif\0\0")
    rows = [profile.hex()[at : at + 72] for at in range(0, 2 * len(profile), 72)]
    png("raw-profile.png", expected, {"Raw profile type exif": "\n".join(["", "exif", f"{len(profile):8}", *rows, ""])}, zip=True)
    chinese = "一只在雪中的狐狸，油画，高清\nNegative prompt: 模糊\nSteps: 5, Sampler: Euler a, CFG scale: 7, Seed: 1"
    read = expected | {"prompt": "一只在雪中的狐狸，油画，高清", "negative_prompt": "模糊"}
    save("chinese-big.jpg", read, exif=raw_user_comment(b"UNICODE\0" + chinese.encode("utf-16-be")))
    save("chinese-little.jpg", read, exif=raw_user_comment(b"UNICODE\0" + chinese.encode("utf-16-le")))
    # ComfyUI's SaveAnimatedPNG, and a node that saves JPEG.
    graph = json.dumps({
        "1": {"class_type": "CLIPTextEncode", "inputs": {"text": PROMPT}},
        "2": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 5, "cfg": 7, "sampler_name": "euler", "positive": ["1", 0]}},
    })
    read = {"generator": "comfyui", "prompt": PROMPT, "seed": "1", "steps": 5, "guidance": 7, "sampler": "euler"}
    info = PngInfo()
    info.add(b"comf", b"prompt\0" + graph.encode("latin-1"), after_idat=True)
    save("comfyui-animated.png", read, pnginfo=info)
    exif = piexif.dump({"0th": {piexif.ImageIFD.ImageDescription: b"Workflow: {}", piexif.ImageIFD.Make: b"Prompt: " + graph.encode()}})
    save("comfyui.jpg", read, exif=exif)
    save("comfyui-comment.jpg", read, exif=user_comment(json.dumps({"prompt": json.loads(graph), "workflow": {}})))


def others():
    png("none.png", None, {"Software": "Pillow", "Comment": "a holiday", "prompt": "not a graph", "parameters": "just words"})
    save("none.jpg", None, comment=b"a holiday")
    save("none.webp", None)
    save("none.gif", None)


def main():
    FIXTURES.mkdir(exist_ok=True)
    for write in (automatic1111, comfyui, invokeai, fooocus, novelai, swarmui, draw_things, easy_diffusion, newer_novelai, command_lines,
                  services, places, others):
        write()
    (FIXTURES / "expected.json").write_text(json.dumps(EXPECTED, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(EXPECTED)} images")


if __name__ == "__main__":
    main()
