"""Prompts as AUTOMATIC1111 and ComfyUI read them, made again from their grammars: what prompts_goldens.py takes goldens from.

Where AUTOMATIC1111 goes on with an error (weights such as 1.2.3) there is none here either.
"""

import re

import lark

GRAMMAR = r"""
!start: (prompt | /[][():]/+)*
prompt: (emphasized | scheduled | alternate | plain | WHITESPACE)*
!emphasized: "(" prompt ")" | "(" prompt ":" prompt ")" | "[" prompt "]"
scheduled: "[" [prompt ":"] prompt ":" [WHITESPACE] NUMBER [WHITESPACE] "]"
alternate: "[" prompt ("|" [prompt])+ "]"
WHITESPACE: /\s+/
plain: /([^\\\[\]():|]|\\.)+/
%import common.SIGNED_NUMBER -> NUMBER
"""
PARSER = lark.Lark(GRAMMAR)


def without_comments(text):
    return re.sub(r"#[^\n]*(\n|$)", "\n", re.sub(r"(^|\n)#[^\n]*(\n|$)", "\n", text))


def networks(text):
    """The text without its networks, and those."""
    found = [[match[1], *match[2].split(":")] for match in re.finditer(r"<(\w+):([^>]+)>", text)]
    return re.sub(r"<(\w+):([^>]+)>", "", text), found


def parts(text):
    """Texts joined by AND, with their weights."""
    rows = []
    for part in re.split(r"\bAND\b", text):
        match = re.search(r"^((?:\s|.)*?)(?:\s*:\s*([-+]?(?:\d+\.?|\d*\.\d+)))?\s*$", part)
        rows.append([match[1], 1.0 if match[2] is None else float(match[2])])
    return rows


def edits(text, steps, before=None, old=False):
    """[[last step, text], ...] as the prompt changes; `before`: steps of the first pass, for the second."""
    try:
        tree = PARSER.parse(text)
    except lark.exceptions.LarkError:
        return [[steps, text]]

    def last(number):
        value = float(number)
        share = value < 1 if old else "." in number
        if before is not None and not old:
            value -= 1 if share else before
        return min(steps, int(value * steps if share else value))

    ends = {steps}
    for node in tree.iter_subtrees():
        if node.data == "scheduled":
            ends |= {end for end in [last(node.children[3])] if end >= 1}
        elif node.data == "alternate":
            ends |= set(range(1, steps + 1))
    return [[end, "".join(texts(tree, end, last))] for end in sorted(ends)]


def texts(node, step, last):
    if node is None:
        return
    if isinstance(node, lark.Token):
        yield str(node)
    elif node.data == "scheduled":
        start, end, _, number, _ = node.children  # None for what is left out
        yield from texts(start if step <= last(number) else end, step, last)
    elif node.data == "alternate":
        yield from texts(node.children[(step - 1) % len(node.children)], step, last)
    else:
        for child in node.children:
            yield from texts(child, step, last)


TOKEN = re.compile(r"\\\(|\\\)|\\\[|\\]|\\\\|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|]|[^\\()\[\]:]+|:")


def attention(text):
    """[[text, weight], ...] of AUTOMATIC1111's brackets."""
    pieces, rounds, squares = [], [], []

    def multiply(start, factor):
        for piece in pieces[start:]:
            piece[1] *= factor

    for match in TOKEN.finditer(text):
        token, weight = match[0], match[1]
        if token.startswith("\\"):
            pieces.append([token[1:], 1.0])
        elif token == "(":
            rounds.append(len(pieces))
        elif token == "[":
            squares.append(len(pieces))
        elif weight is not None and rounds:
            multiply(rounds.pop(), float(weight))
        elif token == ")" and rounds:
            multiply(rounds.pop(), 1.1)
        elif token == "]" and squares:
            multiply(squares.pop(), 1 / 1.1)
        else:
            for place, part in enumerate(re.split(r"\s*\bBREAK\b\s*", token)):
                if place:
                    pieces.append(["BREAK", -1])
                pieces.append([part, 1.0])
    for start in rounds:
        multiply(start, 1.1)
    for start in squares:
        multiply(start, 1 / 1.1)
    merged = []
    for text, weight in pieces or [["", 1.0]]:
        if merged and merged[-1][1] == weight:
            merged[-1][0] += text
        else:
            merged.append([text, weight])
    return merged


def comfy(text):
    """[[text, weight], ...] of ComfyUI's brackets."""
    def groups(text):
        items, item, depth = [], "", 0
        for letter in text:
            if letter == "(" and depth == 0:
                items, item = items + [item], ""
            item += letter
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if letter == ")" and depth == 0:
                items, item = items + [item], ""
        return [item for item in items + [item] if item]

    def weighed(text, weight):
        for item in groups(text):
            if len(item) < 2 or item[0] != "(" or item[-1] != ")":
                yield [item, weight]
                continue
            inside, inner = item[1:-1], weight * 1.1
            colon = inside.rfind(":")
            if colon > 0:
                try:
                    inner, inside = float(inside[colon + 1:]), inside[:colon]
                except ValueError:
                    pass
            yield from weighed(inside, inner)

    hidden = text.replace("\\)", "\0\1").replace("\\(", "\0\2")
    return [[piece.replace("\0\1", ")").replace("\0\2", "("), weight] for piece, weight in weighed(hidden, 1.0)]
