"""How much of a video is looked at: plans of looks, and when a quick one is enough."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidkind.config import SamplingOptions
from vidkind.evaluation.quick_look import fit_quick_thresholds, quick_sequences
from vidkind.inference.effort import Look, plan_looks

WHOLE = SamplingOptions(skip_black=False)
THRESHOLDS = {"fast": 0.6, "normal": 0.8}


def _shape(looks):
    return [(look.sampling.num_frames, look.sampling.sampler, look.threshold) for look in looks]


def test_efforts_look_at_key_frames_first():
    assert _shape(plan_looks("full", WHOLE, THRESHOLDS)) == [(64, "exact", None)]
    assert _shape(plan_looks("normal", WHOLE, THRESHOLDS)) == [
        (6, "keyframe", 0.8),
        (64, "exact", None),
    ]
    assert _shape(plan_looks("fast", WHOLE, THRESHOLDS)) == [
        (6, "keyframe", 0.6),
        (24, "keyframe", None),
    ]
    assert _shape(plan_looks("fast", WHOLE, THRESHOLDS, quick_frames=8))[0] == (8, "keyframe", 0.6)
    assert not any(look.sampling.skip_black for look in plan_looks("fast", WHOLE, THRESHOLDS))


def test_no_quick_look_where_it_cannot_be_judged_or_saves_nothing():
    assert _shape(plan_looks("normal", WHOLE, {})) == [(64, "exact", None)]
    assert _shape(plan_looks("fast", WHOLE, {})) == [(24, "keyframe", None)]
    few = SamplingOptions(num_frames=6)
    assert _shape(plan_looks("normal", few, THRESHOLDS)) == [(6, "exact", None)]
    assert _shape(plan_looks("fast", few, THRESHOLDS)) == [(6, "keyframe", None)]


def test_an_answer_that_would_be_withheld_is_looked_at_again():
    quick, _ = plan_looks("normal", WHOLE, THRESHOLDS, least_trust=0.9)
    assert quick.threshold == 0.9
    assert plan_looks("normal", WHOLE, THRESHOLDS, least_trust=0.1)[0].threshold == 0.8


def test_trust_decides_whether_a_look_suffices():
    quick, whole = Look(sampling=WHOLE, threshold=0.5), Look(sampling=WHOLE)
    assert [quick.suffices(trust) for trust in (0.49, 0.5, None)] == [False, True, False]
    assert whole.suffices(None)


def test_a_quick_look_sees_the_middles_of_equal_stretches():
    features = np.arange(64, dtype=np.float32)[None, :, None].repeat(2, axis=0)
    few, steps = quick_sequences(features, np.array([64, 3], dtype=np.int32))
    assert few[0, :, 0].tolist() == [5, 16, 26, 37, 48, 58]
    assert few[1, :, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert steps.tolist() == [6, 6]


def test_thresholds_keep_changed_answers_rare():
    trust = np.linspace(1, 0, 101)
    same = np.ones(101, dtype=bool)
    same[[20, 40, 60, 80]] = False
    found = fit_quick_thresholds(trust, same, np.ones(101))
    # One change is 0.99 % of all, three are 2.97 %: the next one would be too many.
    assert found == {"normal": pytest.approx(0.61), "fast": pytest.approx(0.21)}


@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.9]), st.booleans()), min_size=1, max_size=30
    )
)
def test_at_most_the_allowed_share_changes_with_equal_trust_kept_together(videos):
    trust = np.array([each for each, _ in videos])
    same = np.array([each for _, each in videos])
    found = fit_quick_thresholds(trust, same, np.ones(len(videos)))
    for effort, share in (("fast", 0.03), ("normal", 0.01)):
        stands = trust >= found[effort]
        assert (stands & ~same).mean() <= share
        less = trust[trust < found[effort]]
        if len(less):  # one value further, too many answers would change
            assert ((trust >= less.max()) & ~same).mean() > share
