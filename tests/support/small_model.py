"""A model of two narrow layers in the form of the packaged one."""

import json
from pathlib import Path

import numpy as np


def write_model(folder: Path, *, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    shapes = {
        "embeddings.word_embeddings.weight": (40, 12),
        "embeddings.position_embeddings.weight": (256, 12),
        "embeddings.token_type_embeddings.weight": (2, 12),
        "embeddings.LayerNorm.weight": (12,),
        "embeddings.LayerNorm.bias": (12,),
    }
    for layer in ("encoder.layer.0.", "encoder.layer.1."):
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes |= {f"{layer}{part}.weight": (12, 12), f"{layer}{part}.bias": (12,)}
        shapes |= {f"{layer}intermediate.dense.weight": (20, 12), f"{layer}intermediate.dense.bias": (20,)}
        shapes |= {f"{layer}output.dense.weight": (12, 20), f"{layer}output.dense.bias": (12,)}
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{layer}{part}.weight": (12,), f"{layer}{part}.bias": (12,)}
    header, data = {}, b""
    for name, shape in shapes.items():
        values = rng.normal(size=shape).astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    head = json.dumps(header).encode()
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + data)
    config = {"num_hidden_layers": 2, "num_attention_heads": 3, "layer_norm_eps": 1e-12}
    (folder / "config.json").write_text(json.dumps(config))
    return folder
