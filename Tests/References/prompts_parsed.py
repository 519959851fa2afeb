"""Writes Tests/Goldens/prompts/parsed.json: prompts read by prompt_language.py, from hand-made ones and from random pieces.

    python prompts_parsed.py

Needs lark 1.3. `check` asserts the results of AUTOMATIC1111's and ComfyUI's own code on some of the prompts.
"""

import json
import math
import pathlib
import random
import re

from prompt_language import attention, comfy, edits, networks, parts, without_comments

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "Goldens" / "prompts" / "parsed.json"

PROMPTS = [
    "", " ", "normal text", "an (important) word", "(unbalanced", "\\(literal\\]", "(unnecessary)(parens)",
    "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).", "a [b] (c:0.5) [d:1.5]", "((a:1.2) b)", "(a:1.2:1.3)", "a BREAK b",
    "a (BREAK b:1.2)", "(x BREAK y:1.5)", "ABREAK b", "a:b", "(a:-1)", "(a:+.5)", "()", "(:1.5)", "(a ))", "\\\\(a)", "a\\b",
    "(a\n:1.2)", "[[x]]", "(a:1.3) BREAK (b:1.3)", "text (a : 1.4 ) z", "<lora:x:1> (y)", "BREAK", "BREAK BREAK", " BREAK ",
    "a\nBREAK\nb", "(a [b) c]", "([a)]", "]a[", ")(", "a:1.2)", "(a:1.2", "(a:1)", "(a:5.)", "(a: 0)", "(((((a)))))",
    "[(a)]", "((b)c) [(d)e]", "(a)(b:1.1)[c]", "BREAK_x xBREAK éBREAK", "(emoji 🐱:1.3)", "(日本:0.8)語", "a\\", "a \\\n b",
    "a [b:3]", "a [b: 3]", "a [[[b]]:2]", "[(a:2):3]", "a [b : c : 1] d", "a[b:[c:d:2]:1]e", "a [unbalanced", "a [b:.5] c",
    "((a][:b:c [d:3]", "[a|(b:1.1)]", "[fe|]male", "[fe|||]male", "[cat:dog:0.5]", "[cat:dog:1]", "[cat:dog:1.0]",
    "[cat::5] x", "[a:b:25]", "x [a|b|c] y", "[a:b:0]", "[a:b:-1]", "[[a|b]:c:3]", "[a:[b|c]:.25]", "[a:b:3]]", "[[a:b:3]",
    "(a:[b:c:3])", "([b:c:3]:1.3)", "[a:b|c]", "(a|b) [c:d:.5]", "a | b [c:3]", "[|]", "[::3]", "[:3]", "[3:4]", "[ 3 : 4 ]",
    "[a:(b:c:1.2):3]", "[a:b:1e1]", "[a:b:+3]", "[a:b:3.]", "[a\\:b:c:3]", "[a\\|b|c]", "[a:b:c:3]", "[a|b:3]", "[(a:2]:3]",
    "[a:b:[c:3]", "[a BREAK b:c:.5]", "[a:b:.5] [c:d:.5]", "[a:b:.3][a:b:.6]", "{a|b} [c:d:5]",
    "a AND b", "a :1.2 AND b:0.8", "cat AND dog :-1", "GRAND AND a", "a: 1.2", "x AND ", "AND", "a AND", "AND a", "a\nAND\nb",
    "12:30", "a:1.2:3", "a : : 2", "a:.5.", "a:5. AND b", "[a:b:.5] AND [c|d]:0.5", "a ANDb AND_ c", "(a AND b)", "a:+2 AND b:-.5",
    "<lora:a:0.5><lyco:b:1:0.5>x<hypernet:c>", "<a:b>", "<a:>", "<:b>", "<a b:c>", "<<a:b>>", "<a:b", "a<b:c>AND<d:e>b",
    "<x:te=0.5:unet=1>", "<lo<a:b>ra:c>", "a # b", "#a", "#a\nb", "a\n# b\nc", "a#b#c\nd", "#a\n#b\nc", "a\n#", "##",
    "[a#b:c:3]\nd]", "<lora:#:1>", "a <b:c\nd> e", "\\(lit\\) (x)", "(a:abc)", "x) y", "(a (b:2) c:1.5)", "((x))", "(a (b)", "(a) b) (c)", "(:)", "((a):1.2)", "(a: 1e-1 )",
    "(a:1_0)", "((a:0.5):2)", "\\\\(a)", "(a\\)b)", "([a]:1.2)", "(embedding:x:1.2)",
]
PIECES = ["(", ")", "[", "]", ":", "|", "\\", "a", "b", " ", "1.2", ".5", "3", "-1", "BREAK", "AND", "<", ">", "<l:x:1>", "#", "\n",
          ":1.3)", ":.5]", ":b:4]", "cat", ",", "_", "é", "🐱", "{", "}", "__c__", "\\(", "[a|b]", "[a:b:.5]"]


# An edit that lark takes for text because of what stands behind it: the product reads it as an edit.
ACCIDENT = re.compile(r"\][\]):]{2}")


def broken(text):
    """Whether it holds a weight that is no number, for which AUTOMATIC1111 stops."""
    try:
        attention(text)
        return not all(math.isfinite(weight) for _, weight in comfy(text))
    except ValueError:
        return True


def rows():
    rng = random.Random(20250405)
    soup = ["".join(rng.choice(PIECES) for _ in range(rng.randint(2, 14))) for _ in range(700)]
    for text in dict.fromkeys(PROMPTS + [text for text in soup if not ACCIDENT.search(text)]):
        if broken(text):
            continue
        remaining, found = networks(without_comments(text))
        yield {"text": text, "networks": found, "comfy": comfy(text), "attention": attention(text), "parts": [
            {"text": part, "weight": weight, "edits": edits(part, 10)} for part, weight in parts(remaining)]}


TIMED = [["a [b:.5] c", "a [b:1.5] c", "a [b:15] c", "a [b:5] c", "a [b:1.0] c", "[a|b]", "[a:b:12] [c:d:1.25]"], [7, 10]]


def timed():
    texts, counts = TIMED
    for text in texts:
        for steps in counts:
            for before, old in [(None, False), (None, True), (10, False)]:
                yield {"text": text, "steps": steps, "before": before, "old": old, "edits": edits(text, steps, before, old)}


def check():
    assert attention("((a:1.2) b)") == [["a", 1.32], [" b", 1.1]]
    assert attention("a (BREAK b:1.2)") == [["a ", 1.0], ["", 1.2], ["BREAK", -1.2], ["b", 1.2]]
    assert edits("a[b:[c:d:2]:1]e", 10) == [[1, "abe"], [2, "ace"], [10, "ade"]]
    assert edits("((a][:b:c [d:3]", 10) == [[3, "((a][:b:c "], [10, "((a][:b:c d"]]
    assert edits("[fe|||]male", 5) == [[1, "female"], [2, "male"], [3, "male"], [4, "male"], [5, "female"]]
    assert edits("[a:b:25]", 20) == [[20, "a"]] and edits("[a:b:-1]", 20) == [[20, "b"]]
    assert edits("a [b:1.5] c", 10, before=10) == [[5, "a  c"], [10, "a b c"]] == edits("a [b:15] c", 10, before=10)
    assert edits("a [b:1.0] c", 10, old=True) == [[1, "a  c"], [10, "a b c"]]
    assert parts("a :1.2 AND b:0.8") == [["a", 1.2], [" b", 0.8]] and parts("x AND ") == [["x", 1.0], ["", 1.0]]
    assert comfy("a (((house:1.3)) [on]") == [["a ", 1.0], ["(((house:1.3)) [on]", 1.0]]
    assert comfy("\\(lit\\) (x)") == [["(lit) ", 1.0], ["x", 1.1]] and comfy("(a:abc)") == [["a:abc", 1.1]]
    assert comfy("(a (b:2) c:1.5)") == [["a ", 1.5], ["b", 2.0], [" c", 1.5]] and comfy("x) y") == [["x) y", 1.0]]


def main():
    check()
    def lines(items):
        return ",\n".join(json.dumps(item, separators=(",", ":")) for item in items)
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    GOLDEN.write_text('{"prompts":[\n%s\n],"timed":[\n%s\n]}\n' % (lines(rows()), lines(timed())))
    print(GOLDEN.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
