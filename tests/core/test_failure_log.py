from __future__ import annotations

import pytest

from fashion_match import Failure, Reason, UsageError
from fashion_match.core.failure_log import FailureLog, read_failures


def failure(n: int) -> Failure:
    return Failure(item=f"i{n}", file=f"{n}.jpg", reason=Reason.TRUNCATED, detail="ends early")


def test_failures_come_back_as_they_went(tmp_path):
    file = tmp_path / "failures" / "x.jsonl"
    with FailureLog(file) as log:
        for n in range(3):
            log.add(failure(n))
        assert not file.exists(), "a report must not be half-written"
    assert list(read_failures(file)) == [failure(n) for n in range(3)]
    assert log.by_reason == {Reason.TRUNCATED: 3}
    assert [path.name for path in file.parent.iterdir()] == ["x.jsonl"]


def test_a_clean_run_removes_the_last_report_but_a_broken_off_one_keeps_it(tmp_path):
    file = tmp_path / "x.jsonl"
    with FailureLog(file) as log:
        log.add(failure(1))
    with pytest.raises(RuntimeError), FailureLog(file):
        raise RuntimeError
    assert list(read_failures(file)) == [failure(1)]
    with FailureLog(file):
        pass
    assert not file.exists()
    assert list(read_failures(file)) == []


def test_a_foreign_line_is_refused_with_its_number(tmp_path):
    file = tmp_path / "x.jsonl"
    file.write_text(failure(1).model_dump_json() + "\nnot json\n")
    with pytest.raises(UsageError, match="line 2"):
        list(read_failures(file))
