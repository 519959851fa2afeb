"""Prompts as diffusers does not read them by itself: longer than 75 tokens, or without the text encoder's last layers."""

import torch

CAPACITY, BACKTRACK = 75, 20


def chunks(tokenizer, text):
    """The prompt's tokens in sequences of 75, by AUTOMATIC1111's rule: what follows a comma among the last 20 stays together."""
    comma = tokenizer(",", add_special_tokens=False).input_ids[0]
    rows, row, last = [], [], None
    for token in tokenizer(text, add_special_tokens=False).input_ids:
        if token == comma:
            last = len(row)
        elif len(row) == CAPACITY and last is not None and len(row) - last <= BACKTRACK:
            rows.append(row[:last + 1])
            row, last = row[last + 1:], None
        if len(row) == CAPACITY:
            rows.append(row)
            row, last = [], None
        row.append(token)
    return rows + [row] if row or not rows else rows


def ids(tokenizer, rows):
    """The sequences with their marks, filled to 77."""
    start, end, pad = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    return torch.tensor([[start, *row, end] + [pad] * (CAPACITY - len(row)) for row in rows])


def encoded(encoder, tokens, skip, normed):
    """One encoder's vectors of all sequences behind each other, and what it projects of the first."""
    output = encoder(tokens, output_hidden_states=True)
    hidden = output.hidden_states[-skip]
    if normed:
        hidden = getattr(encoder, "text_model", encoder).final_layer_norm(hidden)
    pooled = output.text_embeds[:1] if hasattr(output, "text_embeds") else None
    return hidden.reshape(1, -1, hidden.shape[-1]), pooled


def conditions(pipeline, prompts, skip=None):
    """What the pipeline is to be called with instead of prompts, and the tokens by name."""
    is_xl = getattr(pipeline, "text_encoder_2", None) is not None
    skip = skip or (2 if is_xl else 1)
    encoders = [("", pipeline.tokenizer, pipeline.text_encoder)]
    if is_xl:
        encoders.append(("_2", pipeline.tokenizer_2, pipeline.text_encoder_2))
    arguments, tokens = {}, {}
    for sign, prefix in (("positive", ""), ("negative", "negative_")):
        parts = []
        for suffix, tokenizer, encoder in encoders:
            rows = {name: chunks(tokenizer, text) for name, text in prompts.items()}
            count = max(map(len, rows.values()))
            row = ids(tokenizer, rows[sign] + [[]] * (count - len(rows[sign])))
            tokens[f"tokens{suffix}.{sign}"] = row.reshape(1, -1)
            hidden, pooled = encoded(encoder, row, skip, normed=not is_xl)
            parts.append(hidden)
        arguments[prefix + "prompt_embeds"] = torch.cat(parts, dim=-1)
        if is_xl:
            arguments[prefix + "pooled_prompt_embeds"] = pooled
    return arguments, tokens
