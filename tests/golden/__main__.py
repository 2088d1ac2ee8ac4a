"""Write the expected result anew: `python -m tests.golden`, then review the diff."""

from tests.golden.test_golden import EXPECTED, as_text, ranked

if __name__ == "__main__":
    EXPECTED.write_text(as_text(ranked()), encoding="utf-8")
