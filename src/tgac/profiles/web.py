"""The pages of profiles: one bot's editor, and many bots by a file."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile

from tgac.bots.queries import find_bot
from tgac.bots.showing import looking, may_edit
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid, Unavailable
from tgac.kit.tenancy import Principal, Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct, tools_of
from tgac.kit.web.forms import CSRF_FIELD, Filled, blank, field_errors, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, fragment, go, page
from tgac.profiles import bulk as many
from tgac.profiles import service, suggest
from tgac.profiles.api import sent_file
from tgac.profiles.bulk import COLUMNS, Bulk
from tgac.profiles.document import FIELDS, LONGEST, clean_language
from tgac.profiles.forms import ProfileFields
from tgac.profiles.models import BotProfile
from tgac.profiles.queries import draft_content, find_profile, photo_content
from tgac.profiles.service import View
from tgac.profiles.words import FIELD_WORDS, STATE_WORDS, language_name

router = APIRouter(prefix="/projects/{project_id}/bots", include_in_schema=False)
SHOWN = 200
"""Bots whose differences a preview lists; the rest are counted."""
type Codes = Annotated[list[str] | None, Query(max_length=50)]


class Version(BaseModel):
    """The wish that was looked at."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=0, le=2**31)


class Digest(BaseModel):
    """The preview that was looked at."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(min_length=64, max_length=64)


@router.get("/profiles")
async def bulk_page(request: Request, act: ReadAct) -> HTMLResponse:
    """The form that takes a file with many profiles."""
    return _bulk_page(request, act)


@router.post("/profiles/preview")
async def preview_profiles(
    request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> HTMLResponse:
    """Show what the file would change; nothing is changed yet."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
    form: Filled[Any] = blank()
    bulk: Bulk | None = None
    try:
        content = await sent_file(request)
        bulk = await many.preview_profiles(tools, principal, project_id=project_id, content=content)
        if bulk.changing:
            async with tools.acting(principal, project_id) as act:
                await many.keep_draft(act, content, bulk.digest)
    except Invalid as error:
        form.refuse(error)
    async with looking(request, principal, project_id=project_id) as act:
        return _bulk_page(request, act, form=form, bulk=bulk, status=200 if bulk else 422)


@router.post("/profiles/apply")
async def apply_profiles(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Apply the file that was looked at, if nothing has moved since."""
    form = await read_form(request, Digest)
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
        digest = form.data.digest if form.data else ""
        content = await draft_content(act, digest)
    bulk = await many.apply_profiles(tools, principal, project_id=project_id, content=content, digest=digest)
    words = _("Bots whose profiles are being changed: %(n)s.", n=len(bulk.changing))
    return go(request, f"/projects/{project_id}/bots/profiles", Notice(words))


@router.get("/{bot_id}/profile")
async def profile_page(
    request: Request,
    project_id: RowId,
    bot_id: RowId,
    tools: ToolsDep,
    principal: PrincipalDep,
    language: Codes = None,
) -> HTMLResponse:
    """The editor of one bot's profile."""
    also, wrong = _codes(language or [])
    view = await service.look_at_profile(tools, principal, project_id=project_id, bot_id=bot_id, also=also)
    return await _editor(request, principal, view, form=Filled(errors=wrong), also=also)


@router.post("/{bot_id}/profile")
async def save_profile(
    request: Request, project_id: RowId, bot_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> Response:
    """Write down what was typed, so that the differences can be looked at; what is wrong stands beside its field."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
    async with request.form(max_files=1, max_fields=1000) as sent:
        form, photo = _read_editor(sent), await _sent_photo(sent)
    if form.data is not None:
        try:
            async with tools.acting(principal, project_id) as act:
                await service.save_profile(act, bot_id, form.data, apply=False, photo=photo)
        except Invalid as error:
            form.refuse(error)
        else:
            return go(request, f"/projects/{project_id}/bots/{bot_id}/profile")
    also = {code for code in _sent_codes(form.values) if code}
    view = await service.look_at_profile(tools, principal, project_id=project_id, bot_id=bot_id, also=_codes(also)[0])
    return await _editor(request, principal, view, form=form, also=also, status=422)


@router.post("/{bot_id}/profile/suggest")
async def suggest_texts(
    request: Request,
    project_id: RowId,
    bot_id: RowId,
    tools: ToolsDep,
    principal: PrincipalDep,
    language: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """Put proposed texts into the form; what was typed stays where none fits, and nothing is saved."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
    async with request.form(max_files=1, max_fields=1000) as sent:
        form = _read_editor(sent)
    also = _codes(code for code in {*_sent_codes(form.values), language} if code)[0]
    about, status, problem = form.values.get("about", "")[:2000], 200, ""
    try:
        made = await suggest.suggest_texts(
            tools, principal, project_id=project_id, bot_id=bot_id, language=language, about=about
        )
    except (Conflict, Unavailable) as error:
        status, problem = error.status, error.message
    else:
        form.errors = {f"languages.{language}.{field}": words for field, words in made.left_out.items()}
        form.values |= {f"languages.{language}.{field}": text for field, text in made.texts.items()}
    view = await service.look_at_profile(tools, principal, project_id=project_id, bot_id=bot_id, also=also)
    return await _editor(request, principal, view, form=form, also=also, status=status, problem=problem)


@router.post("/{bot_id}/profile/apply")
async def apply_profile(request: Request, act: WriteAct, bot_id: RowId) -> Response:
    """Bring the wish that was looked at to Telegram."""
    form = await read_form(request, Version)
    await service.apply_saved(act, bot_id, form.data.version if form.data else -1)
    return go(request, f"/projects/{act.project_id}/bots/{bot_id}/profile", Notice(_("It is being applied.")))


@router.get("/{bot_id}/profile/standing")
async def standing(request: Request, act: ReadAct, bot_id: RowId) -> HTMLResponse:
    """How far the wish is, for the editor to show again and again; Telegram is not asked."""
    require(act, Right.LOOK)
    bot, profile = await find_bot(act, bot_id), await find_profile(act, bot_id)
    return fragment(
        request,
        "profiles/standing.html",
        "standing",
        view=View(bot, profile, None, ""),
        here_root=f"/projects/{act.project_id}/bots/{bot_id}/profile",
        language_name=language_name,
        field_words=FIELD_WORDS,
        state_words=STATE_WORDS,
        moments=_moments(profile),
    )


@router.get("/{bot_id}/profile/photo")
async def show_photo(act: ReadAct, bot_id: RowId) -> Response:
    """The photo that is wished for the bot."""
    require(act, Right.LOOK)
    profile = await find_profile(act, bot_id)
    return Response(await photo_content(act, (profile and profile.photo) or ""), media_type="image/jpeg")


def _read_editor(sent: FormData) -> Filled[ProfileFields]:
    """The fields are called as errors call them: `languages.ru.name`. Blank is none, where it was known what was there.

    The model is made for what was typed alone; a photo comes beside it.
    """
    pairs = [(name, value) for name, value in sent.multi_items() if isinstance(value, str) and name != CSRF_FIELD]
    form = Filled[ProfileFields](values=dict(pairs), ticks=frozenset(pairs))
    known = form.values.get("known") == "1"
    languages: dict[str, dict[str, str]] = {}
    for name, value in form.values.items():
        head, _dot, rest = name.partition(".")
        code, _dot, field = rest.partition(".")
        if head == "languages" and (known or value.strip()):
            languages.setdefault(code, {})[field] = value
    try:
        form.data = ProfileFields.model_validate({"languages": languages})
    except ValidationError as error:
        form.errors = field_errors(error)
    return form


async def _sent_photo(sent: FormData) -> bytes | None:
    """The JPEG that came along, empty to take the photo away, None where nothing was said of it."""
    file = sent.get("photo")
    content = await file.read() if isinstance(file, UploadFile) else b""
    return content or (b"" if sent.get("remove_photo") else None)


def _sent_codes(values: dict[str, str]) -> set[str]:
    return {name.split(".")[1] for name in values if name.startswith("languages.")}


def _codes(codes: Any) -> tuple[set[str], dict[str, str]]:
    """The languages that are ones, and what is wrong with the others."""
    good: set[str] = set()
    wrong: dict[str, str] = {}
    for code in codes:
        try:
            good.add(clean_language(code))
        except ValueError as error:
            wrong["language"] = str(error)
    return good, wrong


async def _editor(
    request: Request, principal: Principal, view: View, *, form: Filled[Any], also: set[str], **shown: Any
) -> HTMLResponse:
    """`shown`: status, problem (of a suggestion)."""
    profile, seen = view.profile, view.seen
    wished = profile.wish if profile else {}
    codes = ["", *sorted({*wished, *(seen.languages if seen else ()), *also} - {""})]
    for code in codes:
        for field in FIELDS:
            there = seen.languages.get(code, {}).get(field, "") if seen else ""
            form.values.setdefault(f"languages.{code}.{field}", wished.get(code, {}).get(field, there))
    project_id = view.bot.project_id
    async with looking(request, principal, project_id=project_id) as act:
        return page(
            request,
            "profiles/editor.html",
            status=shown.get("status", 200),
            problem=shown.get("problem", ""),
            has_llm=tools_of(request).llm.is_on,
            llm_off=suggest.llm_off_words(),
            form=form,
            view=view,
            bot=view.bot,
            sections=[(code, language_name(code)) for code in codes],
            language_name=language_name,
            field_words=FIELD_WORDS,
            state_words=STATE_WORDS,
            may_edit=may_edit(act),
            root=f"/projects/{project_id}/bots",
            here_root=f"/projects/{project_id}/bots/{view.bot.id}/profile",
            limits=LONGEST,
            moments=_moments(profile),
        )


def _moments(profile: BotProfile | None) -> dict[str, datetime]:
    untils = [step["until"] for step in (profile.steps if profile else []) if step.get("until")]
    return {until: datetime.fromisoformat(until) for until in untils}


def _bulk_page(
    request: Request, act: Act, *, form: Filled[Any] | None = None, bulk: Bulk | None = None, status: int = 200
) -> HTMLResponse:
    require(act, Right.LOOK)
    return page(
        request,
        "profiles/bulk.html",
        status=status,
        form=form or blank(),
        bulk=bulk,
        shown=SHOWN,
        columns=", ".join(COLUMNS),
        clear=many.CLEAR,
        language_name=language_name,
        field_words=FIELD_WORDS,
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/bots",
        table_url=f"/api/v1/projects/{act.project_id}/bots/profiles.csv",
    )
