"""`gradewatch profile`: which graders are known, what is read of each, and a trial on a real database."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gradewatch import exits

if TYPE_CHECKING:
    from exporter.catalogue import AddedLabel
    from exporter.profiles import Profile

SUMMARY = "List the known graders, show what is read of one, or try it on a database."
EXAMPLE = (
    "gradewatch profile try postgresql://gradewatch@db/prairielearn --profile prairielearn --password-file pw"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parsers = parser.add_subparsers(title="what", metavar="list|show|try", required=True)
    parsers.add_parser("list", help="every profile that is shipped").set_defaults(act=_list)
    show = parsers.add_parser("show", help="what a profile reads and gives, and the rights that it needs")
    show.add_argument("name", metavar="NAME", help="a shipped profile, or the path of your own (.yaml)")
    show.add_argument("--database", metavar="NAME", help="the grader's database, for the GRANT statements")
    show.add_argument("--dialect", help="mysql or postgresql, where a profile knows both")
    _add_option(show)
    show.set_defaults(act=_show)
    trial = parsers.add_parser("try", help="run a profile once on a database; only reads")
    trial.add_argument("url", metavar="URL", help="as in the sidecar's configuration, without a password")
    trial.add_argument("--profile", required=True, metavar="NAME", help="a shipped profile, or your own")
    trial.add_argument("--password-file", metavar="FILE", help="holds the role's password")
    trial.add_argument("--timeout", default="30s", metavar="TIME", help="for each block (%(default)s)")
    _add_option(trial)
    trial.set_defaults(act=_try)


def _add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a name that your installation chose, such as prefix=mdl_",
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME",
        help="course or assignment: count submissions and gradings by it, as graders[].labels does",
    )


def run(args: argparse.Namespace) -> int:
    """Do it; 1 when a trial found something missing, 2 for wrong input."""
    code: int = args.act(args)
    return code


def _list(args: argparse.Namespace) -> int:
    from exporter.config.graders import profile_names
    from gradewatch.profile_pages import listing

    print(listing([loaded(name) for name in profile_names()]))
    return exits.GOOD


def _show(args: argparse.Namespace) -> int:
    from exporter.profiles import bind
    from exporter.profiles.labels import with_labels
    from gradewatch.profile_pages import page

    profile = loaded(args.name)
    dialect = args.dialect or profile.dialects[0]
    if dialect not in profile.dialects:
        raise exits.UsageError(
            f"profile {profile.profile} is written for {' and '.join(profile.dialects)}, not for {dialect}"
        )
    bound = bind(profile, dialect, _options(args.option, profile))
    bound = with_labels(bound, _labels(args.label, profile))
    print(page(bound, dialect, args.database or profile.profile.partition("-")[0]))
    return exits.GOOD


def _try(args: argparse.Namespace) -> int:
    from gradewatch.profile_trial import Trial

    profile = loaded(args.profile)
    return Trial.of(args, profile, _options(args.option, profile), _labels(args.label, profile)).run()


def loaded(name: str) -> Profile:
    """A profile by name or path; UsageError names those that exist."""
    from exporter.config.graders import profile_names
    from exporter.profiles import load_profile
    from typedyaml.faults import unknown

    if not name.endswith(".yaml") and name not in profile_names():
        raise exits.UsageError(unknown("profile", name, profile_names()))
    return load_profile(name).value


def _labels(given: list[str], profile: Profile) -> tuple[AddedLabel, ...]:
    from exporter.profiles.labels import offered

    for name in given:
        if name not in offered(profile):
            known = ", ".join(offered(profile)) or "none"
            raise exits.UsageError(f'"{name}" is no label of profile {profile.profile}; labels: {known}')
    return tuple(label for label in offered(profile) if label in given)


def _options(given: list[str], profile: Profile) -> dict[str, str]:
    options = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in profile.options:
            known = ", ".join(profile.options) or "none"
            raise exits.UsageError(f'"{text}" is no NAME=VALUE of profile {profile.profile}; names: {known}')
        options[name] = value
    return options
