"""Errors are told in one line."""

from __future__ import annotations

import pytest

from vidkind.errors import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RuntimeError("\nno compiler\nlong trace"), "no compiler"),
        (OSError(2, "No such file"), "[Errno 2] No such file"),
        (EOFError(), "EOFError"),
    ],
)
def test_the_first_line_says_something(error: Exception, line: str) -> None:
    assert first_line(error) == line
