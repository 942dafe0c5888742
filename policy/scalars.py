"""The scalar types of a policy: names, addresses, figures, each with what is allowed."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

Priority = Literal["P1", "P2", "P3", "P4"]
Severity = Literal["critical", "warning", "info"]

Name = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", description="lower case words joined by -")
]
AlertName = Annotated[
    str, Meta(pattern=r"^([A-Z]+[a-z0-9]+)+$", max_length=40, description="CamelCase, at most 40 characters")
]
MetricName = Annotated[
    str, Meta(pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$", description="a Prometheus metric name")
]
LabelName = Annotated[str, Meta(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", description="a Prometheus label name")]
Version = Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+$", description='a version like "2.53"')]
Url = Annotated[
    str, Meta(pattern=r"^https?://[^/\s]+.*[^/]$", description="an http(s) URL without a final slash")
]
Address = Annotated[str, Meta(pattern=r"^[^\s/:]+:[0-9]+$", description="host:port")]
Mail = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$", description="a mail address")]
AbsolutePath = Annotated[str, Meta(pattern=r"^/\S+$", description="an absolute path of a file")]
Ratio = Annotated[float, Meta(gt=0, lt=1, description="a ratio between 0 and 1")]
Positive = Annotated[float, Meta(gt=0, description="a number above 0")]
