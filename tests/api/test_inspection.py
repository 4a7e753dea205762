"""Looks fall where the end is likely, and cost what the theory of optimal inspection says."""

from __future__ import annotations

import math
import statistics
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.api.inspection import Inspection, Seen

SIGHT = st.lists(
    st.builds(
        lambda low, width, weight: Seen(low, low + width, weight),
        st.floats(-12, 12),
        st.floats(1e-4, 3),
        st.floats(1e-3, 1),
    ),
    max_size=70,
)


def even(count=64):
    return [Seen(math.log(r), math.log(r + 0.005), 1.0) for r in (0.9 + 0.2 * i / count for i in range(count))]


def looks(inspection, *, step, until):
    places, r = [], 0.0
    while r < until:
        r = inspection.after(r, step)
        places.append(r)
    return places


@settings(deadline=None, max_examples=60)
@given(SIGHT, st.floats(0, 20), st.floats(1e-3, 5))
def test_the_next_look_is_always_ahead(seen, r, step):
    assert Inspection.of(seen).after(r, step) > r


@settings(deadline=None, max_examples=60)
@given(SIGHT)
def test_the_table_is_finite_and_in_order_whatever_was_seen(seen):
    inspection = Inspection.of(seen)
    assert all(map(math.isfinite, (*inspection.growth, inspection.looks, inspection.lateness, inspection.mean)))
    assert list(inspection.growth) == sorted(inspection.growth)
    assert inspection.early <= inspection.middle <= inspection.late


@settings(deadline=None, max_examples=60)
@given(st.floats(0.2, 5), st.floats(0.01, 1))
def test_two_steps_lead_as_far_as_one_of_both(r, step):
    inspection = Inspection.of(even())
    assert math.isclose(inspection.after(inspection.after(r, step), step), inspection.after(r, 2 * step), rel_tol=1e-6)


def test_most_looks_fall_where_the_jobs_end():
    places = looks(Inspection.of(even()), step=0.02, until=1.1)
    assert sum(0.85 <= place <= 1.15 for place in places) > len(places) / 2
    assert places[0] < 0.85, "a service that became faster is found, too"


def test_looks_and_delay_cost_what_the_theory_says():
    """Jobs spread evenly over ± 10 %: the product of looks and mean delay is ½ · (2/3)² · 0.2 at best; fixed looks cost ½."""
    inspection, rng = Inspection.of(even()), Random(1)
    step, counts, delays = 0.02, [], []
    for _ in range(400):
        end, r, count = rng.uniform(0.9, 1.1), inspection.after(0.0, step * rng.random()), 1
        while r < end:
            r, count = inspection.after(r, step), count + 1
        counts.append(count - 1)
        delays.append(r - end)
    product = statistics.fmean(counts) * statistics.fmean(delays)
    assert 0.044 < product < 0.09
    assert math.isclose(statistics.fmean(counts), inspection.looks / step, rel_tol=0.25)
    assert math.isclose(statistics.fmean(delays), inspection.lateness * step / 2, rel_tol=0.25)


def test_two_humps_leave_the_valley_between_them_alone():
    humps = [Seen(math.log(r * f), math.log(r * f + 0.004), 1.0) for r in (1.0, 2.0) for f in (0.95 + i / 200 for i in range(20))]
    places = looks(Inspection.of(humps), step=0.02, until=2.2)
    valley = sum(1.2 < place < 1.8 for place in places)
    assert valley < sum(1.9 < place < 2.1 for place in places) / 2


def test_beyond_the_table_it_has_nothing_to_say():
    assert Inspection.of(even()).after(100.0, 0.1) == math.inf


def test_two_jobs_that_agree_do_not_show_that_all_do():
    two = Inspection.of([Seen(-0.002, 0.002, 1.0)] * 2)
    many = Inspection.of([Seen(-0.002, 0.002, 1.0)] * 60)
    share = [one.after(0.85, 0.1) - 0.85 for one in (two, many)]
    assert share[0] < 0.1 < share[1], "few jobs: looks come early and around; many: only where the end is"
