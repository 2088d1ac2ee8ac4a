"""Points on the scale of an office's own outcomes."""

from __future__ import annotations

import numpy as np
import pytest

from riskprofile.scoring.calibration import scale


@pytest.mark.parametrize("level", [-700, -200, 300])
def test_the_points_are_set_on_the_scale_of_the_cases_wherever_they_lie(level: int) -> None:
    """Finds expected by the line are those that there were, over all and towards high points."""
    random = np.random.default_rng(5)
    points = np.rint(random.normal(level, 120, 900))
    found = (random.random(900) < 1 / (1 + np.exp(1.5 - 0.6 * (points - level) / 100))) + 0.0
    intercept, slope = scale(points, found)
    gap = found - 1 / (1 + np.exp(-intercept - slope * points / 100))
    assert abs(gap.sum()) < 0.01
    assert (gap * points / 100).sum() == pytest.approx(slope - 1, abs=0.01)
    assert 0.4 < slope < 0.8
