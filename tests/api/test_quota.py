"""The rate of one process: no second at the service holds more than its share; refusals slow it, and it recovers."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.quota import RequestRate, reserve_for_workers

JITTER_S = 0.05  # of the network: how much later than another request one may arrive
GAPS_S = st.lists(st.floats(0, 0.7), min_size=1, max_size=25)
LIMITS = st.one_of(st.integers(1, 30), st.floats(1, 30))


def sent(rate, arrivals):
    """When requests that come up at these times are sent, first come, first served."""
    times, now = [], 0.0
    for arrival in arrivals:
        now = max(now, arrival)
        waited = False
        while not rate.take(now, waited=waited):
            now, waited = math.nextafter(max(now, rate.next_at(now)), math.inf), True
        times.append(now)
    return times


def most_in_a_window(times, *, window_s=1.0):
    """The most that a service counts which forgets a request after exactly that long, as the emulator does."""
    times = sorted(times)
    return max(sum(start <= time < start + window_s for time in times) for start in times)


@settings(deadline=None)
@given(
    limit=LIMITS,
    reserved=st.floats(0, 0.5),
    processes=st.lists(st.tuples(st.floats(0, 1), GAPS_S), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
def test_no_second_at_the_service_holds_more_than_the_limit(limit, reserved, processes, seed):
    """Whatever the pattern of arrivals, the number of processes, the share left to others, and what the network does."""
    reserve, sharers, network = limit * reserved, len(processes), Random(seed)
    assume((limit - reserve) / sharers >= 1)
    arrived = []
    for offset, gaps in processes:
        times = sent(RequestRate(limit, sharers=sharers, reserve=reserve), accumulate(gaps, initial=offset))
        arrived += [time + network.choice((0, network.uniform(0, JITTER_S), JITTER_S)) for time in times]
    assert most_in_a_window(arrived) <= limit - reserve


@settings(deadline=None)
@given(limit=st.floats(0.02, 0.99), gaps=GAPS_S, seed=st.integers(0, 1000))
def test_a_limit_below_one_a_second_is_a_pause_between_requests(limit, gaps, seed):
    network = Random(seed)
    arrived = [time + network.uniform(0, JITTER_S) for time in sent(RequestRate(limit), accumulate(gaps))]
    assert most_in_a_window(arrived, window_s=1 / limit) == 1


@pytest.mark.parametrize(
    ("limit", "sharers", "reserve", "per_s"),
    [(5, 1, 0, 5), (5, 2, 0, 2), (5, 2, 1, 2), (5, 1, 1, 4), (2.5, 1, 0, 2), (0.5, 1, 0, 0.5), (1, 2, 0, 0.5), (10, 3, 2, 2)],
)
def test_a_share_is_a_whole_number_of_requests_sent_nearly_as_fast_as_allowed(limit, sharers, reserve, per_s):
    times = sent(RequestRate(limit, sharers=sharers, reserve=reserve), [0.0] * 50)
    assert 0.9 * per_s <= 49 / times[-1] < per_s


def test_requests_are_spaced_not_sent_in_bursts():
    times = sent(RequestRate(5), [0.0] * 10)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) > 0.2
    assert max(gaps) == pytest.approx(min(gaps))


def test_a_request_that_comes_alone_goes_at_once():
    assert sent(RequestRate(5), [0.0, 3.0, 9.0]) == [0.0, 3.0, 9.0]


@pytest.mark.parametrize(("max_qps", "reserve"), [(None, 0), (0.5, 0), (1.9, 0), (2, 1), (5, 1), (10, 2), (100, 20)])
def test_a_fifth_is_left_to_the_workers_at_least_one_request(max_qps, reserve):
    assert reserve_for_workers(max_qps) == reserve
    RequestRate(max_qps, reserve=reserve)


# Refusals


def test_a_refusal_halves_the_rate_which_is_back_within_a_minute():
    rate = RequestRate(5)
    full = rate.per_s(0)
    rate.rejected(now=100)
    assert rate.per_s(100) == full / 2
    assert full / 2 < rate.per_s(110) < rate.per_s(120) < full
    assert rate.per_s(160) == full


def test_the_refusals_of_one_round_trip_count_once():
    rate = RequestRate(50)
    full = rate.per_s(0)
    for refusal in range(40):
        rate.rejected(now=100 + refusal / 50)
    assert rate.per_s(100.8) == pytest.approx(full / 2, rel=0.1)


def test_refusals_that_go_on_slow_it_to_one_in_ten_seconds_and_no_further():
    rate = RequestRate(5)
    for second in range(100):
        rate.rejected(now=100 + second)
    assert 0.1 <= rate.per_s(199) < 0.25
    assert rate.per_s(199 + 60) == rate.per_s(math.inf)


def test_a_limit_slower_than_that_is_not_sped_up_by_a_refusal():
    rate = RequestRate(0.05)
    rate.rejected(now=100)
    assert rate.per_s(100) <= 0.05


@settings(deadline=None)
@given(refusals=st.lists(st.floats(0, 30), max_size=20), limit=LIMITS)
def test_whatever_is_refused_the_rate_never_exceeds_the_limit(refusals, limit):
    rate, now = RequestRate(limit), 0.0
    for gap in refusals:
        now += gap
        rate.rejected(now=now)
        assert 0 < rate.per_s(now) <= rate.per_s(now + 7) <= limit


# Without a known limit


def test_nothing_is_held_back_without_a_limit():
    assert sent(RequestRate(None), [1.0] * 1000) == [1.0] * 1000


def test_a_refusal_teaches_half_of_what_was_sent_in_the_last_second():
    rate = RequestRate(None)
    sent(rate, [0.0] * 500 + [10.0 + n / 21 for n in range(21)])
    rate.rejected(now=10.99)
    assert rate.per_s(10.99) == 10  # of the 20 that got through


def test_more_refusals_tell_better_how_little_got_through():
    rate = RequestRate(None)
    sent(rate, [10.0] * 1000)
    for _ in range(995):
        rate.rejected(now=10.2)
    assert rate.per_s(10.2) == 2.5


def test_what_was_learned_is_forgotten_when_the_rate_is_back_and_nobody_waits():
    rate = RequestRate(None)
    sent(rate, [10.0] * 10)
    rate.rejected(now=10.1)
    assert rate.take(11, waited=True)
    assert rate.per_s(11) < 5
    assert rate.take(70, waited=True)
    assert not math.isinf(rate.per_s(70))  # whoever has waited is not the last one
    assert rate.take(90)
    assert math.isinf(rate.per_s(90))


def test_every_request_refused_still_lets_one_through_now_and_then():
    rate = RequestRate(None)
    for second in range(60):
        rate.take(100 + second)
        rate.rejected(now=100 + second)
    assert 0.1 <= rate.per_s(159) <= 0.5


def test_a_request_that_was_not_sent_leaves_its_place_to_the_next_one():
    rate = RequestRate(5)
    assert rate.take(10)
    assert rate.take(10.3)
    rate.give_back(10.3)
    assert rate.next_at(10.3) == pytest.approx(10.22)
    assert rate.take(10.4)
    rate.give_back(10.3)  # too late: another one has gone since
    assert rate.next_at(10.4) == pytest.approx(10.62)


# Edited connections, mistakes


def test_an_edited_limit_counts_from_the_next_request_on():
    rate = RequestRate(5)
    rate.take(10)
    rate.set_limit(1)
    assert rate.next_at(10) == pytest.approx(11.1)
    rate.set_limit(None)
    assert rate.next_at(10) <= 10


def test_the_same_limit_again_does_not_forget_a_refusal():
    rate = RequestRate(5, sharers=2)
    rate.rejected(now=10)
    slowed = rate.per_s(10)
    rate.set_limit(5, sharers=2)
    assert rate.per_s(10) == slowed
    rate.set_limit(5, sharers=1)
    assert rate.per_s(10) > 2 * slowed


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"max_qps": 0}, "max_qps"),
        ({"max_qps": -1}, "max_qps"),
        ({"max_qps": math.nan}, "max_qps"),
        ({"max_qps": math.inf}, "max_qps"),
        ({"max_qps": "5"}, "max_qps"),
        ({"max_qps": True}, "max_qps"),
        ({"max_qps": 5, "sharers": 0}, "sharers"),
        ({"max_qps": 5, "sharers": 1.5}, "sharers"),
        ({"max_qps": 5, "sharers": True}, "sharers"),
        ({"max_qps": 5, "reserve": 5}, "reserve"),
        ({"max_qps": 5, "reserve": -1}, "reserve"),
        ({"max_qps": None, "reserve": math.nan}, "reserve"),
    ],
)
def test_a_limit_that_is_none_is_refused_by_name(arguments, named):
    with pytest.raises(InvalidRequestError, match=named):
        RequestRate(**arguments)
    with pytest.raises(InvalidRequestError, match=named):
        RequestRate(5).set_limit(**arguments)
