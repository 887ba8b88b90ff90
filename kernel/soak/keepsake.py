"""What is kept of a run where its folder is not: one page of text and one picture, both small.

Covers: ``STAMP-PROFILE.md`` (MyST or any Markdown) and ``STAMP-PROFILE.svg`` beside it, light and
dark, without requests. Does not cover: the page with everything (`report_html`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from contracts.soak import SoakReport
from kernel.config.approvals import write_atomically
from kernel.config.errors import KernelError
from kernel.soak.axis import time_text
from kernel.soak.charts import make_charts, make_scene
from kernel.soak.plots import HEIGHT, LEFT, WIDTH, Chart, draw_chart, draw_strip, strip_height
from kernel.soak.report_html import (
    STATES,
    criterion_title,
    figure_text,
    read_style,
    threshold_text,
    utc_text,
)
from kernel.soak.runfiles import Run
from kernel.soak.verdict import word

CHARTS = ("memory", "cpu", "hosts", "backlog", "latency", "throughput")
"""What a person looks at first; all eight are in the page of the run folder."""
TITLE_H = 44
LEGEND_CHAR_W = 6.8
KEY_W = 30
OWN_STYLE = """
rect.card { fill: var(--card); } text { font-family: system-ui, "Liberation Sans", sans-serif; }
svg text.title { font-size: 14px; font-weight: 600; fill: var(--ink); text-anchor: start; }
svg text.key { font-size: 11.5px; fill: var(--soft); text-anchor: start; }
"""


def keep_report(run: Run, report: SoakReport, out: Path, *, note: str = "") -> tuple[Path, Path]:
    """Write page and picture into ``out``; returns both paths. The same run has the same names.

    ``note`` is told on the page: which commit, which machine. Raises `KernelError`
    ``soak-report-unwritable``.
    """
    day = datetime.fromtimestamp(report.started_at_us / 1e6, tz=UTC).strftime("%Y%m%dT%H%MZ")
    stem = f"{day}-{Path(run.plan.profile or 'soak').stem}"
    page, picture = out / f"{stem}.md", out / f"{stem}.svg"
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(picture, draw_picture(run).encode())
        write_atomically(page, describe_run(run, report, picture.name, note=note).encode())
    except OSError as error:
        raise KernelError(
            "soak-report-unwritable",
            f"the report cannot be written into {out}: {error}",
            hint="name another folder with --out",
        ) from error
    return page, picture


def describe_run(run: Run, report: SoakReport, picture: str, *, note: str = "") -> str:
    """The page: verdict, picture, criteria, faults, machine."""
    profile, verdict = run.plan.profile or "soak", word(report.criteria)
    passed = sum(criterion.state == "pass" for criterion in report.criteria)
    length_s = (report.ended_at_us - report.started_at_us) / 1e6
    told = [
        f"**{verdict.capitalize()}**: {passed} of {len(report.criteria)} criteria passed.",
        f"Began {utc_text(report.started_at_us)}, lasted {time_text(length_s)} "
        f"of {time_text(report.planned_s)} planned.",
        f"{report.events_produced:,} frames produced, {report.events_stored:,} stored; "
        f"{len(report.faults)} faults put in; {report.samples:,} samples.",
        f"Seed {run.plan.seed}, {run.plan.monitors} monitor(s), a capture each "
        f"{run.plan.cadence_s} s.",
        f"Machine: {_machine(run)}.",
        *([note] if note else []),
    ]
    criteria = [
        (
            STATES[c.state],
            criterion_title(c.name),
            figure_text(c),
            threshold_text(c),
            c.detail,
        )
        for c in report.criteria
    ]
    faults = [
        (
            str(number),
            span.name,
            time_text(max(0.0, (span.from_us - run.started_us) / 1e6)),
            "cut off" if span.cut else "never" if span.took_s is None else f"{span.took_s:.1f} s",
        )
        for number, span in enumerate(run.faults(), 1)
    ]
    parts = [
        f"# {profile} of {utc_text(report.started_at_us)[:10]}: {verdict}",
        "\n".join(f"- {line}" for line in told),
        f"![Course of the run]({picture})",
        "## Criteria",
        _table(("state", "criterion", "figure", "limit", "what was seen"), criteria),
        "## Faults",
        _table(("no.", "fault", "at", "recovered after"), faults) if faults else "None.",
    ]
    return "\n\n".join(parts) + "\n"


def _machine(run: Run) -> str:
    facts = run.plan.machine
    memory = facts.get("memory_bytes")
    said = [
        f"{facts.get('cores', '?')} cores",
        *([f"{memory / 1e9:.0f} GB of memory"] if isinstance(memory, int) else []),
        *([str(facts["system"])] if facts.get("system") else []),
        *(["WSL"] if facts.get("wsl") else []),
        *([f"Python {facts['python']}"] if facts.get("python") else []),
    ]
    return ", ".join(said)


def draw_picture(run: Run) -> str:
    """One SVG: the course of the run, then each chart with its title and key."""
    scene = make_scene(run)
    parts: list[str] = []
    y = _place(parts, 0, "Course of the run", (), draw_strip(scene), strip_height())
    for chart in make_charts(run):
        if chart.key in CHARTS and any(series.points for series in chart.series):
            title = f"{chart.title} ({chart.unit})"
            y = _place(parts, y, title, _keys(chart), draw_chart(chart, scene), HEIGHT)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" '
        f'height="{y}">\n<style>\n{read_style("charts.css")}{OWN_STYLE}</style>\n'
        f'<rect class="card" width="{WIDTH}" height="{y}"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _keys(chart: Chart) -> tuple[tuple[int, str, bool], ...]:
    shown = [(n, s.name, s.dots) for n, s in enumerate(chart.series) if s.points]
    return tuple(shown) if len(shown) > 1 else ()


def _place(
    parts: list[str],
    y: int,
    title: str,
    keys: Sequence[tuple[int, str, bool]],
    svg: str,
    height: int,
) -> int:
    """Append title, key and drawing at this height; returns where the next one begins."""
    parts.append(f'<text class="title" x="{LEFT}" y="{y + 20}">{escape(title)}</text>')
    x = float(LEFT)
    for number, name, dots in keys:
        shape = (
            f'<circle class="dot s{number}" cx="{x + KEY_W / 2}" cy="{y + 34}" r="3"/>'
            if dots
            else f'<path class="line s{number}" d="M{x},{y + 34}h{KEY_W - 6}"/>'
        )
        parts.append(f'{shape}<text class="key" x="{x + KEY_W}" y="{y + 38}">{escape(name)}</text>')
        x += KEY_W + LEGEND_CHAR_W * len(name) + 18
    where = f'<svg x="0" y="{y + TITLE_H}" width="{WIDTH}" height="{height}" '
    parts.append(svg.replace("<svg ", where, 1))
    return y + TITLE_H + height


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    """In one line, and nothing in it is markup."""
    plain = " ".join(text.split()).replace("\\", "\\\\")
    for sign in "|*_`<[]$":
        plain = plain.replace(sign, f"\\{sign}")
    return plain
