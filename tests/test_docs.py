"""What exists is documented, or a test fails; and no file says where packages come from."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from riskprofile.cli import app
from riskprofile.errors import RiskProfileError
from riskprofile.intake import READERS
from riskprofile.intake.canonical import REASONS
from riskprofile.profiles import PROFILES
from riskprofile.scoring import artefact
from riskprofile.services.rights import ACTIONS, ROLES
from riskprofile.services.run import Summary
from riskprofile.services.settings import PREFIX, SECRETS, Settings
from riskprofile.tables import REJECTION_COLUMNS
from training.cli import app as training_app
from training.recipe import Recipe

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), *sorted(ROOT.glob("*.md"))]


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def every_page() -> str:
    return "\n".join(path.read_text("utf-8") for path in PAGES)


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for sub, below in command.commands.items():
        yield from commands(below, f"{name} {sub}")


def whole(program: Any) -> Any:
    """A command line with every command read."""
    group: Any = get_command(program)
    for name in group.listed:
        group.read(name)
    return group


ALL_COMMANDS = [
    *commands(whole(app), "riskprofile"),
    *commands(whole(training_app), "riskprofile-train"),
]


@pytest.mark.parametrize("name", [name for name, _ in ALL_COMMANDS])
def test_every_command_is_documented(name: str) -> None:
    assert re.search(rf"{name}(?![\w-])", every_page()), f"no page shows `{name}`"


@pytest.mark.parametrize("name", [name for name, _ in ALL_COMMANDS])
def test_every_command_answers_a_program_as_well_and_takes_no_password_in_sight(name: str) -> None:
    given = {flag for one in dict(ALL_COMMANDS)[name].params for flag in one.opts}
    assert "--json" in given
    assert "--password" not in given  # whoever lists the processes would read it


@pytest.mark.parametrize("name", [name for name, _ in ALL_COMMANDS])
def test_every_option_of_a_command_is_documented(name: str) -> None:
    shown = set(re.findall(r"--[a-z][\w-]*", every_page()))
    options = [one for one in dict(ALL_COMMANDS)[name].params if one.opts[0].startswith("--")]
    assert not [one.name for one in options if not shown & {*one.opts, *one.secondary_opts}]


def test_every_option_of_score_is_in_its_table() -> None:
    told = page("operator.md")
    score = dict(ALL_COMMANDS)["riskprofile score"]
    options = {flag for one in score.params for flag in one.opts if flag.startswith("--")}
    missing = sorted(flag for flag in options if f"`{flag}" not in told)
    assert not missing


def test_every_setting_is_documented_with_its_environment_name() -> None:
    told = page("administrator.md")
    for name in Settings.model_fields:
        assert f"| `{name}` |" in told, name
        if name != "basis":
            assert f"`{PREFIX}{name.upper()}`" in told, name
    for name in SECRETS:
        assert f"`{PREFIX}{name}`" in told, name


def test_every_exit_code_is_documented() -> None:
    told = page("operator.md")

    def below(kind: type[RiskProfileError]) -> Iterator[int]:
        yield kind.exit_code
        for sub in kind.__subclasses__():
            yield from below(sub)

    for code in sorted({0, 3, *below(RiskProfileError)}):
        assert f"| {code} |" in told, code
    assert "130, 143" in told


def test_every_role_and_action_is_in_the_table_of_rights() -> None:
    lines = page("administrator.md").splitlines()
    columns = [*ROLES, "owner"]
    for action, allowed in ACTIONS.items():
        cells = " | ".join("yes" if one in allowed else "" for one in columns)
        assert f"| `{action}` | {cells} |" in lines, action


@pytest.mark.parametrize("name", [reader.name for reader in READERS])
def test_every_reader_has_a_section(name: str) -> None:
    assert f"\n## `{name}`\n" in page("formats.md")


def test_every_column_that_a_mapping_table_fills_stands_in_the_section_of_its_reader() -> None:
    sections = {part.split("`", 1)[0]: part for part in re.split(r"\n## `", page("formats.md"))[1:]}
    columns = {name for profile in PROFILES.values() for name in profile.names}
    for reader in READERS:
        path = ROOT / "riskprofile" / "intake" / f"{reader.name}.py"
        if reader.profile == "auto":
            continue
        filled = {text for text in _strings(path) if text in columns and "_" in text}
        told = sections[reader.name]
        generic = {f"{party}_{part}" for party in ("consignor", "consignee") for part in PARTS}
        if "`consignor_*`" in told:
            filled -= generic
        assert not sorted(name for name in filled if f"`{name}`" not in told), reader.name


PARTS = ("id", "name", "address", "phone", "country")

# Words of the readers that have the form of a code and are none: names of formats, of
# keys in `extra`, of library options, and of undecided conventions.
_NO_CODES = """
    attribute_defaults commodity_code consignment_* country_first_destination ctn_segment
    customs_notes day_first document_expires dtd_validation earlier_declaration
    escape_formula huge_tree load_dtd month_first no_network previous_documents
    registration_date remove_comments remove_pis resolve_entities shift_forward
    supplementary_units transport_mode_code unit_load type_code unknown_segments write_canonical
    cargo_imp cargo_xml flight_date load_and_count manifest_text shipment_code total_pieces
    unit_loads
"""
NO_CODES = frozenset(_NO_CODES.split())
CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")


def _strings(path: Path) -> Iterator[str]:
    """Every string of a module; `*` stands for what a format string fills in."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [
                str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values
            ]
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


# Codes that a reader puts together: what each stands for.
_KINDS = ("declaration", "amendment", "cancellation", "notification")
_CONTROLS = ("unt", "une", "unz")
COMPOSED = {
    "*_without_goods": [f"{kind}_without_goods" for kind in _KINDS],
    "edifact_*_count": [f"edifact_{one}_count{end}" for one in _CONTROLS for end in ("", "_short")],
    "x12_*_count": [
        f"x12_{one}_count{end}" for one in ("se", "ge", "iea") for end in ("", "_short")
    ],
    "edifact_*_reference": [f"edifact_{one}_reference" for one in _CONTROLS],
}
# Codes of one word, or with an end put on: no form of text tells them apart.
PLAIN = [*_KINDS[1:], "edifact_cnt_count_short"]


def test_every_reason_and_warning_code_of_the_intake_is_documented() -> None:
    """Fails closed: a new string of that form is documented, or named above as no code."""
    told = page("operator.md") + page("formats.md")
    known = {name for profile in PROFILES.values() for name in profile.names}
    wanted = [*REASONS, *PLAIN]
    for path in sorted((ROOT / "riskprofile" / "intake").glob("*.py")):
        for text in _strings(path):
            if not CODE.fullmatch(text.replace("*", "x")) or text in known | NO_CODES:
                continue
            pattern = re.escape(text).replace(r"\*", "[a-z0-9]+")
            if not any(re.fullmatch(pattern, name) for name in known):
                wanted += COMPOSED.get(text, [text])
    assert not [code for code in dict.fromkeys(wanted) if f"`{code}`" not in told]


def test_every_indicator_is_documented_with_its_queue_and_lane() -> None:
    told = page("analyst.md")
    for profile in PROFILES.values():
        for one in profile.indicators:
            assert f"| `{one.key}` | {one.queue} | {one.raises} |" in told, one.key
            assert f"`{one.key}`" in page("typologies.md"), one.key


def test_the_files_that_programs_read_are_documented() -> None:
    told = page("operator.md")
    assert ", ".join(REJECTION_COLUMNS) in told
    summary = told.split("\n### The JSON summary\n")[1].split("\n## ")[0]
    fields = "\n".join(re.findall(r"^\| (`[^|]*) \|", summary, re.MULTILINE))
    for name in Summary.__dataclass_fields__:
        assert f"`{name}`" in fields, name
    for name in Recipe.__dataclass_fields__:
        assert f"`{name}`" in page("analyst.md"), name


def test_every_dependency_has_a_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    told = page("dependencies.md")
    extras = [one for many in project["optional-dependencies"].values() for one in many]
    for wanted in [*project["dependencies"], *extras]:
        name = re.split(r"[\[<>=]", wanted)[0]
        assert f"`{name}`" in told, name


def _anchor(heading: str) -> str:
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return plain.replace(" ", "-")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (path.parent / name) if name else path
        assert found.exists(), f"{path.name} names {target}, which is not there"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.MULTILINE)
            assert anchor in {_anchor(one) for one in headings}, target


def test_every_page_is_named_by_the_index() -> None:
    index = page("README.md")
    for path in DOCS.glob("*.md"):
        assert path.name == "README.md" or path.name in index, path.name


FOLDERS = {one.name: ROOT for one in ROOT.iterdir() if one.is_dir()}
ROOMS = {one.name: one.parent for one in (ROOT / "riskprofile").iterdir() if one.is_dir()}
NAMED = re.compile(r"((?:[\w.*-]+/)+[\w.*-]*)(?:: (\w+))?")  # `scoring/ranking.py: Ranking`


@pytest.mark.parametrize("path", [*PAGES, ROOT / "NOTICE"], ids=lambda path: path.name)
def test_every_file_that_a_document_names_is_there_and_holds_what_it_says(path: Path) -> None:
    text = path.read_text("utf-8")
    for said in re.findall(r"`([^`\n]+)`", text) + (
        [] if path.suffix else re.findall(r"\S+", text)
    ):
        found = NAMED.fullmatch(re.sub(r"<\w+>", "*", said.rstrip(".,")))
        folder = found and (FOLDERS | ROOMS).get(found[1].split("/")[0])
        if not found or not folder:
            continue
        files = list(folder.glob(found[1]))
        assert files, f"{path.name} names {said}, which is not there"
        if found[2]:
            defined = rf"^\s*(?:def|class) {found[2]}\b"
            assert re.search(defined, files[0].read_text("utf-8"), re.MULTILINE), said


def test_every_module_and_target_that_a_document_runs_is_there() -> None:
    told = every_page()
    for name in re.findall(r"python -m ((?:benchmarks|tests|training)(?:\.\w+)+)", told):
        path = ROOT / name.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), name
    made = re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for name in re.findall(r"(?:`|^ {4})make ([\w./-]+)", told, re.MULTILINE):
        assert name in made, name


def test_every_option_that_is_shown_with_a_command_is_one_of_it() -> None:
    known = dict(ALL_COMMANDS)
    for line in re.findall(r"riskprofile(?:-train)? [^`\n]+", every_page()):
        words = line.split()
        for name in (" ".join(words[:count]) for count in (4, 3, 2)):
            if name in known:
                options = {
                    flag for one in known[name].params for flag in [*one.opts, *one.secondary_opts]
                }
                shown = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", line)) - {"--help"}
                assert shown <= options, line


def test_every_module_of_what_a_run_and_people_do_has_its_place_in_the_rooms() -> None:
    told = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    rooms = told[told.index("Where to look") : told.index("## How a run works")]
    for part in ("history", "services"):
        for path in sorted((ROOT / "riskprofile" / part).glob("[a-z]*.py")):
            assert f"`{path.stem}`" in rooms, path.stem


def _committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("no git checkout: the list of committed files is not here")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_of_a_scorecard_that_ships_nothing_but_what_its_manifest_lists_is_committed() -> None:
    """An evaluation that was tried on it lies in its folder too, and is nobody's to read."""
    committed = _committed()
    manifests = [path for path in committed if path.name == "manifest.json"]
    assert manifests
    for path in manifests:
        listed = artefact.listed(path.read_bytes(), str(path))
        found = [one.name for one in committed if one.parent == path.parent]
        assert sorted(found) == sorted([path.name, *listed])


def test_the_readme_tells_recall_and_interval_as_the_card_of_what_ships() -> None:
    models = ROOT / "models" / "shipment"
    card = (models / (models / "CURRENT").read_text("utf-8").strip() / "card.md").read_text("utf-8")
    told = {
        share: re.search(rf"^\| {share} \| (\S+) \| (\S+ to \S+) \|", card, re.M)
        for share in ("1.0%", "5.0%")
    }
    (one, ends), (five, wide) = (found.groups() for found in told.values() if found)
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"| **the scorecard, in points** | {one} | {five} |" in readme
    assert f"95 % interval of the scorecard: {ends} at 1 %, {wide} at 5 %." in readme


def test_locks_hold_hashes_and_no_address() -> None:
    locks = sorted(ROOT.glob("*.lock"))
    assert locks
    for lock in locks:
        text = lock.read_text("utf-8")
        assert "--hash=sha256:" in text and "://" not in text, lock.name


def test_no_committed_file_says_where_packages_come_from() -> None:
    # Put together here, or this file would name them itself. `--no-emit-...` asks for silence.
    options = ["index" + "-url", "index" + "_url", "trusted" + "-host", "tool.uv." + "index"]
    named = re.compile("(?<!no-emit-)(?:" + "|".join(map(re.escape, options)) + ")")
    for path in _committed():
        if not path.is_file() or path.suffix in (".png", ".gz", ".npz", ".parquet", ".zip"):
            continue
        found = named.search(path.read_text("utf-8", errors="replace"))
        assert found is None, f"{path.relative_to(ROOT)} names {found and found[0]}"
