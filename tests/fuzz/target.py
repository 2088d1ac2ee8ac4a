"""One reader under atheris: `python -m tests.fuzz.target NAME [options of libFuzzer] CORPUS`."""

from __future__ import annotations

import io
import sys
import warnings

import atheris

with atheris.instrument_imports(include=["riskprofile.intake"]):
    from riskprofile.errors import InputError
    from riskprofile.intake import READERS, canonical
    from riskprofile.intake.columns import AUTO
    from riskprofile.intake.reader import Source
    from riskprofile.profiles import PROFILES


def main() -> None:
    """Fuzz the reader named until libFuzzer ends the process."""
    name = sys.argv.pop(1)
    (reader,) = [each for each in READERS if each.name == name]

    def one(data: bytes) -> None:
        source = Source("memory", None, len(data), lambda: io.BytesIO(data))
        reader.claims(data[:65_536], source.name)
        try:
            for raw in reader.read(source, AUTO if reader.profile == AUTO else reader.profile, 100):
                table, unsound = canonical.parse(raw, PROFILES[raw.profile], None)
                assert len(table) + len(unsound) == len(raw.rows)
        except InputError:
            return

    warnings.simplefilter("error")
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
