"""All that is made of one policy, or of several that share their servers, as one set of files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import alertmanager.render
import dashboards.render
import rules.render
import rules.together
from gradewatch import outputs
from gradewatch.boards import BOARDS_OF, apart, collisions, with_links
from policy.model import Policy
from policy.rendered import Rendered
from typedyaml.faults import Fault, Faults
from typedyaml.load import Document

Documents = Sequence[Document[Policy]]


def render(document: Document[Policy]) -> Rendered:
    """Rules, routes and dashboards together; raises Faults with those of every renderer."""
    found = _all(
        [document],
        lambda documents: rules.render.render(documents[0]),
        alertmanager.render.render_all,
        lambda documents: dashboards.render.render(documents[0]),
    )
    return _with_outputs(found, [document])


def render_all(documents: Documents) -> Rendered:
    """One policy as ever; several with names of their own wherever they meet."""
    if len(documents) == 1:
        return render(documents[0])
    found = _all(documents, rules.together.render, alertmanager.render.render_all, _boards)
    files = dict(found.files)
    for policy in (document.value.policy for document in documents):
        name = f"prometheus/{policy}.rules.yaml"
        files[name] = with_links(files[name], policy)
    return _with_outputs(Rendered(files, found.notes), documents)


def _with_outputs(found: Rendered, documents: Documents) -> Rendered:
    """What each policy asks for beside the plain files."""
    files, notes = dict(found.files), list(found.notes)
    for policy in (document.value for document in documents):
        more = outputs.render(policy, files[f"prometheus/{policy.policy}.rules.yaml"])
        files |= more.files
        notes += more.notes
    return Rendered(files, tuple(notes))


def _all(documents: Documents, *renderers: Callable[[Documents], Rendered]) -> Rendered:
    files: dict[str, str] = {}
    notes: list[str] = []
    faults: list[Fault] = []
    for part in renderers:
        try:
            rendered = part(documents)
        except Faults as error:
            faults.extend(error.faults)
            continue
        files |= rendered.files
        notes += rendered.notes
    if faults:
        raise Faults(faults)
    return Rendered(files, tuple(notes))


def _boards(documents: Documents) -> Rendered:
    """Each policy's boards in a folder of its own, with the policy's name in their addresses."""
    if faults := tuple(collisions(documents)):
        raise Faults(faults)
    files: dict[str, str] = {}
    for document in documents:
        for name, text in dashboards.render.render(document).files.items():
            if name.startswith(BOARDS_OF) and name.endswith(".json"):
                files |= [apart(name, text, document.value.policy)]
            else:
                files[name] = text
    return Rendered(files)
