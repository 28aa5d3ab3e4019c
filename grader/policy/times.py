r"""When something was handed in, and by whom.

==============================  ========================================================
``names``                       a time in the file name: ``ada_2026-11-20T23-58-10.zip``,
                                or nbgrader's ``ada+hw3+2026-11-20 23:58:10 UTC+….zip``
``mtimes``                      when the file was last written; copying may change that
``*.csv``                       the columns submission and submitted, if wanted student
``submission_metadata.yml``     of Gradescope's "Export Submissions"
``*.json`` or their folder      ``submission_metadata.json``, as in Gradescope's machines
==============================  ========================================================

Times without a zone are those of the clocks where the homework is.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from grader.policy.late import instant, read_table
from utils.errors import ParameterError, StoreError

__all__ = ["Handed", "parse_time", "read_times"]

_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T _-]?(?P<h>\d\d)[-:.h]?(?P<m>\d\d)(?:[-:.]?(?P<s>\d\d)(?:\.\d+)?)?"
    r"(?P<zone> ?(?:Z|UTC)(?![A-Za-z])|[+-]\d\d:?\d\d)?"
)


@dataclass(frozen=True, slots=True)
class Handed:
    """Who handed in a file, and when.

    Attributes
    ----------
    submission : str
        Name of the file; "" where a source knows the student alone.
    student : str
        "" where a source does not know.
    submitted : datetime
        In UTC.
    """

    submission: str
    student: str
    submitted: datetime


def read_times(source: str | Path, zone: ZoneInfo, *, folder: Path | None = None) -> list[Handed]:
    """Return the times in a source.

    Parameters
    ----------
    source : str or Path
        "names", "mtimes", or a path: see the table above.
    zone : ZoneInfo
        Of times that do not say theirs.
    folder : Path, optional
        With the submissions; "names" and "mtimes" need it.

    Raises
    ------
    ParameterError
        It is none of these, or a time can't be understood.
    StoreError
        It can't be read.
    """
    if source in ("names", "mtimes"):
        if folder is None:
            raise ParameterError(f"{source}: expected the folder with the submissions, too")
        zips = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".zip")
        return [_from_file(path, zone, by_name=source == "names") for path in zips]
    path = Path(source)
    if path.suffix.lower() == ".csv":
        return _from_csv(path, zone)
    if path.suffix.lower() in (".yml", ".yaml"):
        return _from_export(path, zone)
    if path.is_dir() or path.suffix.lower() == ".json":
        return _from_machines(sorted(path.rglob("*.json")) if path.is_dir() else [path], zone)
    raise ParameterError(
        f"expected names, mtimes, a .csv, Gradescope's submission_metadata.yml, or .json files of "
        f"its machines, got {str(source)!r}"
    )


def parse_time(text: str, zone: ZoneInfo) -> datetime:
    """Return a moment, in UTC, of a text like "2026-11-20 23:58:10", "…Z" or "…+01:00".

    Raises
    ------
    ParameterError
        It is none.
    """
    try:
        found = datetime.fromisoformat(
            text.strip().removesuffix(" UTC") + "Z" * text.endswith(" UTC")
        )
    except ValueError:
        raise ParameterError(
            f"expected a time like 2026-11-20 23:58:10, got {text[:60]!r}"
        ) from None
    return instant(found, zone) if found.tzinfo is None else found.astimezone(UTC)


def _from_file(path: Path, zone: ZoneInfo, *, by_name: bool) -> Handed:
    """Return when a file came, by its name or by its time."""
    found = _TIME.search(path.stem)
    student = path.stem
    if found is not None:
        # nbgrader puts the student first: ada+hw3+time+hash
        student = path.stem[: found.start()].split("+")[0].strip(" _-+.") or path.stem
    if not by_name:
        moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Handed(path.name, student, moment)
    if found is None:
        raise ParameterError(
            f"{path.name[:80]!r}: expected a time in the name, like ada_2026-11-20T23-58-10.zip"
        )
    clock = f"{found['date']}T{found['h']}:{found['m']}:{found['s'] or '00'}"
    offset = (found["zone"] or "").strip().replace("UTC", "Z")
    return Handed(path.name, student, parse_time(clock + offset, zone))


def _from_csv(path: Path, zone: ZoneInfo) -> list[Handed]:
    """Return what a CSV says."""
    handed = []
    for number, row in enumerate(read_table(path, ("submitted",)), start=2):
        submission, student = row.get("submission", ""), row.get("student", "")
        if not submission and not student:
            raise ParameterError(f"{path.name}, line {number}: expected a submission or a student")
        try:
            handed.append(Handed(submission, student, parse_time(row["submitted"], zone)))
        except ParameterError as error:
            raise ParameterError(f"{path.name}, line {number}: {error}") from None
    return handed


def _from_export(path: Path, zone: ZoneInfo) -> list[Handed]:
    """Return what Gradescope's export says; its keys are Ruby's, ``:created_at``."""
    import yaml

    try:
        table = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [
            _entry(f"{name}.zip", _plain_keys(entry), "submitters", zone)
            for name, entry in table.items()
        ]
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"can't read {path}: {error}") from error
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, IndexError) as error:
        raise ParameterError(f"{path.name}: not Gradescope's metadata ({error!r})") from None


def _from_machines(paths: Iterable[Path], zone: ZoneInfo) -> list[Handed]:
    """Return what files of Gradescope's grading machines say; named as the submissions are."""
    handed = []
    for path in paths:
        try:
            table = json.loads(path.read_text(encoding="utf-8"))
            name = path.stem if path.stem != "submission_metadata" else path.parent.name
            handed.append(_entry(f"{name}.zip", table, "users", zone))
        except OSError as error:
            raise StoreError(f"can't read {path}: {error}") from error
        except (ValueError, AttributeError, KeyError, TypeError, IndexError) as error:
            raise ParameterError(f"{path.name}: not Gradescope's metadata ({error!r})") from None
    return handed


def _entry(name: str, entry: Mapping[str, Any], people: str, zone: ZoneInfo) -> Handed:
    """Return one submission of Gradescope's."""
    who = entry[people][0]
    student = str(who.get("sid") or who.get("email") or who.get("name") or "")
    when = entry["created_at"]
    return Handed(name, student, parse_time(str(when), zone))


def _plain_keys(value: Any) -> Any:
    """Return nested tables with ``:key`` as ``key``."""
    if isinstance(value, Mapping):
        return {str(key).lstrip(":"): _plain_keys(item) for key, item in value.items()}
    return [_plain_keys(item) for item in value] if isinstance(value, list) else value
