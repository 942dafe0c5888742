"""`probes:` addresses of the grader that must answer, and what their answer must look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from msgspec import Meta

from exporter.config.brokers import split, url_fault
from exporter.config.names import AbsolutePath
from exporter.config.secrets import file_faults, secret_faults
from typedyaml.faults import Fault, unknown
from typedyaml.load import Document
from typedyaml.units import Duration

SCHEMES = ("http", "https")
Status = Annotated[int, Meta(ge=100, le=599)]

_ANSWER = Duration(5)


@dataclass(frozen=True, slots=True)
class Probe:
    """A request and the answer that is expected. Redirects are answers, not followed.

    `body` is a regular expression that must be found in the body; `version` says where in a JSON body the
    release of the grader stands, such as `build.version`.
    """

    url: str
    method: Literal["GET", "HEAD"] = "GET"
    status: Annotated[tuple[Status, ...], Meta(min_length=1)] = (200,)
    body: str | None = None
    version: str | None = None
    user: str | None = None
    password_file: AbsolutePath | None = None
    password_env: str | None = None
    ca_file: AbsolutePath | None = None
    timeout: Duration = _ANSWER


def faults(document: Document[Any]) -> Iterator[Fault]:
    """What is wrong with the section."""
    limit, versions = document.value.collection.timeout, 0
    for name, probe in document.value.probes.items():
        place = ("probes", name)
        yield from _url_faults(document, place, probe)
        yield from secret_faults(document, place, probe)
        yield from file_faults(document, (*place, "ca_file"), probe.ca_file)
        yield from _body_faults(document, place, probe)
        if not probe.timeout:
            yield document.fault((*place, "timeout"), "a timeout of 0s lets nobody answer")
        elif probe.timeout > limit > Duration(0) and (*place, "timeout") in document.positions:
            message = f"{probe.timeout} is more than collection.timeout ({limit})"
            yield document.fault((*place, "timeout"), message)
        versions += probe.version is not None
        if probe.version is not None and versions > 1:
            message = "another probe tells the version already; a grader has one"
            yield document.fault((*place, "version"), message)


def _url_faults(document: Document[Any], place: tuple[str, str], probe: Probe) -> Iterator[Fault]:
    parts = split(probe.url)
    if why := url_fault(probe.url):
        yield document.fault((*place, "url"), why)
    elif parts.scheme not in SCHEMES:
        allowed = (f"{scheme}://" for scheme in SCHEMES)
        yield document.fault((*place, "url"), unknown("scheme", parts.scheme, allowed))
    elif not parts.hostname:
        yield document.fault((*place, "url"), "the URL names no host")
    elif not find_spec("requests"):
        yield document.fault((*place, "url"), "probes need a package: pip install 'gradewatch[http]'")
    if probe.ca_file is not None and parts.scheme == "http":
        yield document.fault((*place, "ca_file"), "ca_file has no effect over http://")


def _body_faults(document: Document[Any], place: tuple[str, str], probe: Probe) -> Iterator[Fault]:
    for key in ("body", "version"):
        if probe.method == "HEAD" and getattr(probe, key) is not None:
            yield document.fault((*place, key), f"an answer to HEAD has no body; {key} needs GET")
    if probe.body is not None:
        try:
            re.compile(probe.body)
        except (re.error, OverflowError, RecursionError) as error:
            yield document.fault((*place, "body"), f"not a regular expression: {error}")
