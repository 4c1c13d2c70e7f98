import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from just_walk_out.scale.events.blocks import BlockFilter
from just_walk_out.scale.events.quiet import QuietWatch

SPAN, SIZE, SPIKE = 4, 3, 0.15


def means_of(samples, blocks):
    """The means of the last four blocks at each new block, as the stage takes them; whether there was a spike."""
    made = BlockFilter(samples.shape[1], SIZE, SPIKE, SPAN - 1)
    # A neighbour ahead, which is only looked at for spikes.
    ahead = np.vstack((samples[:1], samples))
    made.add(ahead.ravel(), range(len(ahead)))
    values = made.make(blocks + SPAN - 1).values
    plain = samples[: len(values) * SIZE].reshape(len(values), SIZE, -1).mean(axis=1)
    return np.array([values[k : k + SPAN].mean(axis=0) for k in range(blocks)]), np.abs(plain - values).max() > 1e-6


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    plates=st.integers(1, 12),
    blocks=st.integers(1, 25),
    noise=st.sampled_from([0.0003, 0.001, 0.004, 0.02]),
    added=st.sampled_from([0.0, 0.002, 0.01, 0.05, -0.14, 0.2, -3.0, np.nan, np.inf, 3e38]),
)
def test_where_nothing_is_seen_there_is_neither_alarm_nor_spike_nor_a_missing_value(seed, plates, blocks, noise, added):
    rng = np.random.default_rng(seed)
    baselines, thresholds = rng.uniform(0.0, 20.0, plates), rng.uniform(0.0001, 0.05, plates)
    samples = baselines + rng.normal(0.0, noise, ((blocks + SPAN - 1) * SIZE + 1, plates))
    samples[rng.integers(len(samples)) :: rng.integers(1, 40), rng.integers(plates)] += added
    watch = QuietWatch(plates, SIZE, SPAN, SPIKE)
    watch.aim(baselines, thresholds)
    assert not watch.sees_nothing(samples, blocks), "nothing is known of so many blocks before it was aimed again"
    watch.aim(baselines, thresholds)
    if watch.sees_nothing(samples, blocks):
        assert np.isfinite(samples).all()
        means, spike = means_of(samples, blocks)
        assert not spike
        assert (np.abs(means - baselines) <= thresholds).all()
    elif np.isfinite(samples).all() and abs(added) <= 0.01:
        calm = means_of(samples, blocks)[0] - baselines
        assert (np.abs(calm) > 0.999 * thresholds).any() or np.abs(samples - baselines).max() > 0.49 * SPIKE


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 200), min_size=1, max_size=12),
    size=st.integers(1, 5),
    kept=st.integers(0, 4),
    waits=st.integers(1, 9),
)
def test_blocks_depend_on_the_samples_alone(sizes, size, kept, waits):
    rng = np.random.default_rng(5)
    samples = rng.normal(1.0, 0.1, (sum(sizes), 3))
    whole, parts = (BlockFilter(3, size, 0.15, kept) for _ in range(2))
    whole.add(samples.ravel(), range(len(samples)))
    values, firsts, lasts, at = [], [], [], 0
    for number, count in enumerate(sizes):
        parts.add(samples[at : at + count].ravel(), range(at, at + count))
        at += count
        if parts.ready and number % waits == 0:
            blocks = parts.make(1 + (parts.ready - 1) // 2)
            values += blocks.values.tolist()
            firsts += blocks.firsts
            lasts += blocks.lasts
            window = parts.window(0, parts.ready)
            if window is not None and len(firsts) >= kept:
                begin = lasts[-1] + 1 - kept * size
                assert np.array_equal(window, samples[begin : begin + len(window)])
    expected = whole.make(whole.ready) if whole.ready else None
    if values:
        assert values == expected.values[: len(values)].tolist()
        assert firsts == expected.firsts[: len(values)] and lasts == expected.lasts[: len(values)]
