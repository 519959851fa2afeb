"""Prompts with textual inversions as AUTOMATIC1111 and ComfyUI encode them: writes Tests/Goldens/embeddings/.

    python embeddings_contexts.py

The encoders are those of the small models "sd1" and "sdxl" (families_models.py); the words' vectors are random, in files as
the programs write them: AUTOMATIC1111's .pt, diffusers' .bin, a .safetensors with emb_params, and one with clip_l and clip_g.
How words are found, and what an encoder is given in their places (modules/sd_hijack_clip.py, modules/textual_inversion, and
comfy/sd1_clip.py), is made again here. Names as in prompts_contexts.py.
"""

import torch
from safetensors.torch import save_file

import families_weights
import prompts_contexts
from families_models import FAMILIES
from families_runs import make_tokenizer
from modules_random import save
from prompt_language import attention, comfy

FOLDER = prompts_contexts.GOLDEN.parent.parent / "embeddings"
FIRST = 49408
RUNS = {
    "word": ("sd1", {"prompt": "a photo of bad-hand, a house", "negative": "Bad-Hand"}),
    "weighted": ("sd1", {"prompt": "a (red style:1.3) house, (dog:0.7)"}),
    "longest": ("sd1", {"prompt": "a red style house in red"}),
    "inside": ("sd1", {"prompt": "a hotdog and a dog-house"}),
    "cut": ("sd1", {"prompt": "word " * 73 + "red style end"}),
    "edited": ("sd1", {"prompt": "a [dog:red style:0.5] house", "calls": [0, 3]}),
    "comfy": ("sd1", {"prompt": "a (embedding:red-style:1.3) house, embedding:dog, and embedding:missing end",
                      "negative": "embedding:bad-hand", "syntax": "comfy", "emphasis": "comfy"}),
    "comfy_cut": ("sd1", {"prompt": "word " * 73 + "embedding:red-style end", "syntax": "comfy", "emphasis": "comfy"}),
    "sdxl": ("sdxl", {"prompt": "a (xl thing:1.2) house", "negative": "xl thing"}),
    "sdxl_comfy": ("sdxl", {"prompt": "a embedding:xl-thing house", "negative": "(bad:1.3)", "syntax": "comfy", "emphasis": "comfy"}),
}


def vectors(name, count, width):
    generator = torch.Generator().manual_seed(sum(name.encode()) + width)
    return torch.randn(count, width, generator=generator) * 0.3


def words(is_xl):
    """name: its vectors for each encoder."""
    if is_xl:
        widths = [FAMILIES["sdxl"][1][part]["hidden_size"] for part in ("text_encoder", "text_encoder_2")]
        return {name: [vectors("xl", 2, width) for width in widths] for name in ("xl thing", "xl-thing")}
    width = FAMILIES["sd1"][1]["text_encoder"]["hidden_size"]
    style = vectors("style", 4, width).half().float()
    return {"bad-hand": [vectors("hand", 2, width)], "red style": [style], "red-style": [style],
            "dog": [vectors("dog", 1, width)]}


def write_files():
    own, xl = words(False), words(True)["xl thing"]
    torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": torch.nn.Parameter(own["bad-hand"][0])},
                "name": "bad-hand", "step": 100, "sd_checkpoint": None, "sd_checkpoint_name": None}, FOLDER / "bad-hand.pt")
    save_file({"emb_params": own["red style"][0].half()}, FOLDER / "red style.safetensors")
    torch.save({"<dog>": own["dog"][0][0]}, FOLDER / "dog.bin")
    save_file({"clip_l": xl[0], "clip_g": xl[1]}, FOLDER / "xl thing.safetensors")


class Table:
    """Tokens for the vectors of words."""

    def __init__(self, words, tokenizer):
        self.rows, self.found, self.lookup = [], {}, {}
        for name, own in words.items():
            first = FIRST + len(self.rows)
            self.rows += [[vector[place] for vector in own] for place in range(len(own[0]))]
            self.found[name] = list(range(first, FIRST + len(self.rows)))
            ids = prompts_contexts.tokens(tokenizer, name)
            self.lookup.setdefault(ids[0], []).append((ids, self.found[name]))
        for known in self.lookup.values():
            known.sort(key=lambda entry: -len(entry[0]))

    def at(self, ids):
        return next(((own, len(name)) for name, own in self.lookup.get(ids[0], []) if ids[:len(name)] == name), None)


TABLE = None


def comma_chunks(tokenizer, text):
    chunks, chunk, comma = [], [], -1
    for piece, weight in attention(text):
        if (piece, weight) == ("BREAK", -1):
            chunks, chunk, comma = chunks + [chunk], [], -1
            continue
        ids = prompts_contexts.tokens(tokenizer, piece)
        while ids:
            if ids[0] == 267:
                comma = len(chunk)
            elif len(chunk) == 75 and comma != -1 and 75 - comma <= 20:
                chunks, chunk, comma = chunks + [chunk[:comma + 1]], chunk[comma + 1:], -1
            if len(chunk) == 75:
                chunks, chunk, comma = chunks + [chunk], [], -1
            found = TABLE.at(ids)
            if found is None:
                chunk.append((ids[0], weight))
                ids = ids[1:]
                continue
            own, length = found
            if len(chunk) + len(own) > 75:
                chunks, chunk, comma = chunks + [chunk], [], -1
            chunk += [(token, weight) for token in own]
            ids = ids[length:]
    return chunks + [chunk] if chunk or not chunks else chunks


def comfy_groups(tokenizer, text):
    for piece, weight in comfy(text):
        rest = []
        for word in piece.replace("\n", " ").split(" "):
            if not word.startswith("embedding:"):
                rest.append(word)
                continue
            if " ".join(rest).strip():
                yield [(token, weight) for token in prompts_contexts.tokens(tokenizer, " ".join(rest))]
            name, rest = word[len("embedding:"):], []
            stripped = name.rstrip(",")
            own = TABLE.found.get(name) or TABLE.found.get(stripped) or []
            if own:
                yield [(token, weight) for token in own]
            if name != stripped:
                rest = [name[len(stripped):]]
        if " ".join(rest).strip():
            yield [(token, weight) for token in prompts_contexts.tokens(tokenizer, " ".join(rest))]


def sections(tokenizer, text):
    chunks, chunk = [], []
    for group in comfy_groups(tokenizer, text):
        is_large = len(group) >= 8
        while group:
            if len(group) + len(chunk) > 75:
                room = 75 - len(chunk) if is_large else 0
                chunks, chunk, group = chunks + [chunk + group[:room]], [], group[room:]
            else:
                chunk, group = chunk + group, []
    return chunks + [chunk]


def insert(encoder, place):
    """Has the encoder see the vectors in their tokens' places; to the rest of it they are token 0."""
    inner = getattr(encoder.module, "text_model", encoder.module)
    plain = encoder.__class__.__call__

    def call(chunks, is_xl):
        own = [[(position + 1, token) for position, (token, _) in enumerate(chunk) if token >= FIRST] for chunk in chunks]
        zeroed = [[(0 if token >= FIRST else token, weight) for token, weight in chunk] for chunk in chunks]

        def hook(module, inputs, output):
            output = output.clone()
            for row, places in enumerate(own):
                for position, token in places:
                    output[row, position] = TABLE.rows[token - FIRST][place]
            return output

        handle = inner.embeddings.token_embedding.register_forward_hook(hook)
        result = plain(encoder, zeroed, is_xl)
        handle.remove()
        return result

    return call


def main():
    global TABLE
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_files()
    torch.set_grad_enabled(False)
    families_weights.check()
    tokenizer = make_tokenizer("<|endoftext|>")
    prompts_contexts.comma_chunks, prompts_contexts.sections = comma_chunks, sections
    result, described = {}, {}
    for name, (family, settings) in RUNS.items():
        run = prompts_contexts.Run(family, settings, tokenizer)
        TABLE = Table(words(run.is_xl), tokenizer)
        run.encoders = [insert(encoder, place) for place, encoder in enumerate(run.encoders)]
        for key, value in run.tensors():
            result[f"{name}.{key}"] = value.clone()
        described[name] = {"family": family, **settings}
    save(FOLDER / "contexts.safetensors", result, {"runs": described})
    print(len(result), "tensors,", (FOLDER / "contexts.safetensors").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
