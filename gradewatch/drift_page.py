"""The frame of a drift report: one HTML page that needs nothing from elsewhere, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

# Okabe-Ito blue and vermilion: told apart with any colour vision, and never the only sign.
_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --dim: #57606a; --line: #d0d7de;
  --now: #0072b2; --then: #8c959f; --bad: #b34700; --good: #0f6b3f; --panel: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3;
  --dim: #9aa4af; --line: #30363d;
  --now: #56b4e9; --then: #8b949e; --bad: #ff9e64; --good: #56d364; --panel: #161b22; } }
body { margin: 0 auto; max-width: 66rem; padding: 1.5rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 2.2rem 0 0; font-size: 1.25rem; }
h3 { margin: 0; font-size: 1.05rem; } p { margin: .3rem 0; } .dim, figcaption { color: var(--dim); }
.verdict { font-size: 1.15rem; font-weight: 600; } .bad { color: var(--bad); } .good { color: var(--good); }
ul { padding-left: 1.2rem; } li { margin: .3rem 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } details { margin: 1rem 0; } summary { cursor: pointer; font-weight: 600; }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 9rem; width: 40%; }
th { white-space: normal; vertical-align: bottom; } h3 { overflow-wrap: anywhere; }
section { margin: 1rem 0; padding: 1rem; border: 1px solid var(--line); border-radius: 8px;
  background: var(--panel); }
section.bad-edge { border-left: 5px solid var(--bad); }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: .5rem 0 0; flex: 1 1 18rem; max-width: 460px; }
figcaption { font-size: .85rem; } svg { max-width: 100%; height: auto; display: block; }
svg text { fill: var(--dim); font: 11px system-ui, sans-serif; }
.now { fill: var(--now); opacity: .8; } .then { fill: var(--then); }
.before { fill: none; stroke: var(--text); stroke-width: 1.5; } .axis { stroke: var(--line); }
.limit { stroke: var(--then); stroke-dasharray: 4 3; } .nothing { fill: var(--line); opacity: .45; }
.line { fill: none; stroke: var(--now); stroke-width: 1.5; }
.trend { stroke: var(--now); stroke-width: 1.5; } .point { fill: var(--now); } .over { fill: var(--bad); }
@media (max-width: 40rem) { body { padding: .8rem; } section { padding: .7rem; } }
@media print { section { break-inside: avoid; } }
"""


def page(title: str, lead: str, sections: Sequence[str]) -> str:
    """The whole page; `lead` and `sections` are HTML."""
    name = escape(title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{name}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{name}</h1>\n<p class="dim">{lead}</p>\n{"".join(sections)}</main>\n</body>\n</html>\n'
    )


def heading(title: str, verdict: str, bad: bool | None, facts: str) -> str:
    """A version's name and what was found of it; `bad` None: nothing was decided."""
    sign = {True: "▲", False: "✓", None: "?"}[bad]
    kind = {True: "bad", False: "good", None: "dim"}[bad]
    return (
        f"<h2>{escape(title)}</h2>\n"
        f'<p class="verdict {kind}"><span aria-hidden="true">{sign}</span> {escape(verdict)}</p>\n'
        f'<p class="dim">{escape(facts)}</p>\n'
    )


def actions(items: Sequence[str]) -> str:
    """What to do; items are HTML."""
    listed = "".join(f"<li>{item}</li>\n" for item in items)
    return f"<h3>What to do</h3>\n<ul>\n{listed}</ul>\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f"<tr><td>{_breakable(row[0])}</td>{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>\n"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{top}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n'
    )


def _breakable(name: str) -> str:
    """A name that may be broken where its words end."""
    return escape(name).replace("_", "_<wbr>")


def feature(name: str, text: str, drifted: bool | None, pictures: Sequence[tuple[str, str]]) -> str:
    """One feature's section; `pictures` are captions and SVG."""
    state = {True: "drifted", False: "as before", None: "not decided"}[drifted]
    edge = ' class="bad-edge"' if drifted else ""
    return (
        f"<section{edge}>\n<h3>{_breakable(name)} "
        f'<span class="{"bad" if drifted else "dim"}">{state}</span></h3>\n'
        f"<p>{escape(text)}</p>\n{_figures(pictures)}</section>\n"
    )


def folded(summary: str, content: str) -> str:
    """What need not be looked at, a click away; `content` is HTML."""
    return f"<details>\n<summary>{escape(summary)}</summary>\n{content}</details>\n" if content else ""


def quality(content: str, pictures: Sequence[tuple[str, str]]) -> str:
    """The section of the labels."""
    return (
        f"<section>\n<h3>Quality, from labels that came later</h3>\n{content}{_figures(pictures)}</section>\n"
    )


def _figures(pictures: Sequence[tuple[str, str]]) -> str:
    drawn = "".join(
        f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>\n" for caption, svg in pictures
    )
    return f'<div class="pictures">\n{drawn}</div>\n' if drawn else ""
