"""Erlang's formulas: against published values, against the chain behind them, against chance."""

import math
import random
from fractions import Fraction

import pytest

from lessonkit.errors import BadSetting
from lessonkit.queueing import (
    chance_band,
    erlang_c,
    least_slots,
    mean_wait_s,
    wait_exceeds,
    wait_percentile_s,
    waits_s,
)


def stationary_share_waiting(slots, load, states=4000):
    """Brute force: the M/M/c queue as a birth-death chain, every state of it weighed exactly."""
    weights = [Fraction(1)]
    for number in range(1, states):
        weights.append(weights[-1] * load / min(number, slots))
        if number > slots and weights[-1] < Fraction(1, 10**18):
            break
    return float(sum(weights[slots:]) / sum(weights))


@pytest.mark.parametrize(
    ("slots", "load", "share"),
    [
        (1, 0.8, 0.8),  # M/M/1: who arrives waits when the one slot is taken
        (2, 1.0, 1 / 3),  # Allen (1990), the two-server queue: 2ρ² / (1 + ρ)
        (2, 1.6, 2 * 0.8**2 / 1.8),
        (55, 48.0, 0.239),  # the worked example at mitan.co.uk/erlang/elgcmath.htm
    ],
)
def test_erlang_c_is_as_published(slots, load, share):
    assert erlang_c(slots, load) == pytest.approx(share, abs=5e-4)


@pytest.mark.parametrize(("slots", "load"), [(1, "1/2"), (3, "12/5"), (5, "18/5"), (12, "10")])
def test_erlang_c_is_what_the_chain_of_states_gives(slots, load):
    exact = stationary_share_waiting(slots, Fraction(load))
    assert erlang_c(slots, float(Fraction(load))) == pytest.approx(exact, rel=1e-9)


def test_a_thousand_slots_overflow_nothing():
    assert 0 < erlang_c(1000, 950.0) < 0.1


def test_the_formulas_give_what_a_long_run_of_the_model_does():
    chance = random.Random(1)
    arrivals_s, now_s = [], 0.0
    for _ in range(200_000):
        now_s += chance.expovariate(60)
        arrivals_s.append(now_s)
    services_s = [chance.expovariate(25) for _ in arrivals_s]
    waits = waits_s(arrivals_s, services_s, 4)
    mean_s = math.fsum(waits) / len(waits)
    assert mean_s == pytest.approx(mean_wait_s(4, 60, 0.04), rel=0.05)
    over = sum(wait_s > 0.02 for wait_s in waits) / len(waits)
    assert over == pytest.approx(wait_exceeds(4, 60, 0.04, 0.02), rel=0.05)
    p95_s = sorted(waits)[int(0.95 * len(waits))]
    assert p95_s == pytest.approx(wait_percentile_s(4, 60, 0.04, 95), rel=0.05)


def test_the_percentile_and_the_share_that_exceeds_it_belong_together():
    p95_s = wait_percentile_s(3, 60, 0.04, 95)
    assert wait_exceeds(3, 60, 0.04, p95_s) == pytest.approx(0.05)
    assert wait_percentile_s(20, 60, 0.04, 50) == 0, "most of them do not wait at all"


@pytest.mark.parametrize("slots", [1, 2])
def test_a_load_that_the_slots_cannot_carry_has_no_steady_state(slots):
    assert erlang_c(slots, 2.0) == 1
    assert mean_wait_s(slots, 50, 0.04) == math.inf
    assert wait_percentile_s(slots, 50, 0.04, 95) == math.inf
    assert wait_exceeds(slots, 50, 0.04, 1e6) == 1


def test_fixed_times_make_for_half_the_wait_of_a_single_slot():
    """Pollaczek and Khinchine: an M/D/1 queue waits half as long as an M/M/1 queue."""
    chance = random.Random(2)
    arrivals_s, now_s = [], 0.0
    for _ in range(200_000):
        now_s += chance.expovariate(15)
        arrivals_s.append(now_s)
    waits = waits_s(arrivals_s, [0.04] * len(arrivals_s), 1)
    half_s = mean_wait_s(1, 15, 0.04) / 2
    assert math.fsum(waits) / len(waits) == pytest.approx(half_s, rel=0.05)


def test_who_comes_first_is_served_first_by_the_slot_that_frees_first():
    assert waits_s([0, 1, 2, 3], [10, 2, 5, 1], 2) == [0, 0, 1, 5]


def test_the_least_slots_for_a_target():
    least = least_slots(60, 0.04, 0.02)
    assert least == 4
    assert mean_wait_s(least, 60, 0.04) <= 0.02 < mean_wait_s(least - 1, 60, 0.04)
    with pytest.raises(BadSetting, match="a time above 0 s"):
        least_slots(60, 0.04, 0)


@pytest.mark.parametrize("slots", [3, 4])
def test_the_band_holds_nineteen_of_twenty_runs(slots):
    band = chance_band(slots, 60, 0.04, 300)
    chance = random.Random(99)
    within, runs = 0, 300
    for _ in range(runs):
        arrivals_s, now_s = [], 0.0
        for _ in range(300):
            now_s += chance.expovariate(60)
            arrivals_s.append(now_s)
        waits = waits_s(arrivals_s, [chance.expovariate(25) for _ in arrivals_s], slots)
        within += math.fsum(waits) / 300 in band
    assert 0.91 <= within / runs <= 0.99
    assert band.low_s < mean_wait_s(slots, 60, 0.04) < band.high_s


def test_batch_means_of_one_short_run_would_promise_too_much():
    """Why `chance_band` draws whole runs: ten batches of one run hold the mean far too rarely."""
    chance, true_s, within, runs = random.Random(7), mean_wait_s(3, 60, 0.04), 0, 200
    for _ in range(runs):
        arrivals_s, now_s = [], 0.0
        for _ in range(300):
            now_s += chance.expovariate(60)
            arrivals_s.append(now_s)
        waits = waits_s(arrivals_s, [chance.expovariate(25) for _ in arrivals_s], 3)
        means = [math.fsum(waits[n : n + 30]) / 30 for n in range(0, 300, 30)]
        mean_s = math.fsum(means) / 10
        spread_s = math.sqrt(math.fsum((each - mean_s) ** 2 for each in means) / 9)
        half_s = 2.262 * spread_s / math.sqrt(10)  # Student's t with 9 degrees of freedom
        within += abs(mean_s - true_s) <= half_s
    assert within / runs < 0.8, "of 0.95 that are promised"
