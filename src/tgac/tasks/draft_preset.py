"""A preset's form: its values as fields that a person fills in, and back, in the units of the task editor."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from tgac.kit.web.forms import Filled
from tgac.tasks.config import EVERY_DAY, Preset
from tgac.tasks.draft_numbers import UNITS, decimal, seconds, whole
from tgac.tasks.draft_wait import IN_PRESET, wait_document, wait_ticks, wait_values

_EXPIRY: Final = "expire_after_s"
_NUMBERS: Final = (
    "per_channel_hour", "per_channel_day", "per_bot_hour", "per_bot_day", "pause_s", "ramp_up_days",
    "per_post", "per_post_together", "threads_per_bot",
)  # fmt: skip


def form_of(name: str, preset: Preset) -> Filled[Any]:
    """The form that shows a preset. No weekday ticked means all of them."""
    quiet = preset.quiet_hours
    low, high = preset.delay.min_s, preset.delay.max_s
    unit = next(key for key in ("h", "min", "s") if low % UNITS[key] == high % UNITS[key] == 0)
    values: dict[str, Any] = {key: getattr(preset, key) for key in _NUMBERS}
    values |= {"name": name, "delay.min_s": low // UNITS[unit], "delay.max_s": high // UNITS[unit], "delay_unit": unit}
    values |= {"quiet_hours.from": quiet.from_ if quiet else "", "quiet_hours.to": quiet.to if quiet else ""}
    values |= {_EXPIRY: f"{preset.expire_after_s / UNITS['min']:.10g}", "share": f"{preset.share * 100:.10g}"}
    shown = {key: "" if value is None else str(value) for key, value in values.items()}
    return Filled(values=shown | wait_values(preset.wait_for, IN_PRESET), ticks=frozenset(_ticks(preset)))


def _ticks(preset: Preset) -> Iterator[tuple[str, str]]:
    if len(preset.weekdays) < len(EVERY_DAY):
        yield from (("weekdays", str(one)) for one in preset.weekdays)
    if preset.typing:
        yield "typing", "true"
    yield from wait_ticks(preset.wait_for, IN_PRESET)


def values_of(typed: Mapping[str, str], ticks: Collection[tuple[str, str]]) -> dict[str, Any]:
    """What the form means; an empty field is the default. What is no number stays, to be refused."""
    values: dict[str, Any] = {key: whole(typed[key]) for key in _NUMBERS if typed.get(key, "").strip()}
    if expiry := typed.get(_EXPIRY, "").strip():
        values[_EXPIRY] = seconds(expiry, UNITS["min"])
    if percent := typed.get("share", "").strip():
        share = decimal(percent)
        values["share"] = round(share / 100, 12) if isinstance(share, float) else share
    unit = UNITS.get(typed.get("delay_unit", ""), UNITS["min"])
    values["delay"] = {key: seconds(typed.get(f"delay.{key}", ""), unit) for key in ("min_s", "max_s")}
    hours = {key: typed.get(f"quiet_hours.{key}", "").strip() for key in ("from", "to")}
    if any(hours.values()):
        values["quiet_hours"] = hours
    if days := sorted(value for key, value in ticks if key == "weekdays"):
        values["weekdays"] = [whole(one) for one in days]
    values["typing"] = ("typing", "true") in ticks
    return values | {name: wait for name, wait in wait_document(typed, ticks, IN_PRESET).items() if wait}
