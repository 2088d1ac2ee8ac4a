"""Puts into a wheel what a checkout holds beside its packages: scorecards, samples, lock.

Everything else of the build stands in pyproject.toml. An editable install reads the checkout.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BESIDE = ("models", "data/synthetic", "risks.yaml", "requirements.lock")
SHIPPED = "riskprofile/shipped"  # where `riskprofile.services.settings` looks for it first


class Build(build_py):
    """Packages as usual, and beside them what a checkout holds."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        shipped = Path(self.build_lib, SHIPPED)
        shutil.rmtree(shipped, ignore_errors=True)  # of an earlier build, with what was there then
        for name in BESIDE:
            source, target = Path(name), shipped / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copyfile(source, target)


setup(cmdclass={"build_py": Build})
