"""What happens in a simulated month: posts, readers, moderators, owners, faults, and deaths. All from one seed."""

import heapq
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from tests.simulation.deeds import Deeds
from tests.simulation.machines import Machines
from tests.simulation.orders import EVERY
from tests.simulation.stage import Place, Stage
from tests.simulation.watch import Watch, Where
from tgac.bots.models import Bot, BotStatus
from tgac.bots.service import pause_bot, resume_bot
from tgac.kit.errors import Conflict
from tgac.kit.tenancy import EVERYONE
from tgac.people.projects import pause_project, resume_project, stop_project
from tgac.tasks.service import toggle_task
from tgsandbox import messages, posts
from tgsandbox.members import set_member
from tgsandbox.messages import Draft, text_content
from tgsandbox.model import Bot as TelegramBot
from tgsandbox.model import Stored

type Event = Callable[[], Awaitable[None]]
DAY_S = 86_400.0
KEYBOARD = {"inline_keyboard": [[{"text": "Shop", "url": "https://shop.example.org/"}]]}


@dataclass
class Published:
    """A post as Telegram has it. `root` is where comments stand; None under a keyboard."""

    place: Place
    at: datetime
    post: Stored
    root: Stored | None
    ears: list[Bot]
    """Bots that have had a seat in the open channel at every look since then, and have not yet taken it in."""
    must_be_seen: bool = False
    """Whether one of them has taken it in: an update is not heard where the seat is not active at that moment."""


@dataclass
class Month:
    """The events of a simulation in the order of their time."""

    stage: Stage
    days: float
    posts_a_day: float
    trouble: float = 1.0
    published: list[Published] = field(default_factory=list)
    watch: Watch = field(init=False)
    deeds: Deeds = field(init=False)
    machines: Machines = field(init=False)
    questions: dict[Where, datetime] = field(default_factory=dict)
    """Since when a reader's message has been a question."""
    _events: list[tuple[datetime, int, Event]] = field(default_factory=list)
    _untold: list[Published] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.watch = Watch(self.stage)
        self.deeds = Deeds(self.stage, self.watch)
        self.machines = Machines(self.stage, self._later, self.trouble)

    async def run(self) -> None:
        """Live through it, then through two quiet days, so that everything can come to its end."""
        stage = self.stage
        self.machines.set_danger(0.02 * self.trouble)
        end = stage.clock.now() + timedelta(days=self.days)
        self._fill(end)
        await self._until(end)
        self._calm()
        await self._until(end + timedelta(days=2))

    async def _until(self, end: datetime) -> None:
        stage = self.stage
        while True:
            due = await stage.next_due()
            moments = [*([due] if due else []), *([self._events[0][0]] if self._events else [])]
            if not moments or min(moments) > end:
                stage.clock.to(end)
                return
            # A real worker is not there in the very moment: several things may be due when it looks.
            stage.clock.to(min(moments) + timedelta(seconds=stage.dice.choice((0.0, 0.0, 0.3, 5.0, 30.0))))
            await self._happen()
            await self._see_who_hears()
            await stage.tick()
            await self.watch.look()

    async def _happen(self) -> None:
        while self._events and self._events[0][0] <= self.stage.clock.now():
            _at, _number, event = heapq.heappop(self._events)
            await event()

    def _later(self, seconds: float, event: Event) -> None:
        at = self.stage.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._events, (at, next(self._numbers), event))

    # --- what is foreseen

    def _fill(self, end: datetime) -> None:
        dice, span = self.stage.dice, (end - self.stage.clock.now()).total_seconds()
        for hour in range(int(span // 3600)):
            self._later(3600.0 * hour, lambda hour=hour: self.stage.enqueue_periodic(hour))  # type: ignore[misc]
        for place in self.stage.places:
            for _ in range(self._times(self.posts_a_day * self.days)):
                self._later(dice.uniform(0, span), lambda place=place: self._publish(place))  # type: ignore[misc]
        for event, a_day in self._troubles():
            for _ in range(self._times(a_day * self.days * self.trouble)):
                self._later(dice.uniform(0, span), event)

    def _troubles(self) -> list[tuple[Event, float]]:
        """Each with how often it happens in a day."""
        machines = self.machines
        return [
            (machines.storm, 0.5),
            (machines.cut_answers, 1.0),
            (machines.bad_gateway, 0.5),
            (machines.no_network, 0.5),
            (machines.doubled_updates, 0.5),
            (machines.deadly_hour, 1.0),
            (self._demote_owner, 0.3),
            (self._put_bot_out, 0.5),
            (self._stop_project, 0.2),
            (self._pause_project, 0.2),
            (self._pause_task, 0.3),
            (self._pause_bot, 0.3),
            (self._resume_bots, 4.0),
            (machines.wrong_clock, 0.2),
            (machines.other_order, 1.0),
            (machines.other_updates_order, 2.0),
            (self._stop_everything, 0.1),
            (self._recall, 0.3),
            (lambda: self.deeds.take_back(self._somewhere()), 0.5),
            (lambda: self.deeds.settle_unknown(self._somewhere()), 1.0),
            (machines.database_restarts, 1.0),
        ]

    def _times(self, expected: float) -> int:
        whole = int(expected)
        return whole + (self.stage.dice.random() < expected - whole)

    def _calm(self) -> None:
        """Nothing more goes wrong."""
        self.stage.endpoint.faults.clear()
        self.stage.ground.network.unreachable = 0.0
        self.machines.trouble = 0.0
        self.machines.set_danger(0.0)
        self.stage.ours.skew_s = 0.0

    # --- in the channels

    async def _publish(self, place: Place) -> None:
        dice, world = self.stage.dice, self.stage.world
        kind = dice.choices(("plain", "album", "keyboard", "repost"), weights=(80, 8, 4, 8))[0]
        text = text_content(
            dice.choice(("News of the day", "A sale in town", "Weather: rain")) + f" {next(self._numbers)}"
        )
        drafts = [Draft(text)]
        if kind == "album":
            photo = {"photo": [{"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}]}
            drafts = [Draft(photo | {"caption": text["text"]}), Draft(photo)]
        elif kind == "keyboard":
            drafts = [Draft(text | {"reply_markup": KEYBOARD})]
        elif kind == "repost":
            origin = {"type": "hidden_user", "sender_user_name": "Ivan", "date": world.now() - 60}
            drafts = [Draft(text | {"forward_origin": origin})]
        sent, copies = posts.publish(world, place.channel, place.owner.id, drafts)
        # Who has yet to hear of a change in the place may lose its seat before it comes to the post, and have it again.
        ears = [] if self.stage.is_changing(place) else list(place.bots)
        post = Published(place, self.stage.clock.now(), sent[0], copies[0] if copies else None, ears)
        self.published.append(post)
        self._untold.append(post)
        self._aftermath(post)

    async def _see_who_hears(self) -> None:
        """Between two ticks nobody is at work: what holds now has held since the workers' last look, and does until
        an update that comes after the post says otherwise."""
        for post in self._untold:
            waiting = [bot for bot in post.ears if self.stage.is_told_of(bot, post.post)]
            post.must_be_seen = len(waiting) < len(post.ears)
            post.ears = waiting
        self._untold = [post for post in self._untold if post.ears and not post.must_be_seen]
        if not self._untold:
            return
        seated = await self.stage.seated({post.place.row_id for post in self._untold})
        for post in self._untold:
            post.ears = [bot for bot in post.ears if (post.place.row_id, bot.id) in seated]

    def _aftermath(self, post: Published) -> None:
        dice = self.stage.dice
        if dice.random() < 0.1:
            self._later(dice.uniform(1, 7200), lambda: self._edit(post))
        if dice.random() < 0.03:
            self._later(dice.uniform(1, 900), lambda: self._delete(post))
        if dice.random() < 0.10 and post.root:
            self._later(dice.uniform(5, 7200), lambda: self._read(post))
        if dice.random() < 0.4 and post.root:
            for _ in range(dice.randrange(1, 6)):
                self._later(dice.expovariate(1 / 600), lambda: self._read(post))
        if dice.random() < 0.03 and post.root:
            self._later(dice.uniform(300, 9000), lambda: self._moderate(post))
        if dice.random() < 0.3:
            self._later(dice.uniform(30, 6000), lambda: self.deeds.review(post.place))

    async def _edit(self, post: Published) -> None:
        if not post.post.deleted:
            messages.edit(self.stage.world, post.post, messages.retext(post.post, f"Corrected {next(self._numbers)}"))

    async def _delete(self, post: Published) -> None:
        if not post.post.deleted:
            messages.delete(self.stage.world, post.post)

    async def _read(self, post: Published) -> None:
        """A reader answers under the post."""
        assert post.root is not None
        if not post.root.deleted:
            reader, words = self.stage.world.add_person("Vera"), self.stage.dice.choice(("Really?", "I see", "Well"))
            said = messages.add_message(
                self.stage.world, post.place.group, reader.id, text_content(words), reply_to=post.root
            )
            self._note_question(said)
            if self.stage.dice.random() < 0.15:
                self._later(self.stage.dice.uniform(5, 600), lambda: self._reword(said))

    async def _reword(self, said: Stored) -> None:
        """A reader edits what they have written: it becomes a question, or is none any more."""
        if not said.deleted:
            words = self.stage.dice.choice(("I mean: why?", "Forget it"))
            messages.edit(self.stage.world, said, messages.retext(said, words))
            self._note_question(said)

    def _note_question(self, said: Stored) -> None:
        if "?" in said.body["text"]:
            self.questions.setdefault((said.chat.id, said.id), self.stage.clock.now())

    async def _moderate(self, post: Published) -> None:
        """A moderator takes away what bots have written there."""
        for stored in list(post.place.group.messages.values()):
            if stored.reply_to is post.root and stored.author in self.stage.bots and not stored.deleted:
                messages.delete(self.stage.world, stored)

    # --- people

    async def _demote_owner(self) -> None:
        place = self.stage.dice.choice(self.stage.places)
        if place.row_id in self.watch.shut:
            return
        self.watch.shuts(place)
        owner = place.channel.members[place.owner.id]
        kept, owner.status = owner.status, "member"
        bots = [self.stage.world.bots[bot.telegram_id] for bot in place.bots]
        self._tell_of_owner(place, bots, was="creator", now="member")
        self._later(self.stage.dice.uniform(600, 20_000), lambda: self._reinstate_owner(place, kept))

    async def _reinstate_owner(self, place: Place, status: str) -> None:
        place.channel.members[place.owner.id].status = status
        bots = [self.stage.world.bots[bot.telegram_id] for bot in place.bots]
        self._tell_of_owner(place, bots, was="member", now="creator")
        self.watch.opens(place)

    def _tell_of_owner(self, place: Place, bots: Sequence[TelegramBot], *, was: str, now: str) -> None:
        world = self.stage.world
        user = world.user(place.owner.id)
        shown = {
            "creator": {"user": user, "status": "creator", "is_anonymous": False},
            "member": {"user": user, "status": "member"},
        }
        change = {"old_chat_member": shown[was], "new_chat_member": shown[now]}
        payload = {"chat": place.channel.brief, "from": user, "date": world.now(), **change}
        world.announce("chat_member", payload, bots)

    async def _put_bot_out(self) -> None:
        """One bot of a place is put out of the group, both of them sometimes."""
        stage = self.stage
        place = stage.dice.choice(stage.places)
        if place.row_id in self.watch.shut:
            return
        leaving = list(place.bots) if stage.dice.random() < 0.5 else [stage.dice.choice(place.bots)]
        shuts = len(leaving) == len(place.bots)
        if shuts:
            self.watch.shuts(place)
        for bot in leaving:
            owner = place.owner.id
            set_member(stage.world, place.group, bot.telegram_id, status="kicked", rights={}, actor_id=owner)
        self._later(stage.dice.uniform(600, 20_000), lambda: self._let_in(place, leaving, opens=shuts))

    async def _let_in(self, place: Place, bots: Sequence[Bot], *, opens: bool) -> None:
        """Where only one had been put out the place stood open: what has shut it meanwhile still does."""
        for bot in bots:
            self.stage.invite(place, bot)
        if opens:
            self.watch.opens(place)

    async def _stop_project(self) -> None:
        project_id = self.stage.dice.choice(self.stage.places).project_id
        async with self.stage.acting(project_id) as act:
            await stop_project(act)
        self.watch.stopped[project_id] = self.stage.clock.now()
        self._later(self.stage.dice.uniform(60, 20_000), lambda: self._resume_project(project_id))

    async def _stop_everything(self) -> None:
        await self.deeds.stop_everything()
        self._later(self.stage.dice.uniform(60, 5000), self.deeds.resume_everything)

    async def _recall(self) -> None:
        await self.deeds.recall(*await self._some_task())

    def _somewhere(self) -> Place:
        return self.stage.dice.choice(self.stage.places)

    async def _pause_project(self) -> None:
        project_id = self.stage.dice.choice(self.stage.places).project_id
        async with self.stage.acting(project_id) as act:
            await pause_project(act)
        self.watch.stopped[project_id] = self.stage.clock.now()
        self._later(self.stage.dice.uniform(60, 9000), lambda: self._resume_project(project_id))

    async def _resume_project(self, project_id: int) -> None:
        async with self.stage.acting(project_id) as act:
            await resume_project(act)
        self.watch.stopped.pop(project_id, None)

    async def _pause_task(self) -> None:
        task_id, project_id = await self._some_task()
        async with self.stage.acting(project_id) as act:
            await toggle_task(act, task_id, "PAUSED")
        self._later(self.stage.dice.uniform(60, 20_000), lambda: self._unpause_task(task_id, project_id))

    async def _unpause_task(self, task_id: int, project_id: int) -> None:
        try:
            async with self.stage.acting(project_id) as act:
                await toggle_task(act, task_id, "ON")
        except Conflict:  # none of its channels is served at this moment
            self._later(600, lambda: self._unpause_task(task_id, project_id))

    async def _some_task(self) -> tuple[int, int]:
        number = self.stage.dice.randrange(len(self.stage.tasks))
        projects = list(self.stage.anna)
        return list(self.stage.tasks)[number], projects[number // len(EVERY)]

    async def _pause_bot(self) -> None:
        place = self.stage.dice.choice(self.stage.places)
        bot_id = self.stage.dice.choice(place.bots).id
        async with self.stage.acting(place.project_id) as act:
            await pause_bot(act, bot_id)
        self._later(self.stage.dice.uniform(60, 20_000), lambda: self._resume_bot(place.project_id, bot_id))

    async def _resume_bot(self, project_id: int, bot_id: int) -> None:
        async with self.stage.acting(project_id) as act:
            await resume_bot(act, bot_id)

    async def _resume_bots(self) -> None:
        """Anna looks after the bots that were paused because their comments failed."""
        async with self.stage.tools.reading(None, EVERYONE) as act:
            paused = await act.session.scalars(select(Bot).where(Bot.status == BotStatus.PAUSED).order_by(Bot.id))
            found = [(bot.project_id, bot.id) for bot in paused]
        for project_id, bot_id in found:
            await self._resume_bot(project_id, bot_id)
