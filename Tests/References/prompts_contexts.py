"""Prompts as the text encoders of AUTOMATIC1111 and ComfyUI give them on: writes Tests/Goldens/prompts/contexts.safetensors.

    python prompts_contexts.py

The encoders are those of the small models "sd1" and "sdxl" (families_models.py), with weights by formula; how prompts are
read, divided, weighed and put together is made again here from the two programs' rules. Needs lark 1.3.

`NAME.K.PART`: the context that the denoiser is told at the K-th of the model's calls for a part of the prompt, [T, D];
`NAME.K.negative` for the negative prompt. `NAME.K.PART.pooled`: with SDXL, [P]. The metadata has each run's settings and, with
it, the parts' weights.
"""

import json
import pathlib

import torch

import families_weights
from families_models import FAMILIES, load
from families_runs import make_tokenizer
from modules_random import save
from prompt_language import attention, comfy, edits, networks, parts, without_comments

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "Goldens" / "prompts" / "contexts.safetensors"
START, END = 49406, 49407
LONG = "a red house, " * 22 + "(a green tree by the sea:1.4), [at night] in the snow"
# name: (family, settings)
RUNS = {
    "plain": ("sd1", {"prompt": "a red house", "negative": "blurry"}),
    "weights": ("sd1", {"prompt": "a (red:1.4) ((house)) [under] a (yellow \\(warm\\):0.6) sun", "negative": "(bad:1.3), text"}),
    "no_norm": ("sd1", {"prompt": "a (red:1.4) house", "emphasis": "no_norm"}),
    "ignore": ("sd1", {"prompt": "a (red:1.4) house", "emphasis": "ignore"}),
    "broken": ("sd1", {"prompt": "a (red:1.2) house BREAK a [green] tree", "negative": "blurry"}),
    "long": ("sd1", {"prompt": LONG, "negative": "blurry"}),
    "parts": ("sd1", {"prompt": "a (red:1.2) house AND a tree:0.5 AND " + "a boat, " * 40, "negative": "blurry"}),
    "edits": ("sd1", {"prompt": "a [(red:1.3):blue:0.5] house [|at night]", "negative": "[blurry:(text:1.2):2]",
                      "calls": [0, 1, 2, 3]}),
    "edited_length": ("sd1", {"prompt": "a (red:1.3) house[ BREAK a tree::2]", "calls": [0, 3]}),
    "comfy": ("sd1", {"prompt": "a (red:1.4) ((house)) under [a] (yellow (warm:0.5):0.8) sun", "negative": "(bad:1.3)",
                      "syntax": "comfy", "emphasis": "comfy"}),
    "comfy_long": ("sd1", {"prompt": LONG, "syntax": "comfy", "emphasis": "comfy"}),
    "sdxl": ("sdxl", {"prompt": "a (red:1.4) house BREAK [at night]", "negative": "(bad:1.3)"}),
    "sdxl_comfy": ("sdxl", {"prompt": "a (red:1.4) house", "negative": "(bad:1.3)", "syntax": "comfy", "emphasis": "comfy"}),
    "sdxl_empty": ("sdxl", {"prompt": "a house", "negative": ""}),
}
STEPS = 4


def tokens(tokenizer, text):
    return tokenizer(text, add_special_tokens=False).input_ids


def comma_chunks(tokenizer, text):
    """AUTOMATIC1111's chunks: [[(token, weight), ...], ...]."""
    chunks, chunk, comma = [], [], -1
    for piece, weight in attention(text):
        if (piece, weight) == ("BREAK", -1):
            chunks, chunk, comma = chunks + [chunk], [], -1
            continue
        for token in tokens(tokenizer, piece):
            if token == 267:
                comma = len(chunk)
            elif len(chunk) == 75 and comma != -1 and 75 - comma <= 20:
                chunks, chunk, comma = chunks + [chunk[:comma + 1]], chunk[comma + 1:], -1
            if len(chunk) == 75:
                chunks, chunk, comma = chunks + [chunk], [], -1
            chunk.append((token, weight))
    return chunks + [chunk] if chunk or not chunks else chunks


def sections(tokenizer, text):
    """ComfyUI's sections, in the same form."""
    chunks, chunk = [], []
    for piece, weight in comfy(text):
        group = [(token, weight) for token in tokens(tokenizer, piece)]
        is_large = len(group) >= 8
        while group:
            if len(group) + len(chunk) > 75:
                room = 75 - len(chunk) if is_large else 0
                chunks, chunk, group = chunks + [chunk + group[:room]], [], group[room:]
            else:
                chunk, group = chunk + group, []
    return chunks + [chunk]


class Encoder:
    def __init__(self, part, config, pad, skip):
        self.module, self.pad, self.skip = load(part, config), pad, skip
        self.has_pooled = part == "text_encoder_2"

    def __call__(self, chunks, is_xl):
        """[n, 77, D] and [n, P] of chunks."""
        ids = [[START] + [token for token, _ in chunk] + [END] + [self.pad] * (75 - len(chunk)) for chunk in chunks]
        output = self.module(torch.tensor(ids), output_hidden_states=True)
        hidden = output.hidden_states[-self.skip] if self.skip else output.last_hidden_state
        if self.skip and not is_xl:
            hidden = getattr(self.module, "text_model", self.module).final_layer_norm(hidden)
        return hidden, output.text_embeds if self.has_pooled else None


def weights(chunk):
    return torch.tensor([1.0] + [weight for _, weight in chunk] + [1.0] * (76 - len(chunk)))


def schedule(encoder, texts, settings, is_xl, tokenizer):
    """The contexts of all texts that a prompt goes through, as AUTOMATIC1111 encodes them together."""
    rows = [comma_chunks(tokenizer, text) for text in texts]
    count, outputs, pooled = max(map(len, rows)), [], None
    for place in range(count):
        batch = [row[place] if place < len(row) else [] for row in rows]
        hidden, vectors = encoder(batch, is_xl)
        pooled = vectors if place == 0 else pooled
        if settings.get("emphasis", "original") != "ignore":
            mean = hidden.mean()
            hidden = hidden * torch.stack([weights(chunk) for chunk in batch])[..., None]
            if settings.get("emphasis", "original") == "original":
                hidden = hidden * (mean / hidden.mean())
        outputs.append(hidden)
    return torch.cat(outputs, dim=1), pooled


def comfy_text(encoder, text, is_xl, tokenizer):
    chunks = sections(tokenizer, text)
    hidden, pooled = encoder(chunks + [[]], is_xl)
    rows = []
    for chunk, z in zip(chunks, hidden):
        weight = weights(chunk)[:, None]
        rows.append(torch.where(weight == 1, z, (z - hidden[-1]) * weight + hidden[-1]))
    return torch.cat(rows)[None], pooled[:1] if pooled is not None else None


class Run:
    def __init__(self, family, settings, tokenizer):
        _, configs, _, _, _ = FAMILIES[family]
        self.is_xl, self.settings, self.tokenizer = family == "sdxl", settings, tokenizer
        self.calls = settings.get("steps", STEPS)
        skip = settings.get("clip_skip", 2 if self.is_xl else None)
        self.encoders = [Encoder("text_encoder", configs["text_encoder"], END, skip)]
        if self.is_xl:
            self.encoders.append(Encoder("text_encoder_2", configs["text_encoder_2"], 0, skip))

    def prompt(self, text):
        """[(last call, context, pooled), ...] of one prompt or part."""
        if self.settings.get("syntax") == "comfy":
            rows = [[self.calls, text]]
            encoded = [comfy_text(encoder, text, self.is_xl, self.tokenizer) for encoder in self.encoders]
        else:
            rows = edits(text, self.calls, self.settings.get("before"))
            texts = [row[1] for row in rows]
            encoded = [schedule(encoder, texts, self.settings, self.is_xl, self.tokenizer) for encoder in self.encoders]
        context, pooled = torch.cat([hidden for hidden, _ in encoded], dim=-1), encoded[-1][1]
        return [(last, context[k], None if pooled is None else pooled[k]) for k, (last, _) in enumerate(rows)]

    def negative(self, text):
        rows = self.prompt(text)
        if self.is_xl and text == "" and self.settings.get("syntax") != "comfy":
            rows = [(last, torch.zeros_like(context), torch.zeros_like(pooled)) for last, context, pooled in rows]
        return rows

    def tensors(self):
        text, negative = self.settings["prompt"], self.settings.get("negative", "")
        if self.settings.get("syntax") == "comfy":
            lines = [(text, 1.0)]
        else:
            lines = parts(networks(without_comments(text))[0])
        positive = [self.prompt(part) for part, _ in lines]
        for call in self.settings.get("calls", [0]):
            # The first entry whose end, counted from 1, is not before the call, counted from 0.
            now = [next(entry for entry in rows if call <= entry[0]) for rows in positive]
            length = max(len(context) for _, context, _ in now)
            for place, (_, context, pooled) in enumerate(now):
                context = torch.cat([context, context[-1:].repeat(length - len(context), 1)])
                yield f"{call}.{place}", context
                if pooled is not None:
                    yield f"{call}.{place}.pooled", pooled
            _, context, pooled = next(entry for entry in self.negative(negative) if call <= entry[0])
            yield f"{call}.negative", context
            if pooled is not None:
                yield f"{call}.negative.pooled", pooled
        self.settings["weights"] = [weight for _, weight in lines]


def main():
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    families_weights.check()
    tokenizer = make_tokenizer("<|endoftext|>")
    assert [len(chunk) for chunk in comma_chunks(tokenizer, "word " * 60 + ", " + "word " * 20)] == [61, 20]
    assert [len(chunk) for chunk in comma_chunks(tokenizer, "(x BREAK y:1.5)")] == [3]
    result, described = {}, {}
    for name, (family, settings) in RUNS.items():
        run = Run(family, settings, tokenizer)
        for key, value in run.tensors():
            result[f"{name}.{key}"] = value.clone()
        described[name] = {"family": family, **settings}
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    save(GOLDEN, result, {"runs": described})
    print(len(result), "tensors,", GOLDEN.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
