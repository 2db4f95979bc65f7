"""Writes images as generators write them: the texts that their programs compose, by the libraries that they write with.

    python tests/metadata/make.py    # tests/metadata/fixtures/

Each function follows the program that it is named after; the places are in README.md. expected.json holds what went in.
"""

import json
from pathlib import Path

import piexif
import piexif.helper
from PIL import Image
from PIL.PngImagePlugin import PngInfo

FIXTURES = Path(__file__).parent / "fixtures"
IMAGE = Image.new("RGB", (8, 8), (200, 120, 40))
PROMPT = 'a fox in the snow, (detailed:1.2), "quoted", naïve 日本\nsecond line'
NEGATIVE = "blurry, low quality: yes, no"
EXPECTED = {}


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
    # Texts that Latin-1 holds stay tEXt; SD.Next and others compress long ones.
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
    # The graph of the Flux examples: noise, guider, sampler and sigmas in nodes of their own.
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


def others():
    png("none.png", None, {"Software": "Pillow", "Comment": "a holiday", "prompt": "not a graph", "parameters": "just words"})
    save("none.jpg", None, comment=b"a holiday")
    save("none.webp", None)
    save("none.gif", None)


def main():
    FIXTURES.mkdir(exist_ok=True)
    for write in (automatic1111, comfyui, invokeai, fooocus, novelai, others):
        write()
    (FIXTURES / "expected.json").write_text(json.dumps(EXPECTED, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(EXPECTED)} images")


if __name__ == "__main__":
    main()
