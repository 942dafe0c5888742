"""The page at `/`: what this sidecar is, how each collector does, and where to go next."""

from __future__ import annotations

import time
from html import escape

from exporter.flight import Outcome
from exporter.own import Reloads
from exporter.sidecar import Sidecar

_STYLE = """\
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1c2330;--soft:#5b6577;--line:#dfe3ea;
--link:#0b5cad;--good:#1a7f4b;--goodbg:#e3f5ea;--warn:#8a5a00;--warnbg:#fdf1d8;--bad:#b3261e;--badbg:#fde7e5}
@media(prefers-color-scheme:dark){:root{--page:#12151b;--card:#1a1f28;--ink:#e6e9ef;--soft:#9aa4b5;--line:#2c3340;
--link:#7ab8ff;--good:#67d39a;--goodbg:#143324;--warn:#f0c060;--warnbg:#37290c;--bad:#ff9a91;--badbg:#3d1715}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2.5rem 1.25rem}
h1{font-size:1.6rem;margin:0;letter-spacing:-.01em}
h1 small{font-size:.9rem;font-weight:400;color:var(--soft);margin-left:.5rem}
p{margin:.4rem 0 0;color:var(--soft)}
nav{display:flex;flex-wrap:wrap;gap:.5rem;margin:1.25rem 0 1.75rem}
nav a{padding:.35rem .8rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card);
color:var(--link);text-decoration:none}
nav a:hover,nav a:focus-visible{border-color:var(--link)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:.6rem 1rem;text-align:left;white-space:nowrap}
th{font-weight:500;font-size:.8rem;color:var(--soft)}
tr+tr td,thead+tbody td{border-top:1px solid var(--line)}
tr.why td{border-top:0;padding-top:0;white-space:normal;color:var(--soft)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
b.tag{font-weight:600;font-size:.8rem;padding:.15rem .55rem;border-radius:1rem}
.good{color:var(--good);background:var(--goodbg)}
.warn{color:var(--warn);background:var(--warnbg)}
.bad{color:var(--bad);background:var(--badbg)}
.alarm{margin:0 0 1.25rem;padding:.75rem 1rem;border-radius:.75rem;color:var(--bad);background:var(--badbg)}
.alarm ul{margin:.35rem 0 0;padding-left:1.25rem;overflow-wrap:anywhere}
footer{margin-top:1.25rem;font-size:.85rem;color:var(--soft)}"""

_TONE = {"ok": "good", "cached": "good", "stale": "warn", "timeout": "bad", "error": "bad"}
_SIGN = {"good": "✓", "warn": "!", "bad": "✕"}  # the state is never told by colour alone


def landing_page(sidecar: Sidecar, now: float | None = None, metrics_path: str = "/metrics") -> str:
    """HTML without outside resources; of errors it shows what collectors wrote for being shown."""
    status, own = sidecar.status, sidecar.own
    moment = time.time() if now is None else now
    rows = "".join(_row(outcome, moment) for outcome in status.outcomes)
    empty = '<tr><td colspan="5">No collector is configured.</td></tr>'
    if not status.at:
        empty = '<tr><td colspan="5">Nothing was collected yet.</td></tr>'
    when = f"as of the last collection, {_age(moment - status.at)} ago" if status.at else "not collected yet"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>gradewatch sidecar</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>
<body><main>
<h1>gradewatch<small>sidecar {escape(own.version)}</small></h1>
<p>Reads an auto-grader and serves its metrics to Prometheus.</p>
<nav><a href="{escape(metrics_path)}">Metrics</a><a href="/-/healthy">Health</a>
<a href="/-/ready">Readiness</a></nav>
{_alarm(own.reloads)}<div class="card"><table>
<thead><tr><th>Collector</th><th>State</th><th class="n">Last success</th><th class="n">Duration</th>
<th class="n">Series</th></tr></thead>
<tbody>{rows or empty}</tbody>
</table></div>
<footer>Collectors {when} · configuration read {_age(moment - own.reloads.read_at)} ago
· Python {escape(own.python)}</footer>
</main></body></html>
"""


def _alarm(reloads: Reloads) -> str:
    """What the operator has to know of a configuration that was not taken. Secrets are in no message."""
    alarm = ""
    if reloads.faults:
        items = "".join(f"<li>{escape(str(fault))}</li>" for fault in reloads.faults)
        alarm = f"""<div class="alarm"><b>✕ The last reload failed; the configuration before is in use.</b>
<ul>{items}</ul></div>
"""
    if reloads.web() is False:
        alarm += """<div class="alarm"><b>✕ The web configuration has faults; the one before is in use.</b>
The log names them.</div>
"""
    return alarm


def _row(outcome: Outcome, now: float) -> str:
    tone = _TONE[outcome.state]
    success = f"{_age(now - outcome.last_success)} ago" if outcome.last_success else "never"
    cells = f"""<tr><td>{escape(outcome.collector)}</td>
<td><b class="tag {tone}">{_SIGN[tone]} {outcome.state}</b></td><td class="n">{success}</td>
<td class="n">{_seconds(outcome.duration)}</td><td class="n">{outcome.series}</td></tr>
"""
    if not outcome.message:
        return cells
    why = escape(f"{outcome.reason}: {outcome.message}")
    return f'{cells}<tr class="why"><td colspan="5">{why}</td></tr>\n'


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _age(seconds: float) -> str:
    """The largest unit that gives at least 2, so that the figure is exact enough and short."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
