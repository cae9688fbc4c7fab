from __future__ import annotations

from lightning_synthaug.cli.checks.finding import count, fail, ok, render_table, to_json, warn

FINDINGS = [
    ok("a", "fine"),
    warn("bcd", "slow", repair="Speed up."),
    fail("e", "broken", repair="Mend."),
]


def test_repairs_stand_below_their_finding_in_the_detail_column() -> None:
    assert render_table(FINDINGS).splitlines() == [
        "OK    a    fine",
        "WARN  bcd  slow",
        "           -> Speed up.",
        "FAIL  e    broken",
        "           -> Mend.",
        "1 OK, 1 WARN, 1 FAIL",
    ]


def test_json_form_is_plain_values() -> None:
    described = to_json(FINDINGS)
    assert described["counts"] == count(FINDINGS) == {"OK": 1, "WARN": 1, "FAIL": 1}
    assert described["findings"][2] == {  # type: ignore[index]
        "subject": "e",
        "status": "FAIL",
        "detail": "broken",
        "repair": "Mend.",
    }


def test_nothing_to_show_is_still_a_table() -> None:
    assert render_table([]) == "0 OK, 0 WARN, 0 FAIL"
