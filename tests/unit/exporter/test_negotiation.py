"""Formats and compression as clients ask for them."""

from __future__ import annotations

import gzip

import pytest

from exporter.exposition import Format
from exporter.negotiation import accepts_gzip, choose_format, compress

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "style"),
    [
        (None, Format.TEXT),
        ("", Format.TEXT),
        ("*/*", Format.TEXT),
        ("text/html", Format.TEXT),
        (PROMETHEUS_2, Format.OPENMETRICS),
        (PROMETHEUS_3, Format.OPENMETRICS),
        ("application/openmetrics-text", Format.OPENMETRICS),
        ("application/openmetrics-text; version=0.0.1", Format.OPENMETRICS),
        ("application/openmetrics-text; version=2.0.0", Format.TEXT),
        ('application/openmetrics-text; version="1.0.0"', Format.OPENMETRICS),
        ("application/openmetrics-text; q=0", Format.TEXT),
        ("application/openmetrics-text; q=nonsense", Format.TEXT),
        ("application/openmetrics-text; q=7", Format.TEXT),
        ("application/openmetrics-text;q=0.1, text/plain;version=0.0.4", Format.TEXT),
        ("application/openmetrics-text;q=0.5, text/plain;version=0.0.4;q=0.5", Format.OPENMETRICS),
        ("application/openmetrics-text;q=0.1, */*", Format.TEXT),
        ("APPLICATION/OPENMETRICS-TEXT", Format.OPENMETRICS),
        (";;,,=;q", Format.TEXT),
    ],
)
def test_the_format_is_the_one_the_client_likes_best(accept: str | None, style: Format) -> None:
    assert choose_format(accept) is style


@pytest.mark.parametrize(
    ("header", "welcome"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("br", False),
        ("identity, gzip;q=0.5", False),
        ("x-gzip", True),
    ],
)
def test_gzip_only_where_it_is_welcome(header: str | None, welcome: bool) -> None:
    assert accepts_gzip(header) is welcome


@pytest.mark.parametrize("size", [0, 100, 64 * 1024 + 1])
def test_compressed_pages_come_back_whole_and_alike(size: int) -> None:
    body = b"x" * size
    assert gzip.decompress(compress(body)) == body
    assert compress(body) == compress(body)
