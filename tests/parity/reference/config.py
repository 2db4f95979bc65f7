"""Models that transformers and open_clip build from many configurations.

    python tests/parity/reference/config.py      # writes tests/parity/fixtures/config.json

Each case has the content of a configuration file and the shape of the model that the library builds
from it. The values are read from the built modules (on PyTorch's meta device), not from the
configuration.
"""

import json
from pathlib import Path

import open_clip
import torch
from transformers import CLIPConfig, CLIPModel

OUT = Path(__file__).parent.parent / "fixtures" / "config.json"


def hugging_face(source):
    config = CLIPConfig(**json.loads(json.dumps(source)))
    with torch.device("meta"):
        model = CLIPModel(config)
    text, vision = model.text_model, model.vision_model

    def tower(encoder):
        layer = encoder.layers[0]
        return {
            "width": layer.self_attn.q_proj.in_features,
            "layers": len(encoder.layers),
            "heads": layer.self_attn.num_heads,
            "mlp": layer.mlp.fc1.out_features,
            "activation": {"GELUActivation": "gelu", "QuickGELUActivation": "quick_gelu"}[
                type(layer.mlp.activation_fn).__name__
            ],
            "layer_norm_eps": layer.layer_norm1.eps,
        }

    return {
        "text": tower(text.encoder),
        "vision": tower(vision.encoder),
        "context": text.embeddings.position_embedding.num_embeddings,
        "vocabulary": text.embeddings.token_embedding.num_embeddings,
        "pooling": "highest" if text.eos_token_id == 2 else text.eos_token_id,
        "image_size": vision.embeddings.image_size,
        "patch_size": vision.embeddings.patch_size,
        "positions": vision.embeddings.num_positions,
        "projection": model.visual_projection.out_features,
        "parameters": sum(p.numel() for p in model.parameters()),
    }


def openclip(source):
    model = source.get("model_cfg", source)
    with torch.device("meta"):
        built = open_clip.CLIP(
            model["embed_dim"], dict(model["vision_cfg"]), dict(model["text_cfg"]), quick_gelu=model.get("quick_gelu", False)
        )
    vision = built.visual
    side = vision.image_size[0] if isinstance(vision.image_size, (tuple, list)) else vision.image_size
    patch = vision.patch_size[0] if isinstance(vision.patch_size, (tuple, list)) else vision.patch_size

    def tower(transformer):
        block = transformer.resblocks[0]
        return {
            "width": block.attn.embed_dim,
            "layers": len(transformer.resblocks),
            "heads": block.attn.num_heads,
            "mlp": block.mlp.c_fc.out_features,
            "activation": {"GELU": "gelu", "QuickGELU": "quick_gelu"}[type(block.mlp.gelu).__name__],
            "layer_norm_eps": block.ln_1.eps,
        }

    return {
        "text": tower(built.transformer),
        "vision": tower(vision.transformer),
        "context": built.positional_embedding.shape[0],
        "vocabulary": built.token_embedding.num_embeddings,
        "pooling": "highest" if built.text_pool_type == "argmax" else built.text_eos_id,
        "image_size": side,
        "patch_size": patch,
        "positions": vision.positional_embedding.shape[0],
        "projection": vision.proj.shape[1],
        "parameters": sum(p.numel() for p in built.parameters()),
    }


PICKSCORE = {
    "architectures": ["CLIPModel"],
    "logit_scale_init_value": 2.6592,
    "model_type": "clip",
    "projection_dim": 1024,
    "text_config": {
        "bos_token_id": 0,
        "dropout": 0.0,
        "eos_token_id": 2,
        "hidden_act": "gelu",
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "model_type": "clip_text_model",
        "num_attention_heads": 16,
        "num_hidden_layers": 24,
    },
    "vision_config": {
        "hidden_act": "gelu",
        "hidden_size": 1280,
        "intermediate_size": 5120,
        "model_type": "clip_vision_model",
        "num_attention_heads": 16,
        "num_hidden_layers": 32,
        "patch_size": 14,
    },
}

HUGGING_FACE = {
    "pickscore": PICKSCORE,
    "defaults": {"text_config": {}, "vision_config": {}},
    "eos after 4.31": {"text_config": {"eos_token_id": 49407}, "vision_config": {}},
    "small": {
        "projection_dim": 24,
        "text_config": {"hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2, "intermediate_size": 37,
                        "vocab_size": 99, "max_position_embeddings": 20, "eos_token_id": 98, "hidden_act": "gelu"},
        "vision_config": {"hidden_size": 40, "num_attention_heads": 5, "num_hidden_layers": 3, "intermediate_size": 50,
                          "image_size": 30, "patch_size": 6, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-6},
    },
    "patch leaves a rest": {"text_config": {}, "vision_config": {"image_size": 225, "patch_size": 16}},
    "old dicts win": {
        "projection_dim": 768,
        "text_config": {"hidden_size": 64, "num_attention_heads": 4},
        "text_config_dict": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12},
        "vision_config": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
                          "patch_size": 16},
        "vision_config_dict": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
                               "num_attention_heads": 16, "patch_size": 14},
    },
    "only old dicts": {"text_config_dict": {"eos_token_id": 2}, "vision_config_dict": {"patch_size": 16}},
    "null fields": {"text_config": {}, "vision_config": {}, "text_config_dict": None, "vision_config_dict": None},
}

SMALL = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 48, "head_width": 12, "patch_size": 8, "mlp_ratio": 3.3},
    "text_cfg": {"context_length": 16, "vocab_size": 99, "width": 32, "heads": 4, "layers": 3, "mlp_ratio": 2.0},
}

OPEN_CLIP = {
    "small": SMALL,
    "small in a config file": {"model_cfg": SMALL, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}},
    "quick gelu": SMALL | {"quick_gelu": True},
    "defaults": {"embed_dim": 512, "vision_cfg": {}, "text_cfg": {}},
    "pooled at an id": SMALL | {"text_cfg": SMALL["text_cfg"] | {"pool_type": "eos", "eos_id": 98}},
    "square given twice": SMALL | {"vision_cfg": SMALL["vision_cfg"] | {"image_size": [32, 32]}},
    "epsilon": SMALL | {"vision_cfg": SMALL["vision_cfg"] | {"norm_kwargs": {"eps": 1e-6}}},
    "switches off": SMALL | {"vision_cfg": SMALL["vision_cfg"] | {"no_ln_pre": False, "pool_type": "tok", "patch_dropout": 0.5}},
}

NAMES = ["ViT-H-14", "ViT-L-14", "ViT-L-14-336", "ViT-B-32", "ViT-B-16"]


def main():
    cases = [{"name": f"transformers: {name}", "source": s, "model": hugging_face(s)} for name, s in HUGGING_FACE.items()]
    cases += [{"name": f"open_clip: {name}", "source": s, "model": openclip(s)} for name, s in OPEN_CLIP.items()]
    for name in NAMES + [f"{name}-quickgelu" for name in NAMES]:
        source = open_clip.get_model_config(name)
        cases.append({"name": name, "source": source, "model": openclip(source), "known_as": name})
    OUT.write_text(json.dumps(cases, indent=1) + "\n")
    print(f"{len(cases)} cases in {OUT.name}")


if __name__ == "__main__":
    main()
