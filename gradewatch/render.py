"""All that is made of a policy, as one set of files."""

from __future__ import annotations

import alertmanager.render
import dashboards.render
import rules.render
from policy.model import Policy
from policy.rendered import Rendered
from typedyaml.faults import Fault, Faults
from typedyaml.load import Document

RENDERERS = (rules.render.render, alertmanager.render.render, dashboards.render.render)


def render(document: Document[Policy]) -> Rendered:
    """Rules, routes and dashboards together; raises Faults with those of every renderer."""
    files: dict[str, str] = {}
    notes: list[str] = []
    faults: list[Fault] = []
    for part in RENDERERS:
        try:
            rendered = part(document)
        except Faults as error:
            faults.extend(error.faults)
            continue
        files |= rendered.files
        notes += rendered.notes
    if faults:
        raise Faults(faults)
    return Rendered(files, tuple(notes))
