"""The fault and attack plan, line by line: how each is attacked here, and what is missing.

A line has an attack (a function that counts its attempts), tests, both, or neither; one
with neither says why, and is reported as missed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.trust import (
    content,
    counted,
    desk,
    engine,
    large,
    machine,
    measured,
    model,
    registry,
    service,
)
from tests.trust.told import Told

Attack = Callable[[int, Path], Told]


@dataclass(frozen=True)
class Line:
    """One line of the plan."""

    key: str
    what: str
    planned: int
    attack: Attack | None = None
    quick: int = 0  # attempts asked of the attack in the quick set; the full set asks `planned`
    tests: tuple[str, ...] = ()
    missing: str = ""  # what of the line is attacked by nothing here

    @property
    def as_planned(self) -> str:
        """The line as `docs/trust.md` has it."""
        said = f"{self.key:<4}{self.what:<58}{self.planned:>9,}{self.quick:>8,}  {self.missing}"
        return said.rstrip()


def _in(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/{file}::{name}" for name in names) or (f"tests/{file}",)


DATABASE, SERVER, IDENTITY = (
    "store/test_database.py",
    "app/test_server.py",
    ("services/test_identity.py"),
)

LINES: tuple[Line, ...] = (
    Line("A1", "kill -9 at random moments, resume", 600, machine.deaths, 12),
    Line("A2", "killed at every write and commit, in turn", 40, machine.every_step, 1),
    Line("A3", "disk full, every 64 KB", 64, machine.full_disks, 3),
    Line("A4", "database or folder read-only, missing, another's", 8, tests=_in(
        DATABASE, "test_a_file_that_is_no_database_is_named", "test_a_damaged_database_is_named",
        "test_a_missing_folder_and_a_folder_in_its_place_are_named",
        "test_a_database_that_may_not_be_written_is_named",
        "test_the_database_of_another_program_is_left_alone")),
    Line("A5", "database locked 1, 10 and 60 s", 150, engine.locks, 4, tests=_in(
        DATABASE, "test_a_locked_database_is_asked_again_and_then_named")),
    Line("A6", "scorecard altered, or trusted and malformed", 1_000, content.scorecards, 200,
        tests=("tests/scoring/test_artefact.py",)),
    Line("A7",
        "registry of scorecards altered",
        200,
        registry.altered,
        40,
        tests=("tests/store/test_artefacts.py", "tests/services/test_promotion.py"),
    ),
    Line(
        "A8", "officers claim at once, on each engine", 1_000, desk.claims, 100, tests=_in(
        "services/test_deciding.py",
        "test_of_officers_who_claim_at_once_one_wins_and_the_others_see_who",
        "test_processes_that_claim_the_same_alerts_share_them_without_overlap")),
    Line("A9", "officers at work, an act each 5 s", 50, service.shift, 10,
        missing="through browsers; memory of the page's server"),
    Line("A10", "rows rated while officers work", 100_000, service.shift_and_run, 2_000,
        missing="through browsers; rows a second, alone"),
    Line("A11", "the clock moved, forward and back", 12, engine.clocks, 12, tests=_in(
        "services/test_retention.py", "test_six_months_end_at_the_second",
        "test_a_crossing_is_there_a_second_before_and_gone_a_second_after")),
    Line("A12", "the same manifest again in seven guises", 700, content.repeats, 14,
        tests=("tests/services/test_versions.py", "tests/services/test_exactly_once.py")),
    Line("A13", "PostgreSQL restarted, cut, slow", 60, service.restarts, 2),
    Line("A14", "2 GB file in 1 GB of memory", 5, large.read_large, 2),
    Line("A15", "migration killed half-way, engines copied", 21, engine.half_way, 8, tests=_in(
        DATABASE, "test_a_migration_that_fails_leaves_the_database_as_it_was",
        "test_two_programs_may_open_an_empty_database_at_once")),
    Line("A16", "double click, two tabs, reload, back on a decision", 200, desk.again, 50, tests=(
        "tests/browser/test_again.py",
        *_in("services/test_deciding.py", "test_a_double_click_is_one_decision",
             "test_a_double_click_on_release_is_one_decision"))),
    Line("B1", "damaged files of every format", 100_000, machine.damaged, 3_000,
        tests=("tests/contracts/test_readers.py",)),
    Line("B2", "traps of tables", 60, tests=(
        "tests/intake/test_tabular.py", "tests/intake/test_conventions.py",
        "tests/intake/test_canonical.py")),
    Line("B3", "EDIFACT counts, cuts, separators", 200, tests=(
        "tests/intake/test_edifact.py", "tests/intake/test_paxlst.py",
        "tests/intake/test_cuscar.py", "tests/intake/test_pnrgov.py")),
    Line("B4", "entities, bombs, lures and depth in XML", 40, machine.hostile_xml, 40, tests=_in(
        "intake/test_sad.py", "test_hostile_xml_is_refused",
        "test_the_time_to_refuse_xml_grows_with_it_and_not_with_its_square")),
    Line("B5", "tricks of zip and gzip", 30, machine.hostile_archives, 30,
        tests=("tests/intake/test_archive.py",)),
    Line("B6", "names, links, pipes and growing files in an inbox", 40, tests=(
        *_in("intake/test_archive.py", "test_paths_that_are_no_regular_files_are_refused"),
        "tests/services/test_inbox.py", "tests/services/test_inbox_watcher.py")),
    Line("C1", "guessed passwords", 10_000, desk.sign_ins, 2_000, tests=_in(
        IDENTITY, "test_five_tries_is_five_tries_for_parallel_guesses_too",
        "test_a_stranger_cannot_lock_out_an_owner_with_a_second_factor",
        "test_every_refusal_says_the_same")),
    Line("C2", "stolen, old and ended sessions", 20, counted.sessions, 20, tests=(
        *_in(SERVER, "test_signing_out_ends_the_session_even_for_a_copied_cookie",
             "test_after_fifteen_idle_minutes_the_door_is_closed",
             "test_a_page_of_another_site_cannot_open_the_websocket_of_a_signed_in_officer",
             "test_a_form_sent_from_another_site_signs_nobody_in"),
        *_in(IDENTITY, "test_disabling_an_account_ends_its_sessions_at_once",
             "test_a_new_password_ends_the_sessions_of_the_old_one",
             "test_every_sign_in_gives_a_new_token",
             "test_a_token_that_was_never_given_is_nobody",
             "test_a_code_works_once",
             "test_a_session_ends_after_eight_hours_whatever_is_done"))),
    Line("C3", "roles by services, own and other office", 600, desk.rights, 600, tests=(
        "tests/services/test_rights.py",
        *_in(SERVER, "test_a_stranger_gets_nothing_from_the_page_server",
             "test_a_stranger_cannot_open_the_websocket",
             "test_what_no_page_needs_is_closed_to_everybody"))),
    Line("C4", "hostile text in every piece, export and log", 4_000, content.sinks, 1_000,
        tests=("tests/app/test_draw.py", *_in(
            "browser/test_pages.py",
            "test_nothing_is_fetched_elsewhere_and_nothing_declared_comes_to_life"),
            *_in("app/test_exporters.py", "test_whatever_is_typed_makes_no_tag_and_no_attribute",
                 "test_whatever_stands_in_a_file_makes_no_tag"))),
    Line("C5", "headers, cookies, foreign origin, frame", 15, tests=_in(
        SERVER, "test_every_answer_forbids_foreign_scripts_frames_and_sniffing",
        "test_a_page_of_another_site_cannot_open_the_websocket_of_a_signed_in_officer",
        "test_a_form_sent_from_another_site_signs_nobody_in",
        "test_a_stranger_cannot_open_the_websocket",
        "test_the_right_password_gives_a_cookie_that_no_script_and_no_other_site_can_use",
        "test_the_cookie_is_secure_over_tls", "test_another_host_name_is_not_served",
        "test_the_way_back_after_sign_in_stays_on_this_server")),
    Line("C6", "formulas in every column of an export", 100, content.formulas, 100, tests=_in(
        "intake/test_canonical_io.py",
        "test_a_cell_that_a_spreadsheet_would_run_is_written_so_that_it_shows_it")),
    Line("C7", "the audit edited, cut, swapped, replayed, made again", 1_000, desk.tampers, 300,
        tests=("tests/store/test_audit.py",)),
    Line("C8", "changes that cannot be audited", 10, tests=(
        "tests/services/test_audited.py",
        *_in("services/test_deciding.py",
             "test_a_change_that_cannot_be_audited_does_not_happen"),
        *_in("services/test_rights.py", "test_a_refusal_changes_nothing"),
        *_in("store/test_audit.py", "test_what_is_undone_leaves_no_link",
             "test_a_link_is_written_in_a_write_transaction_alone"))),
    Line("C9", "seeded secrets in database and log", 200, machine.secrets, 100),
    Line("C10", "10,000 rows that probe the scorecard", 1, desk.probes, 1,
        tests=("tests/services/test_probing.py", *_in(
            "services/test_checking.py", "test_checking_loads_nothing_that_rates",
            "test_no_answer_depends_on_what_the_table_knows_of_arms",
            "test_arms_disguised_or_plain_are_answered_as_an_unknown_word_is"))),
    Line("C11", "locked hashes, no address, no network", 4, tests=(
        "tests/services/test_materials.py",
        *_in("test_docs.py", "test_locks_hold_hashes_and_no_address",
             "test_no_committed_file_says_where_packages_come_from",
             "test_every_dependency_has_a_line")),
        missing="advisories are not looked up: that needs a network"),
    Line("C12", "300 records opened outside one's lane", 1,
        tests=("tests/services/test_looking.py",)),
    Line("D1", "arms in disguise, misspelt, translated", 5_000, machine.disguises, 500),
    Line("D2", "lawful lines in other scripts", 10_000, counted.scripts, 1_000, tests=(
        "tests/reference/test_text.py",), missing="the lines are the tests' own, not real ones"),
    Line("D3", "HS swapped, loads split", 2_000, model.swaps, 200,
        tests=("tests/indicators/test_links.py",)),
    Line("D4", "greedy edits of a declaration", 500, model.edits, 20),
    Line("D5", "labels flipped", 50, measured.labels, 5, tests=_in(
        "services/test_outcomes.py",
        "test_only_a_second_person_makes_a_label_and_only_trafficking_is_positive")),
    Line("D6", "only inspected rows get labels", 10, measured.share, 5, tests=_in(
        "scoring/test_ranking.py",
        "test_the_random_share_is_drawn_from_what_the_list_passes_over_and_logged")),
    Line("D7", "named drifts", 240, measured.drifts, 40, tests=(
        "tests/scoring/test_drift.py", "tests/services/test_drift.py")),
    Line("D8", "alone, in chunks, workers, order, engines: the same bits", 16, tests=(
        *_in("services/test_configurations.py", "test_the_way_of_rating_changes_no_bit"),
        *_in("services/test_screen.py", "test_postgresql_gives_the_same_list_and_the_same_account",
             "test_every_stored_score_is_replayed_from_the_log"),
        *_in("scoring/test_scorecard.py",
             "test_points_are_the_same_alone_shuffled_and_in_parts"),
        *_in("contracts/test_features.py",
             "test_any_split_into_chunks_gives_the_same_column"))),
    Line("D9", "protected columns changed, parties and places renamed", 256, counted.protected, 20,
        tests=("tests/services/test_invariance.py",)),
    Line("D10", "missing, unseen and extreme values", 1_000, counted.values, 60, tests=_in(
        "contracts/test_features.py",
        "test_a_table_of_missing_values_and_an_empty_history_are_survived",
        "test_it_returns_finite_float64_on_the_same_index_and_changes_nothing")),
    Line("M1", "random acts on an alert beside a model: nothing forbidden", 50_000, desk.states,
        1_000),
    Line("M2", "names past their time, in any byte", 500, counted.names, 500, tests=_in(
        "services/test_retention.py",
        "test_no_seeded_name_is_left_in_any_byte_once_its_time_is_over",
        "test_what_was_written_beside_a_record_goes_with_it",
        "test_no_seeded_name_is_left_in_a_row_of_postgresql")),
    Line("M3",
        "health, belief and card numbers on disk",
        1_000,
        counted.seeds,
        100,
        tests=(
            "tests/intake/test_sensitive.py",
            *_in(
                "intake/test_paxlst.py",
                "test_meals_health_disability_and_card_numbers_are_never_emitted",
            ),
        ),
    ),
    Line(
        "M4", "100,000 audit records checked in two seconds", 1, desk.checked, 1, tests=_in(
        "store/test_audit.py",
        "test_the_time_to_check_the_chain_grows_with_it_and_not_with_its_square")),
    Line("M5", "backup, wipe, restore: equal", 1, service.restored, 1),
)  # fmt: skip
BY_KEY = {line.key: line for line in LINES}
