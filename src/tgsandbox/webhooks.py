"""Webhooks: posting updates to a bot's own server, in order, until it takes them."""

import asyncio
import re

import aiohttp

from tgsandbox.bot_api.call import Call
from tgsandbox.clock import Clock
from tgsandbox.inbox import Pollers, allowed_set, forget_old
from tgsandbox.model import Bot, Json, Webhook
from tgsandbox.refusals import refuse

RETRIES_S = (1, 2, 5, 10, 30, 60)


class Webhooks:
    """Sets, deletes and serves the webhooks of all bots. `http` addresses are taken too, unlike Telegram."""

    def __init__(self, clock: Clock, pollers: Pollers) -> None:
        self._clock = clock
        self._pollers = pollers
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._session: aiohttp.ClientSession | None = None

    async def set(self, call: Call) -> bool:
        """`setWebhook`; an empty url takes the webhook away."""
        params = call.params
        if not params.get("url"):
            return await self.delete(call)
        if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", params["url"]):
            raise refuse("webhook_url")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", params.get("secret_token", "")):
            raise refuse("secret_token")
        self._apply(call.bot, params, certificate="certificate" in call.uploads)
        self._pollers.end(call.bot, refuse("webhook_came"))
        await self.stop(call.bot)
        self._tasks[call.bot.id] = asyncio.create_task(self._serve(call.bot))
        return True

    def _apply(self, bot: Bot, params: Json, *, certificate: bool) -> None:
        connections = min(max(params.get("max_connections", 40), 1), 100)
        bot.webhook = Webhook(params["url"], params.get("secret_token", ""), connections, certificate)
        if "allowed_updates" in params:
            bot.allowed = allowed_set(params["allowed_updates"])
        if params.get("drop_pending_updates"):
            bot.pending.clear()

    async def delete(self, call: Call) -> bool:
        """`deleteWebhook`."""
        await self.stop(call.bot)
        call.bot.webhook = Webhook()
        if call.params.get("drop_pending_updates"):
            call.bot.pending.clear()
        return True

    def info(self, bot: Bot) -> Json:
        """`getWebhookInfo`."""
        hook = bot.webhook
        shown: Json = {
            "url": hook.url,
            "has_custom_certificate": hook.certificate,
            "pending_update_count": len(bot.pending),
        }
        if hook.url:
            shown["max_connections"] = hook.max_connections
        if hook.last_error:
            shown |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error}
        return shown | {"allowed_updates": sorted(bot.allowed)} if bot.allowed is not None else shown

    async def stop(self, bot: Bot) -> None:
        task = self._tasks.pop(bot.id, None)
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None

    async def _serve(self, bot: Bot) -> None:
        failures = 0
        while True:
            forget_old(bot, self._clock.now().timestamp())
            if not bot.pending:
                await self._pollers.next_update(bot)
                continue
            if await self._post(bot, bot.pending[0].body):
                entry = bot.pending.popleft()
                if entry.repeats > 0:
                    entry.repeats -= 1
                    bot.pending.appendleft(entry)
                failures = 0
                continue
            await self._clock.sleep(RETRIES_S[min(failures, len(RETRIES_S) - 1)])
            failures += 1

    async def _post(self, bot: Bot, update: Json) -> bool:
        hook = bot.webhook
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
        self._session = self._session or aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        try:
            async with self._session.post(hook.url, json=update, headers=headers) as answer:
                if answer.ok:
                    return True
                hook.last_error = f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except (aiohttp.ClientError, TimeoutError) as error:
            hook.last_error = f"Connection failed: {type(error).__name__}"
        hook.last_error_date = int(self._clock.now().timestamp())
        return False
