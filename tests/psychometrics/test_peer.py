"""An independent program on the same data: pairwise estimates by raschpy."""

import warnings

import numpy as np
import pandas as pd
import pytest

from pipelines.psychometrics import calibrate, counts_from_matrix

from .helpers import simulate, simulate_01

raschpy = pytest.importorskip("raschpy", reason="raschpy is not installed: no peer to compare with")


def centred(values):
    return np.asarray(values, float) - np.mean(values)


def test_rasch_difficulties_agree(rng):
    matrix = simulate_01(rng, rng.normal(0.3, 1.2, 30000), np.linspace(-2, 2, 20))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = raschpy.SLM(pd.DataFrame(matrix))
        peer.calibrate()
    ours = calibrate(counts_from_matrix(matrix))
    gap = centred(ours.difficulty) - centred(peer.items)
    assert np.abs(gap).max() < 0.03
    assert np.abs(gap).mean() < 0.3 * ours.difficulty_se.mean()


def test_partial_credit_steps_agree(rng):
    steps = [[d - 0.7, d + 0.1, d + 0.6] for d in np.linspace(-1.2, 1.2, 10)]
    matrix = simulate(rng, rng.normal(0, 1, 30000), steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = raschpy.PCM(pd.DataFrame(matrix))
        peer.calibrate()
    ours = calibrate(counts_from_matrix(matrix))
    thresholds = peer.thresholds_uncentred.to_numpy(float)
    assert np.abs(centred(ours.difficulty) - centred(peer.items)).max() < 0.04
    assert np.abs(centred(ours.steps) - centred(thresholds)).max() < 0.06
