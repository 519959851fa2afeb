"""The CLIP tokenizer of the demonstration model and the few of its 49,408 tokens that are ever trained.

Only the tokens of the world's captions have a trained row in the token table. Every other row is zero, and
training mixes such unknown words into captions, so that they do not disturb a prompt.
"""

import gzip
import importlib.util
import json
import os
import random
import re

import torch

import world

VOCABULARY = 49408
POSITIONS = 77
START, END = 49406, 49407


def read_merges():
    """The 48,894 merges of CLIP's byte pair encoding, in order, from the open_clip package (not imported)."""
    package = os.path.dirname(importlib.util.find_spec("open_clip").origin)
    with gzip.open(os.path.join(package, "bpe_simple_vocab_16e6.txt.gz"), "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    return lines[1 : VOCABULARY - 512 - 2 + 1]


def write_tokenizer(folder, merges=None):
    """Writes vocab.json and merges.txt, from which transformers builds its CLIPTokenizer."""
    merges = merges or read_merges()
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in printable]
    alphabet = [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(hidden))]
    words = alphabet + [letter + "</w>" for letter in alphabet] + [merge.replace(" ", "") for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    assert len(words) == VOCABULARY
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as file:
        json.dump({word: i for i, word in enumerate(words)}, file, ensure_ascii=False)
    with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "\n".join(merges) + "\n")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
               "pad_token": "<|endoftext|>"}
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({**special, "model_max_length": POSITIONS, "tokenizer_class": "CLIPTokenizer"}, file, indent=2)
    with open(os.path.join(folder, "special_tokens_map.json"), "w", encoding="utf-8") as file:
        json.dump(special, file, indent=2)


class Vocabulary:
    """Turns captions into rows of the compact token table that training uses.

    Row 0 stands for every unknown token; row i is the token `known[i]`.
    """

    def __init__(self, folder):
        from transformers import CLIPTokenizer

        if not os.path.exists(os.path.join(folder, "vocab.json")):
            write_tokenizer(folder)
        self.tokenizer = CLIPTokenizer.from_pretrained(folder)
        self.words = {}
        rng = random.Random(0)
        texts = {world.caption(world.sample_scene(rng), rng) for _ in range(20000)}
        for text in texts:
            self.pieces(text)
        ids = {i for pieces in self.words.values() for i in pieces} | {START, END}
        self.known = [-1, *sorted(ids)]
        self.row = {token: i for i, token in enumerate(self.known)}

    def pieces(self, text):
        """The token ids of a text, without start and end."""
        ids = []
        for word in re.findall(r"[a-z]+|[^\sa-z]+", text.lower()):
            if word not in self.words:
                self.words[word] = self.tokenizer(word).input_ids[1:-1]
            ids += self.words[word]
        return ids

    def rows(self, texts, rng=None, unknown=0.2):
        """Rows for texts, [count, 77]; with `rng`, unknown words are mixed into some of them."""
        batch = []
        for text in texts:
            rows = [self.row.get(i, 0) for i in self.pieces(text)]
            if rng is not None and rows and rng.random() < unknown:
                comma = self.row[267]
                for _ in range(rng.randint(1, 3)):
                    word = [0] * rng.choice((1, 1, 2))
                    choice = rng.random()
                    if choice < 0.3:
                        rows = word + [comma] * (rng.random() < 0.5) + rows
                    elif choice < 0.65:
                        rows = rows + [comma] * (rng.random() < 0.7) + word
                    else:
                        at = rng.randint(0, len(rows))
                        rows = rows[:at] + word + rows[at:]
            rows = [self.row[START], *rows[: POSITIONS - 2], self.row[END]]
            batch.append(rows + [self.row[END]] * (POSITIONS - len(rows)))
        return torch.tensor(batch)
