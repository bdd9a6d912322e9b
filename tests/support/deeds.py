"""What a person does on a page before it is looked at: fields filled in wrongly, questions asked, dialogs opened."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext

from playwright.async_api import Page

from tests.support.agency import FULL

P = f"/projects/{FULL}"

_SEND = """form => {
  form.noValidate = true;
  form.requestSubmit(form.querySelector("button.btn-primary") ?? form.querySelector("button.btn"));
}"""

type Deed = Callable[[Page], Awaitable[None]]


def sent(action: str, /, **values: str) -> Deed:
    """The form that goes to `action` is filled in with these values and sent, whatever the browser thinks of them."""

    async def deed(page: Page) -> None:
        form = page.locator(f'form[action="{action}"], form[action^="{action}?"]').last
        for name, value in values.items():
            field = form.locator(f'[name="{name}"]').first
            if await field.evaluate("one => one.tagName") == "SELECT":
                await field.select_option(value)
            else:
                await field.fill(value)
        async with page.expect_navigation():
            await form.evaluate(_SEND)

    return deed


def asked(dialog: str) -> Deed:
    """The button that opens the dialog is pressed."""

    async def deed(page: Page) -> None:
        await page.locator(f'button[commandfor^="{dialog}"][command=show-modal]').first.click()

    return deed


def pressed(*keys: str, leaves: bool = False) -> Deed:
    """These keys are pressed, one after the other; the last one `leaves` for a page that is waited for."""

    async def deed(page: Page) -> None:
        for key in keys[:-1]:
            await page.keyboard.press(key)
        async with page.expect_navigation() if leaves else nullcontext():
            await page.keyboard.press(keys[-1])

    return deed


DEEDS: Mapping[str, tuple[str, Deed]] = {
    "keys-review": (f"{P}/review", pressed("j", "e")),
    "approved-by-keys": (f"{P}/review", pressed("j", "a", leaves=True)),
    "wrong-bot": (f"{P}/bots", sent(f"{P}/bots", token="not a token")),
    "wrong-bots": (f"{P}/bots", sent(f"{P}/bots/import", text="\n")),
    "wrong-token": (f"{P}/bots/1", sent(f"{P}/bots/1/token", token="not a token")),
    "wrong-channel": (f"{P}/channels", sent(f"{P}/channels", ref="???")),
    "wrong-channels": (
        f"{P}/channels",
        sent(f"{P}/channels/import", text="@good_name\n???\n@good_name\nhttps://t.me/+x"),
    ),
    "wrong-link": (f"{P}/channels/connect-links", sent(f"{P}/channels/connect-links", name=" ")),
    "wrong-run": (f"{P}/onboarding", sent(f"{P}/onboarding", channels="???\n@city_news")),
    "wrong-proxy": (f"{P}/proxies", sent(f"{P}/proxies", host="127.0.0.1", port="99999")),
    "wrong-proxies": (
        f"{P}/proxies",
        sent(f"{P}/proxies/import", text="socks5://198.51.100.7:1080\nnonsense\nhttp://a"),
    ),
    "wrong-playlist": (f"{P}/playlists", sent(f"{P}/playlists", name=" ")),
    "wrong-task": (f"{P}/tasks/new", sent(f"{P}/tasks/new", name=" ")),
    "wrong-member": (f"{P}/members", sent(f"{P}/members", username="!!")),
    "wrong-settings": (f"{P}/settings", sent(f"{P}/settings", name=" ", time_zone="Mars/Olympus")),
    "wrong-limits": (f"{P}/settings", sent(f"{P}/settings/limits", collision_limit_per_post="99", review_days="-1")),
    "wrong-delete": (f"{P}/delete", sent(f"{P}/delete", name="Something else")),
    "wrong-user": ("/admin/users", sent("/admin/users", username="??", quota_projects="5000")),
    "wrong-installation": ("/admin/settings", sent("/admin/settings", review_days="99", time_zone="Mars")),
    "wrong-api-token": ("/account", sent("/account/tokens", name=" ")),
    "wrong-project": ("/projects", sent("/projects", name=" ")),
    "many-bots": (f"{P}/bots", sent(f"{P}/bots/bulk", action="remove", whole="true")),
    "many-channels": (f"{P}/channels", sent(f"{P}/channels/bulk", action="remove", whole="true")),
    "many-left-out": (f"{P}/channels", sent(f"{P}/channels/bulk", action="unarchive", whole="true")),
    "many-none": (f"{P}/channels", sent(f"{P}/channels/bulk", action="check")),
    "ask-bot": (f"{P}/bots/1", asked("remove")),
    "ask-channel": (f"{P}/channels/1", asked("remove")),
    "ask-link": (f"{P}/channels/connect-links", asked("revoke-")),
    "ask-playlist": (f"{P}/playlists/1", asked("delete")),
    "ask-proxy": (f"{P}/proxies/2", asked("remove")),
    "ask-member": (f"{P}/members", asked("remove-")),
    "ask-user": ("/admin/users", asked("block-")),
    "ask-api-token": ("/account", asked("token-")),
    "ask-stop": (P, asked("stop")),
    "keys": (P, pressed("?")),
    "palette": (f"{P}/channels", pressed("Control+k")),
    "row": (f"{P}/channels", pressed("j", "j")),
}
"""By name: the page, and what is done there."""
