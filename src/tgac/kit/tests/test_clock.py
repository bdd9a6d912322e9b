import asyncio
from datetime import UTC, timedelta

from tests.support.clock import ManualClock

from tgac.kit.clock import RealClock


async def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock()
    before = clock.now()
    assert clock.now() == before
    clock.advance(90)
    assert clock.now() - before == timedelta(seconds=90)
    assert clock.monotonic() == 90


async def test_sleepers_wake_in_the_order_of_their_time() -> None:
    clock, woken = ManualClock(), []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    sleeping = [asyncio.create_task(sleep(seconds)) for seconds in (3, 1, 2)]
    await asyncio.sleep(0)
    clock.advance(2.5)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert woken == [1, 2]
    clock.advance(1)
    await asyncio.gather(*sleeping)
    assert woken == [1, 2, 3]


async def test_a_sleeper_that_was_cancelled_disturbs_nobody() -> None:
    clock = ManualClock()
    gone = asyncio.create_task(clock.sleep(1))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    clock.advance(2)


def test_the_real_clock_tells_utc_and_never_goes_back() -> None:
    clock = RealClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


async def test_the_real_clock_does_not_sleep_less_than_nothing() -> None:
    await RealClock().sleep(-5)
