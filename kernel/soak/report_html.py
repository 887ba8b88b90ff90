"""The report as one page: verdict, criteria, pictures, faults, environment; no script, no request.

Covers: the page's words and order. Does not cover: the pictures (`plots`, `charts`), the style
(`charts.css`, `report.css`), the figures (`verdict`). The page's own policy forbids everything
but its style.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from importlib import resources

from contracts.soak import SoakCriterion, SoakReport
from kernel.soak import thresholds
from kernel.soak.axis import time_text, value_text
from kernel.soak.charts import make_charts, make_scene, make_table
from kernel.soak.plots import Chart, Scene, draw_chart, draw_strip, hidden_limits
from kernel.soak.runfiles import Run
from kernel.soak.verdict import word
from kernel.soak.verdict_course import RECOVERY_PREFIX

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
STATES = {"pass": "✓ pass", "fail": "✗ fail", "unknown": "? unknown"}
COMPARISONS = {"at_most": "at most", "at_least": "at least", "equal": "exactly"}
DIGITS_UNTIL = 10
CSS_WORDS = {"passed": "passed", "failed": "failed", "not proven": "unproven"}


def render_report(run: Run, report: SoakReport) -> str:
    """The whole page."""
    scene = make_scene(run)
    charts = make_charts(run)
    style = read_style("charts.css") + read_style("report.css")
    profile = run.plan.profile or "soak"
    body = "".join(
        [
            _verdict(run, report),
            _criteria(report.criteria),
            _pictures(charts, scene),
            _faults(run),
            _environment(run, report),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        # Without one a browser asks the server for it.
        '<link rel="icon" href="data:,">\n'
        f"<title>Soak {escape(profile)}: {word(report.criteria)}</title>\n"
        f"<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def read_style(name: str) -> str:
    """One of the style sheets beside this module."""
    return resources.files("kernel.soak").joinpath(name).read_text(encoding="utf-8")


def criterion_title(name: str) -> str:
    """What a criterion is called for people."""
    for row in thresholds.THRESHOLDS:
        if row.name == name:
            return row.title
    if name.startswith(RECOVERY_PREFIX):
        return f"Slowest recovery: {name.removeprefix(RECOVERY_PREFIX).replace('_', ' ')}"
    return name


def figure_text(criterion: SoakCriterion) -> str:
    """The figure with its unit, a dash for none."""
    if criterion.figure_milli is None:
        return "-"
    return f"{_milli_text(criterion.figure_milli)} {criterion.unit}"


def threshold_text(criterion: SoakCriterion) -> str:
    """At most, at least or exactly so much."""
    return f"{COMPARISONS[criterion.comparison]} {_milli_text(criterion.threshold_milli)}"


def utc_text(at_us: int) -> str:
    """Date and time in UTC."""
    return datetime.fromtimestamp(at_us / 1e6, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _milli_text(milli: int) -> str:
    value = milli / 1000
    if milli % 1000 == 0:
        return f"{value:,.0f}"
    # A thousandth of a second is worth showing, one of a hundred megabytes is not.
    digits = 3 if abs(value) < DIGITS_UNTIL else 1
    return f"{value:,.{digits}f}"


def _verdict(run: Run, report: SoakReport) -> str:
    verdict = word(report.criteria)
    wrong = sorted((c for c in report.criteria if c.state != "pass"), key=lambda c: c.state)
    count = f"{len(report.criteria) - len(wrong)} of {len(report.criteria)} criteria passed"
    items = "".join(
        f'<li><span class="state {c.state}">{STATES[c.state]}</span> '
        f"{escape(criterion_title(c.name))}: {figure_text(c)}, {threshold_text(c)}</li>"
        for c in wrong
    )
    length_s = (report.ended_at_us - report.started_at_us) / 1e6
    facts = {
        "Length": f"{time_text(length_s)} of {time_text(report.planned_s)} planned",
        "Frames": _frames(run, report),
        "Faults": f"{len(report.faults)} put in",
        "Samples": f"{report.samples:,}, one every {value_text(run.interval_s)} s",
        "Began": utc_text(report.started_at_us),
    }
    told = "".join(f"<div><dt>{k}</dt><dd>{escape(v)}</dd></div>" for k, v in facts.items())
    profile = escape(run.plan.profile or "unknown profile")
    return (
        f"<h1>Soak report: {profile}</h1>\n"
        f'<section class="verdict {CSS_WORDS[verdict]}" aria-label="Verdict">'
        f'<p class="word">{verdict.capitalize()}</p><p>{count}.</p>'
        + (f"<ul>{items}</ul>" if items else "")
        + f'<dl class="facts">{told}</dl></section>\n'
    )


def _frames(run: Run, report: SoakReport) -> str:
    said = [f"{report.events_produced:,} produced", f"{report.events_stored:,} stored"]
    left_out = max((s.captures_left_out or 0 for s in run.samples), default=0)
    if left_out:
        said.append(f"{left_out:,} left out by a late driver")
    if run.in_hand:
        said.append(f"{len(run.in_hand)} never handed over")
    return ", ".join(said)


def _criteria(criteria: Sequence[SoakCriterion]) -> str:
    order = {"fail": 0, "unknown": 1, "pass": 2}
    rows = "".join(
        f'<tr><td class="state {c.state}">{STATES[c.state]}</td>'
        f"<td>{escape(criterion_title(c.name))}</td>"
        f'<td class="number" data-label="figure">{escape(figure_text(c))}</td>'
        f'<td class="number" data-label="limit">{threshold_text(c)}</td>'
        f'<td class="detail">{escape(c.detail)}</td></tr>\n'
        for c in sorted(criteria, key=lambda c: order[c.state])
    )
    return (
        '<h2 id="criteria">Criteria</h2>\n<div class="wide" tabindex="0" role="region" '
        'aria-labelledby="criteria"><table class="criteria"><thead><tr><th>state</th>'
        '<th>criterion</th><th class="number">figure</th><th class="number">limit</th>'
        f"<th>what was seen</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )


def _pictures(charts: Sequence[Chart], scene: Scene) -> str:
    parts = ["<h2>Course</h2>\n", _framed("course", "Course of the run", draw_strip(scene))]
    parts.append(
        '<p class="about">Shaded: the person is away. Red: the kernel did not run, or nothing was '
        "measured. Dashed: a fault, by its number. Times count from the start.</p>\n"
    )
    for chart in charts:
        parts.append(
            f'<h3>{escape(chart.title)} <span class="soft">({escape(chart.unit)})</span></h3>\n'
            f'<p class="about">{escape(chart.about)}{_hidden(chart)}</p>\n{_legend(chart)}'
        )
        parts.append(_framed(chart.key, chart.title, draw_chart(chart, scene)))
    head, rows = make_table(charts, scene)
    cells = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    lines = "".join(
        f'<tr><th scope="row">{row[0]}</th>'
        + "".join(f'<td class="number">{cell}</td>' for cell in row[1:])
        + "</tr>\n"
        for row in rows
    )
    parts.append(
        "<details><summary>The pictures as a table (highest value of each stretch)</summary>"
        '<div class="wide" tabindex="0" role="region" aria-label="Figures"><table class="figures">'
        f"<thead><tr>{cells}</tr></thead><tbody>\n{lines}</tbody></table></div></details>\n"
    )
    return "".join(parts)


def _framed(key: str, title: str, svg: str) -> str:
    return (
        f'<figure><div class="wide" tabindex="0" role="region" '
        f'aria-label="{escape(title)}" id="{key}">{svg}</div></figure>\n'
    )


def _hidden(chart: Chart) -> str:
    return "".join(
        f" The {escape(limit.name)}, {value_text(limit.value)} {escape(chart.unit)}, "
        "lies above the picture."
        for limit in hidden_limits(chart)
    )


def _legend(chart: Chart) -> str:
    items = []
    for number, series in enumerate(chart.series):
        if not series.points:
            continue
        shape = (
            f'<circle class="dot s{number}" cx="15" cy="6" r="3"/>'
            if series.dots
            else f'<path class="line s{number}" d="M1,6H29"/>'
        )
        items.append(
            f'<li><svg viewBox="0 0 30 12" aria-hidden="true">{shape}</svg>'
            f"{escape(series.name)}</li>"
        )
    return f'<ul class="legend">{"".join(items)}</ul>\n' if len(items) > 1 else ""


def _faults(run: Run) -> str:
    spans = run.faults()
    if not spans:
        return '<h2>Faults</h2>\n<p class="about">None were put in.</p>\n'
    rows = []
    for number, span in enumerate(spans, 1):
        limit_s = thresholds.recovery_limit_s(span.name)
        if span.cut:
            state, took = "unknown", "cut off"
        elif span.took_s is None:
            state, took = "fail", "never"
        else:
            state = "pass" if span.took_s <= limit_s else "fail"
            took = f"{span.took_s:.1f} s"
        at_s = (span.from_us - run.started_us) / 1e6
        rows.append(
            f'<tr><td class="number">{number}</td><td>{escape(span.name)}</td>'
            f'<td class="number">{time_text(max(0.0, at_s))}</td>'
            f'<td class="number state {state}">{took}</td>'
            f'<td class="number">{limit_s:.0f} s</td>'
            f'<td class="detail">{escape(span.detail)}</td></tr>\n'
        )
    return (
        '<h2 id="faults">Faults</h2>\n<div class="wide" tabindex="0" role="region" '
        'aria-labelledby="faults"><table><thead><tr><th class="number">no.</th><th>fault</th>'
        '<th class="number">at</th><th class="number">recovered after</th>'
        '<th class="number">limit</th><th>what was done</th></tr></thead>'
        f"<tbody>\n{''.join(rows)}</tbody></table></div>\n"
    )


def _environment(run: Run, report: SoakReport) -> str:
    plan = run.plan
    rows: list[tuple[str, object]] = [
        ("profile", plan.profile),
        ("seed", plan.seed),
        ("monitors, cadence", f"{plan.monitors}, {plan.cadence_s} s"),
        ("idle after", f"{plan.idle_after_s} s"),
        ("warm-up", f"{plan.warm_up_s} s"),
        *((f"machine: {key}", value) for key, value in sorted(plan.machine.items())),
        ("contracts lock", report.contracts_lock),
        ("plugins lock", report.plugins_lock),
        ("configuration", report.config_digest),
        ("kernel runs", ", ".join(report.run_ids)),
        ("records", _records(run)),
    ]
    told = "".join(
        f"<tr><td>{escape(str(key))}</td><td>{escape(str(value))}</td></tr>\n"
        for key, value in rows
    )
    return (
        '<h2 id="environment">Environment</h2>\n<div class="wide" tabindex="0" role="region" '
        'aria-labelledby="environment"><table class="env"><tbody>\n'
        f"{told}</tbody></table></div>\n"
    )


def _records(run: Run) -> str:
    said = [f"{run.artifact_bytes / 1e6:.1f} MB"]
    said += [f"{name} {problem}" for name, problem in sorted(run.problems.items())]
    said += [f"{name}: {count} damaged lines" for name, count in sorted(run.bad_lines.items())]
    said += [f"{name}: last line torn" for name in sorted(set(run.torn))]
    return "; ".join(said)
