"""What `synthaug plan` is made of: texts to schedules and weights, a plan to counts, counts to tables."""

from __future__ import annotations

from lightning_synthaug.cli.planning.composition import Preview, StepView, Tenth
from lightning_synthaug.cli.planning.render import render_header, render_step, render_summary
from lightning_synthaug.cli.planning.texts import parse_ratio, parse_weights

__all__ = [
    "Preview",
    "StepView",
    "Tenth",
    "parse_ratio",
    "parse_weights",
    "render_header",
    "render_step",
    "render_summary",
]
