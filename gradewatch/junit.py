"""Findings as JUnit XML, which every CI shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from gradewatch.parts import Part


def write(path: Path, parts: Sequence[Part]) -> None:
    """One suite a part: a passing case, or a failed one a finding."""
    root = ElementTree.Element("testsuites", name="gradewatch check")
    for part in parts:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=part.name,
            tests=str(max(1, len(part.findings))),
            failures=str(len(part.findings)),
        )
        for finding in part.findings:
            case = ElementTree.SubElement(suite, "testcase", classname=part.name, name=finding[:200])
            ElementTree.SubElement(case, "failure", message=finding).text = finding
        if not part.findings:
            ElementTree.SubElement(suite, "testcase", classname=part.name, name=part.what)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="unicode", xml_declaration=True)
