"""The measurements as Markdown, for people and for RESULTS.md."""

from .peers import PACKAGES, version_of

LABELS = {"imagine": "imagine", "torch": "PyTorch", "openvino": "OpenVINO", "sdcpp": "stable-diffusion.cpp"}


def versions(program_version):
    """Peer to version, as far as they are there."""
    told = {"imagine": program_version}
    for peer, packages in PACKAGES.items():
        if version := version_of(packages[0]):
            told[peer] = version + (f", diffusers {version_of('diffusers')}" if peer == "torch" else "")
    return told


def markdown(report):
    """All of it: a table for each stage, what was left out, and on what machine it was."""
    sections = [section(stage, report["results"].get(stage.key, {}), report["versions"]) for stage in report["stages"]]
    lines = [f"- {sentence}" for sentence in filter(None, [*report["leftOut"], report["load"]])]
    facts = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in report["machine"].items())]
    command = ["```sh", report["command"], "```"]
    return "\n\n".join(
        "\n".join(part) for part in [*filter(None, sections), lines, facts, command] if part) + "\n"


def section(stage, results, versions):
    """The lines of one stage; none if nothing was to run."""
    if not results:
        return []
    ours = [result for result in results.values() if result.variant.peer == "imagine"]
    table = [
        "| program | variant | version | median | to imagine's | fastest | to imagine's | slowest | runs | memory |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|--:|"]
    # The fastest first, and at the end what failed.
    for result in sorted(results.values(), key=lambda result: result.median if result.seconds else float("inf")):
        variant = result.variant
        name = f"| {LABELS[variant.peer]} | {variant.name}: {variant.how} | {versions[variant.peer]} |"
        if not result.seconds:
            table.append(f"{name} failed | | | | | | |")
            continue
        told = (f"{time(figure(result))} | {ratio(result, best(ours, figure), figure)}" for figure in (median, fastest))
        table.append(f"{name} {' | '.join(told)} | {time(max(result.seconds))} | {len(result.seconds)} "
                     f"| {memory(result.memory)} |")
    notes = [f"{result.variant.key}: {note}" for result in results.values() for note in dict.fromkeys(result.notes)]
    notes += [f"{result.variant.key} failed: {result.failure}" for result in results.values() if result.failure]
    listed = ["", *(f"- {note}" for note in notes)] if notes else []
    return [f"### {stage.title}", "", *headline(results.values()), *table, *listed]


def headline(results):
    """How imagine compares with the fastest of the others: in whatever precision, and in 32 bits."""
    sentences = []
    for what, chosen in (
        ("", list(results)), (" in 32 bits", [result for result in results if result.variant.is_single])
    ):
        peers = [[result for result in chosen if (result.variant.peer == "imagine") is own] for own in (True, False)]
        (ours, theirs), (our_best, their_best) = ([best(of, figure) for of in peers] for figure in (median, fastest))
        if ours and theirs:
            sentences.append(
                f"The fastest other program{what} is {LABELS[theirs.variant.peer]} ({theirs.variant.name}): "
                f"{ratio(theirs, ours, median)} times what imagine ({ours.variant.name}) takes; by the fastest runs of "
                f"all, {ratio(their_best, our_best, fastest)} times.")
    return [" ".join(sentences), ""] if sentences else []


def median(result):
    return result.median


def fastest(result):
    return min(result.seconds)


def best(results, figure):
    return min((result for result in results if result.seconds), key=figure, default=None)


def ratio(result, ours, figure):
    return f"{figure(result) / figure(ours):.2f}" if ours else "-"


def time(seconds):
    if seconds < 1:
        return f"{1000 * seconds:.1f} ms"
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"


def memory(size):
    return f"{size / 1e6:.0f} MB" if size else "-"
