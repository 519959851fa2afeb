"""The demonstration model's text encoder (transformers' CLIPTextModel) and its training on captions alone.

    python text_encoder.py --work DIR --minutes 8

Before any picture is drawn the encoder learns to understand captions. A CLIP text model is causal and sees a
caption padded to 77 tokens, so the positions after the words see all of it. Each range of the last positions is
given a seat of the picture (centre, left, right, top, bottom) or the background, and small linear heads, which are
thrown away afterwards, ask there for the kind, colour and size of the thing in that seat. The diffusion model then
finds what to draw where by looking up fixed positions with its cross-attention.
"""

import argparse
import os
import random
import time

import torch
import torch.nn.functional as F
from transformers import CLIPTextConfig, CLIPTextModel

import tokens
import workers
import world

CONFIG = {
    "vocab_size": tokens.VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": tokens.POSITIONS,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "projection_dim": 64,
    "bos_token_id": tokens.START,
    "eos_token_id": tokens.END,
    "pad_token_id": tokens.END,
}

SEATS = ("centre", "left", "right", "top", "bottom")
# The positions of a padded caption at which each seat, and last the background, is asked for.
RANGES = ((40, 47), (47, 54), (54, 61), (61, 66), (66, 71), (71, 77))
KINDS = (None, *world.KINDS)
COLOURS = (None, *world.COLOURS)
EXTENTS = (None, *((count, size) for count in (1, 2, 3) for size in world.SIZES))


def compact_encoder(vocabulary):
    """A CLIPTextModel whose token table holds only the known tokens; row 0, for unknown words, stays zero."""
    end = vocabulary.row[tokens.END]
    compact = {"vocab_size": len(vocabulary.known), "bos_token_id": vocabulary.row[tokens.START],
               "eos_token_id": end, "pad_token_id": end}
    model = CLIPTextModel(CLIPTextConfig(**{**CONFIG, **compact}))
    text = getattr(model, "text_model", model)
    table = text.embeddings.token_embedding
    with torch.no_grad():
        table.weight.normal_(std=0.3)
        table.weight[0] = 0
        text.embeddings.position_embedding.weight.normal_(std=0.1)
    table.weight.register_hook(lambda gradient: torch.cat([torch.zeros_like(gradient[:1]), gradient[1:]]))
    return model


def encode(model, rows):
    """The hidden states [count, 77, 64] the diffusion model looks at."""
    return model(input_ids=rows).last_hidden_state


def seating(scene):
    """The seats' (kind, colour, extent) classes and the background's, as a row of 16 numbers."""
    names = {
        (1, "row"): (scene.place,),
        (2, "row"): ("left", "right"),
        (2, "column"): ("top", "bottom"),
        (3, "row"): ("left", "centre", "right"),
    }[len(scene.things), scene.arrangement]
    row = [0] * 15
    for seat, thing in zip(names, scene.things):
        i = 3 * SEATS.index(seat)
        row[i] = KINDS.index(thing.kind)
        row[i + 1] = COLOURS.index(thing.colour)
        row[i + 2] = EXTENTS.index((len(scene.things), thing.size))
    return row + [world.BACKGROUNDS.index(scene.background)]


class Heads(torch.nn.Module):
    """Linear questions to the encoder's last positions."""

    def __init__(self, width=CONFIG["hidden_size"]):
        super().__init__()
        counts = (len(KINDS), len(COLOURS), len(EXTENTS))
        self.seats = torch.nn.ModuleList(torch.nn.Linear(width, n) for _ in SEATS for n in counts)
        self.background = torch.nn.Linear(width, len(world.BACKGROUNDS))

    def logits(self, hidden):
        """One array [count, positions, classes] a question, in the order of `seating`."""
        answers = []
        for i, head in enumerate(self.seats):
            start, end = RANGES[i // 3]
            answers.append(head(hidden[:, start:end]))
        start, end = RANGES[-1]
        return [*answers, self.background(hidden[:, start:end])]

    def loss(self, hidden, targets):
        """The mean cross-entropy of all questions at all their positions."""
        losses = []
        for logits, target in zip(self.logits(hidden), targets.T):
            target = target[:, None].expand(-1, logits.shape[1])
            losses.append(F.cross_entropy(logits.flatten(0, 1), target.flatten()))
        return sum(losses) / 4

    @torch.no_grad()
    def right(self, hidden, targets):
        """The share of captions whose every question is answered rightly."""
        answers = torch.stack([logits.mean(1).argmax(-1) for logits in self.logits(hidden)], dim=1)
        return (answers == targets).all(1).float().mean().item()


def batch_of(rng, vocabulary, count, unknown=0.2):
    """Random captions as rows, with the scenes' seatings."""
    scenes = [world.sample_scene(rng) for _ in range(count)]
    texts = [world.caption(scene, rng) for scene in scenes]
    return vocabulary.rows(texts, rng, unknown), torch.tensor([seating(scene) for scene in scenes])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True, help="folder for the training state")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=128)
    options = parser.parse_args()
    torch.manual_seed(0)
    vocabulary = tokens.Vocabulary(os.path.join(options.work, "tokenizer"))
    model, heads = compact_encoder(vocabulary), Heads()
    print(len(vocabulary.known), "known tokens", flush=True)
    parameters = [*model.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.9, 0.98), weight_decay=0.01)
    path, step = os.path.join(options.work, "text.pt"), 0
    if os.path.exists(path):
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state["text"])
        if "heads" in state:
            heads.load_state_dict(state["heads"])
        if "optimizer" in state:
            optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    rng = random.Random(1000 + step)
    start = time.time()
    while (done := (time.time() - start) / 60 / options.minutes) < 1:
        rows, targets = batch_of(rng, vocabulary, options.batch)
        loss = heads.loss(encode(model, rows), targets)
        workers.learn(optimizer, loss, options.rate, step, done)
        with torch.no_grad():
            getattr(model, "text_model", model).embeddings.token_embedding.weight[0] = 0
        step += 1
        if step % 100 == 0:
            with torch.no_grad():
                rows, targets = batch_of(random.Random(5), vocabulary, 256)
                right = heads.right(encode(model, rows), targets)
            print(f"step {step} {time.time() - start:.0f} s loss {loss.item():.4f} right {right:.3f}", flush=True)
    state = {"text": model.state_dict(), "heads": heads.state_dict(), "optimizer": optimizer.state_dict(),
             "step": step, "known": vocabulary.known}
    workers.save(path, state)


if __name__ == "__main__":
    main()
