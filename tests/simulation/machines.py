"""What befalls machines: Telegram, the network, clocks, the database, and the processes themselves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from tests.simulation.stage import Stage
from tgsandbox.faults import Fault, read_fault


@dataclass
class Machines:
    """`later` has something happen after so many seconds; `trouble` is how often processes die."""

    stage: Stage
    later: Callable[[float, Callable[[], Awaitable[None]]], None]
    trouble: float
    clock_set: list[datetime] = field(default_factory=list)
    """When our clock was set wrong, and right again."""

    async def storm(self) -> None:
        self._fault(kind="flood", probability=0.5, value=self.stage.dice.choice((3, 30, 300)))

    async def cut_answers(self) -> None:
        self._fault(kind=self.stage.dice.choice(("drop_after", "bad_json")), method="sendMessage", probability=0.3)

    async def bad_gateway(self) -> None:
        self._fault(kind="http", probability=0.3, value=self.stage.dice.choice((500, 502, 504)))

    async def doubled_updates(self) -> None:
        self._fault(kind="duplicate_update", probability=0.5)

    def _fault(self, **order: object) -> None:
        fault: Fault = read_fault(order | {"seed": self.stage.dice.randrange(10**6)})
        self.stage.endpoint.faults.add(fault)
        self.later(self.stage.dice.uniform(300, 7200), lambda: self._mend(fault))

    async def _mend(self, fault: Fault) -> None:
        fault.left = 0

    async def no_network(self) -> None:
        self.stage.ground.network.unreachable = 0.5
        self.later(self.stage.dice.uniform(30, 1800), self._network)

    async def _network(self) -> None:
        self.stage.ground.network.unreachable = 0.0

    async def deadly_hour(self) -> None:
        self.set_danger(0.3)
        self.later(3600, self._safe_again)

    async def _safe_again(self) -> None:
        self.set_danger(0.02 * self.trouble)

    def set_danger(self, share: float) -> None:
        """So many looks of a process, and so many comments that leave, are its last."""
        self.stage.deadly, self.stage.ground.network.deadly = share, min(2 * share, 0.5)

    async def database_restarts(self) -> None:
        dice = self.stage.dice
        self.stage.ground.machine.restarts_in(dice.randrange(1, 60), away_for=dice.randrange(1, 20))

    async def wrong_clock(self) -> None:
        self.clock_set.append(self.stage.clock.now())
        self.stage.ours.skew_s = self.stage.dice.choice((-40.0, -5.0, 20.0))
        self.later(self.stage.dice.uniform(60, 3600), self._right_clock)

    async def _right_clock(self) -> None:
        self.clock_set.append(self.stage.clock.now())
        self.stage.ours.skew_s = 0.0

    async def other_updates_order(self) -> None:
        """What waits for a bot comes in another order; who may be where is told in the order in which it happened."""
        bot = self.stage.world.bots[self.stage.dice.choice(list(self.stage.bots))]
        told = [entry for entry in bot.pending if not entry.body.keys() & {"my_chat_member", "chat_member"}]
        bodies = [{key: value for key, value in entry.body.items() if key != "update_id"} for entry in told]
        self.stage.dice.shuffle(bodies)
        for entry, body in zip(told, bodies, strict=True):
            entry.body = {"update_id": entry.id, **body}

    async def other_order(self) -> None:
        settings = self.stage.world.settings
        settings.forward_first = not settings.forward_first
