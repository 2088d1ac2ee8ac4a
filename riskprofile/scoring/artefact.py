"""A scorecard as bytes, and back. Inert: JSON for structure, NPZ for tables, no pickle.

`pack` writes the files and a manifest of their digests; `parse` checks every byte
against the manifest, then every shape, edge and number, before anything is used.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from riskprofile.errors import ScorecardError
from riskprofile.scoring.scorecard import Bins, Criterion, Scorecard, Term
from riskprofile.scoring.wording import Wording

MANIFEST = "manifest.json"
STRUCTURE = "scorecard.json"
TABLES = "tables.npz"
WORDS = "wording.json"
SCHEMA = 1

_WRITTEN = tuple(field.name for field in fields(Criterion))

LARGEST_FILE = 32 * 2**20
LARGEST_TABLE = 2**20
LARGEST_POINTS = 100_000


def pack(card: Scorecard) -> dict[str, bytes]:
    """The files that serve, by name, the same bytes for the same scorecard."""
    structure = {
        "schema": SCHEMA,
        "profile": card.profile,
        "version": card.version,
        "base": card.base,
        "lowest": card.lowest,
        "examined": card.examined,
        "features": list(card.bins),
        "terms": [list(term.features) for term in card.terms],
        "norms": dict(card.norms),
        "wording": card.wording is not None,
    }
    if any(term.criterion for term in card.terms):
        structure["criteria"] = [
            None if term.criterion is None else asdict(term.criterion) for term in card.terms
        ]
    tables = {f"bins_{name}": bins.edges for name, bins in card.bins.items()}
    tables |= {f"term_{i:03d}": term.table for i, term in enumerate(card.terms)}
    tables["probabilities"] = card.probabilities
    files = {STRUCTURE: _json(structure), TABLES: _npz(tables)}
    if card.wording is not None:
        files[WORDS] = _json(
            {
                "column": card.wording.column,
                "base": card.wording.base,
                "weights": dict(sorted(card.wording.weights.items())),
            }
        )
    return files


def manifest(files: Mapping[str, bytes], **facts: Any) -> bytes:
    """The list of files and their SHA-256, with facts about how they came to be."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    return _json({"schema": SCHEMA, **facts, "files": digests})


def digest(manifest_bytes: bytes) -> str:
    """What identifies a scorecard: SHA-256 of its manifest."""
    return hashlib.sha256(manifest_bytes).hexdigest()


def listed(manifest_bytes: bytes, where: str) -> list[str]:
    """Names of the files that a manifest lists."""
    told = _load({MANIFEST: manifest_bytes}, MANIFEST, _fault(where)).get("files")
    if not isinstance(told, dict):
        raise _fault(where)(MANIFEST, "does not list the files that serve")
    return sorted(told)


def parse(files: Mapping[str, bytes], where: str) -> Scorecard:
    """Check and read a scorecard from its bytes, manifest included.

    Raises
    ------
    ScorecardError
        Naming the file and what is wrong with it. Nothing of it is used then.
    """
    fault = _fault(where)
    listed = _load(files, MANIFEST, fault)
    if listed.get("schema") != SCHEMA:
        raise fault(MANIFEST, f"is of schema {listed.get('schema')!r}; this version reads {SCHEMA}")
    digests = listed.get("files")
    if not isinstance(digests, dict) or not {STRUCTURE, TABLES} <= set(digests):
        raise fault(MANIFEST, "does not list the files that serve")
    for name in digests:
        if name not in files:
            raise fault(name, "is missing")
        if hashlib.sha256(files[name]).hexdigest() != digests[name]:
            raise fault(name, "is not what the manifest lists: it was altered or cut")
    if not set(files) <= {*digests, MANIFEST}:
        raise fault(min(set(files) - {*digests, MANIFEST}), "is not listed in the manifest")
    identity = digest(files[MANIFEST])
    if (known := _built.pop(identity, None)) is not None:
        _built[identity] = known  # asked for last
        return known
    structure = _load(files, STRUCTURE, fault)
    arrays = _arrays(files[TABLES], fault)
    try:
        card = _build(structure, arrays, files, identity, fault)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise fault(STRUCTURE, f"is not a scorecard: {error}") from error
    for old in [*_built][: 1 - _KEPT]:
        _built.pop(old, None)
    _built[identity] = card
    return card


# What was asked for lately, by digest: each byte of the files is checked anew, so the same digest
# is the same scorecard. Few, because a wording weighs some 5 MB; the page of scorecards shows the
# three that ship and what an office proposed.
_KEPT = 8
_built: dict[str, Scorecard] = {}


Fault = Callable[[str, str], ScorecardError]


def _fault(where: str) -> Fault:
    def make(name: str, what: str) -> ScorecardError:
        return ScorecardError(
            f"{name} {what}",
            where=where,
            do="Nothing was rated with it. Restore the folder, or serve another version: "
            "`riskprofile models promote`, or `rollback` from one that was promoted",
        )

    return make


def _build(
    structure: dict[str, Any],
    arrays: dict[str, np.ndarray],
    files: Mapping[str, bytes],
    identity: str,
    fault: Fault,
) -> Scorecard:
    names = structure["features"]
    if len(set(names)) != len(names):
        raise fault(STRUCTURE, "names a feature twice")
    bins = {}
    for name in names:
        edges = arrays[f"bins_{name}"]
        if edges.ndim != 1 or edges.dtype != np.float64 or not np.isfinite(edges).all():
            raise fault(TABLES, f"has edges of {name} that are not finite numbers")
        if (np.diff(edges) <= 0).any():
            raise fault(TABLES, f"has edges of {name} that do not rise")
        bins[name] = Bins(edges)
    terms = []
    written = structure.get("criteria", [None] * len(structure["terms"]))
    if len(written) != len(structure["terms"]):
        raise fault(STRUCTURE, "has not one criterion for each term")
    for i, term_features in enumerate(structure["terms"]):
        table = arrays[f"term_{i:03d}"]
        shape = tuple(len(bins[name]) for name in term_features)
        if len(term_features) not in (1, 2) or table.shape != shape or table.dtype != np.int32:
            raise fault(TABLES, f"has a table of {' x '.join(term_features)} of the wrong shape")
        if np.abs(table).max(initial=0) > LARGEST_POINTS:
            raise fault(TABLES, f"has points of {' x '.join(term_features)} out of range")
        terms.append(Term(tuple(term_features), table, _criterion(written[i])))
    probabilities = arrays["probabilities"]
    if (
        probabilities.ndim != 1
        or not len(probabilities)
        or not ((probabilities >= 0) & (probabilities <= 1)).all()
        or (np.diff(probabilities) < 0).any()
    ):
        raise fault(TABLES, "has probabilities that are not a rising table within 0 and 1")
    return Scorecard(
        profile=str(structure["profile"]),
        version=str(structure["version"]),
        digest=identity,
        base=_whole(structure["base"]),
        bins=bins,
        terms=tuple(terms),
        wording=_wording(files, fault) if structure["wording"] else None,
        lowest=_whole(structure["lowest"]),
        probabilities=probabilities,
        norms={str(name): str(norm) for name, norm in structure["norms"].items()},
        examined=_whole(structure["examined"]),
    )


def _criterion(told: dict[str, Any] | None) -> Criterion | None:
    return None if told is None else Criterion(**{name: str(told[name]) for name in _WRITTEN})


def _wording(files: Mapping[str, bytes], fault: Fault) -> Wording:
    words = _load(files, WORDS, fault)
    weights = {str(word): _whole(weight) for word, weight in words["weights"].items()}
    return Wording(str(words["column"]), _whole(words["base"]), weights)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 10**9:
        raise ValueError(f"{value!r} is not a whole number in range")
    return value


def _load(files: Mapping[str, bytes], name: str, fault: Fault) -> dict[str, Any]:
    if name not in files:
        raise fault(name, "is missing")
    if len(files[name]) > LARGEST_FILE:
        raise fault(name, f"is larger than {LARGEST_FILE // 2**20} MB")
    try:
        loaded = json.loads(
            files[name], object_pairs_hook=_once, parse_constant=lambda text: math.nan
        )
    except (ValueError, RecursionError) as error:
        raise fault(name, f"is not JSON: {error}") from error
    if not isinstance(loaded, dict):
        raise fault(name, "is not a JSON object")
    return loaded


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys each occur once."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key occurs twice")
    return made


def _arrays(content: bytes, fault: Fault) -> dict[str, np.ndarray]:
    if len(content) > LARGEST_FILE:
        raise fault(TABLES, f"is larger than {LARGEST_FILE // 2**20} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as members:
            infos = members.infolist()
            if sum(info.file_size for info in infos) > LARGEST_FILE:
                raise fault(TABLES, f"unpacks to more than {LARGEST_FILE // 2**20} MB")
            if len({info.filename for info in infos}) != len(infos):
                raise fault(TABLES, "holds a table twice")
            heads: dict[bytes, _Head] = {}
            arrays = {
                info.filename.removesuffix(".npy"): _array(members.read(info), heads)
                for info in infos
            }
    except (
        *(ValueError, TypeError, OSError, EOFError, KeyError, SyntaxError, RuntimeError),
        *(zipfile.BadZipFile, zlib.error),
    ) as error:
        raise fault(TABLES, f"is not a set of tables: {error}") from error
    if any(array.size > LARGEST_TABLE for array in arrays.values()):
        raise fault(TABLES, f"holds a table of more than {LARGEST_TABLE} cells")
    return arrays


_Head = tuple[tuple[int, ...], bool, np.dtype]


def _array(content: bytes, heads: dict[bytes, _Head]) -> np.ndarray:
    """A table as `np.load` reads it; nobody can write into it, as one scorecard serves many runs.

    `heads` are those that were met. Few differ, and to parse one takes longer than all else.
    """
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("a table is of another version of NPY")
    start = 10 + int.from_bytes(content[8:10], "little")
    head = content[:start]
    if head not in heads:
        heads[head] = np.lib.format.read_array_header_1_0(file)
    shape, by_columns, kind = heads[head]
    size = len(content) - start  # no length of NumPy's own is trusted: it may overflow
    if kind.hasobject or min(shape, default=0) < 0 or math.prod(shape) * kind.itemsize != size:
        raise ValueError("a table holds objects, or more or less than its shape says")
    return np.ndarray(shape, kind, content, start, order="F" if by_columns else "C")


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _npz(tables: Mapping[str, np.ndarray]) -> bytes:
    """An NPZ whose bytes depend on the tables alone: `np.savez` writes the clock."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as members:
        for name, table in tables.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(table), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            members.writestr(info, member.getvalue())
    return buffer.getvalue()
