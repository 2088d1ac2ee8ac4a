"""The page for exporters and importers: papers checked before a declaration is lodged.

Plain HTML without script, cookie or session, off until `exporters_page` is set. Whoever
reaches the network reaches it, so it is narrow: so many checks an hour, so many bytes, two at
a time, and `services.checking`, which can rate nothing. What is entered is in memory while
it is answered, and nowhere else; a number of answers a day is kept.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from importlib import resources

import anyio
import anyio.to_thread
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from app import doors, text, words
from app.installation import served
from app.markup import filled
from app.text import attribute, escape
from riskprofile.errors import RiskProfileError
from riskprofile.services import check_counts, checking
from riskprofile.services.checking import Checked, Finding

log = logging.getLogger("riskprofile.app")

PATH = "/check-declaration"
FORM_TYPE = "multipart/form-data"
EACH, ALL = 30, 600  # checks an hour: of one address, and of all
HOUR = timedelta(hours=1)
FIELD_BYTES, FIELDS = 8_000, 40  # of one field; of a form
BODY_BYTES = checking.MAX_BYTES + 16_000  # a file, and what a form puts around it
READING, READ_SECONDS = 8, 20.0  # requests that may arrive at a time, and how long each may take
CHECKING = 2
LINES = 12  # that a finding of a file names

# Columns of the form by group, each with its width: the order in which papers are filled in.
FORM: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("check.group_goods",
     (("declaration_id", ""), ("hs_code", ""), ("country_of_origin", ""),
      ("goods_description", "all"))),
    ("check.group_parties",
     (("consignor_name", ""), ("consignor_address", ""), ("consignor_country", ""),
      ("consignee_name", ""), ("consignee_address", ""), ("consignee_country", ""))),
    ("check.group_measures",
     (("package_count", ""), ("package_type", ""), ("gross_mass_kg", ""), ("quantity", "half"),
      ("quantity_unit", "half"), ("value", "half"), ("currency", "half"))),
    ("check.group_papers",
     (("licence_number", ""), ("licence_type", ""), ("end_use_certificate", ""))),
)  # fmt: skip
COLUMNS = tuple(name for _, group in FORM for name, _ in group)


class Full(Exception):
    """As many as may are here already."""


class Places:
    """So many at a time: one more is sent away, not kept waiting."""

    def __init__(self, places: int) -> None:
        self._left = places

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One place, given back at the end."""
        if not self._left:
            raise Full
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1


class Allowance:
    """Checks of the last hour, in memory. Only those let through are held: `ALL` at most."""

    def __init__(self, each: int = EACH) -> None:
        self._each = each
        self._taken: deque[tuple[datetime, str]] = deque()

    def take(self, address: str, now: datetime) -> datetime | None:
        """Let one check through, or say from when on one may come.

        >>> from datetime import UTC
        >>> once, noon = Allowance(each=1), datetime(2026, 11, 24, 12, tzinfo=UTC)
        >>> once.take("192.0.2.1", noon), str(once.take("192.0.2.1", noon))
        (None, '2026-11-24 13:00:00+00:00')
        """
        while self._taken and not now - HOUR < self._taken[0][0] <= now:
            self._taken.popleft()
        own = [at for at, who in self._taken if who == address]
        waits = [own[0] + HOUR] if len(own) >= self._each else []
        if len(self._taken) >= ALL:
            waits.append(self._taken[0][0] + HOUR)
        if waits:
            return max(waits)
        self._taken.append((now, address))
        return None


def network(host: str) -> str:
    """Whose checks count together: an IPv4 address, or the 64 bits that one site has of IPv6.

    >>> network("192.0.2.7"), network("2001:db8::5"), network("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::/64', '192.0.2.7')
    """
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""  # all that name none count as one
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped or ipaddress.ip_network((found, 64), strict=False))


def answer(allowance: Allowance | None = None) -> Callable[[Request], Awaitable[Response]]:
    """The page of one process, with what it remembers: who was let through in the last hour."""
    allowed = allowance or Allowance()
    reading, checks = Places(READING), Places(CHECKING)

    async def answered(request: Request) -> Response:
        say = words.of(_language_of(request))
        text.direct(say.right_to_left)
        if request.method != "POST":
            return _page(say)
        if not doors.same_origin(request.headers):
            return _page(say, _notice(say("check.refused_origin")), status=403)
        if not request.headers.get("content-type", "").lower().startswith(FORM_TYPE):
            return _page(say, _notice(say("check.refused_form")), status=415)
        now = served().clock()
        until = allowed.take(network(request.client.host if request.client else ""), now)
        if until is not None:
            return _later(say, now, until)
        try:
            with reading.taken(), anyio.fail_after(READ_SECONDS):
                body = await _body(request)
            if body is None:
                return _page(say, _notice(say("check.file_large")), status=413)
            with checks.taken():
                check = partial(_checked, say, request.headers, body, now)
                return await anyio.to_thread.run_sync(check)
        except Full:
            return _page(say, _notice(say("check.busy"), say("check.go_back")), status=503, retry=5)
        except TimeoutError:
            return _page(say, _notice(say("check.slow"), say("check.go_back")), status=408)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it

    return answered


async def _body(request: Request) -> bytes | None:
    """What was sent; None as soon as it is more than a form of ours holds."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > len(str(BODY_BYTES)) or int(length) > BODY_BYTES):
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES:
            return None
    return bytes(body)


def _checked(say: words.Words, headers: Headers, body: bytes, now: datetime) -> Response:
    """Read, check and count; run in a thread, so that no officer's page waits for it."""
    text.direct(say.right_to_left)  # of this thread, which may have answered in another language
    given: dict[str, str] = {}
    try:
        given, file = asyncio.run(_parts(headers, body))
        if file is not None:
            name, content = file
            if not content:  # a browser sends a file without a name where none was chosen
                empty = say("check.file_unread", what=say("unread.nothing"))
                return _page(say, _notice(empty if name else say("check.file_none")), status=400)
            given, checked = {}, checking.check_file(content)
        elif given:
            checked = checking.check([given])
        else:
            return _page(say, _notice(say("check.refused_form")), status=400)
        check_counts.count(served().store, now)  # no count, no answer
    except (MultiPartException, KeyError):
        return _page(say, _notice(say("check.refused_form")), status=400)
    except checking.Refused as refused:
        values = {name: words.unread(say, str(value)) for name, value in refused.values.items()}
        return _page(say, _notice(say(refused.key, **values)), status=422)
    except RiskProfileError:
        return _page(say, _notice(say("check.failed")), given, status=503)
    except Exception as error:
        log.error("the exporters' page failed: %s", text.traced(error))
        return _page(say, _notice(say("check.failed")), status=500)
    found = _found(say, checked, to_fields=bool(given))
    return _page(say, found, given, checked.findings if given else ())


async def _parts(headers: Headers, body: bytes) -> tuple[dict[str, str], tuple[str, bytes] | None]:
    """The fields of a form that are columns of it; its file, with the name that it had. All in
    memory: it is small.
    """

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        headers, pieces(), max_files=1, max_fields=FIELDS, max_part_size=FIELD_BYTES
    )
    given: dict[str, str] = {}
    file: tuple[str, bytes] | None = None
    for name, value in (await parser.parse()).multi_items():
        if isinstance(value, UploadFile):
            file = value.filename or "", await value.read()
            await value.close()
        elif name in COLUMNS:
            given[name] = value.replace("\r\n", "\n")
    return given, file


def _language_of(request: Request) -> str:
    """The language that a link of the page chose, else one that the browser accepts."""
    chosen = request.query_params.get("lang")
    return words.choose(chosen, request.headers.get("accept-language", ""))


def _later(say: words.Words, now: datetime, until: datetime) -> Response:
    wait = math.ceil((until - now).total_seconds())
    said = say("check.too_many", minutes=math.ceil(wait / 60), at=f"{until:%H:%M}")
    return _page(say, _notice(said, say("check.go_back")), status=429, retry=wait)


def _page(
    say: words.Words,
    answer: str = "",
    given: Mapping[str, str] | None = None,
    findings: Sequence[Finding] = (),
    *,
    status: int = 200,
    retry: int | None = None,
) -> HTMLResponse:
    """The page with an answer on top, what was entered, and each field's faults beside it."""
    text.direct(say.right_to_left)  # of this thread, which may have answered in another language
    template = resources.files("app.theme").joinpath("check.html").read_text("utf-8")
    names = ("title", "lead", "limits", "item", "file", "choose", "button", "button_file")
    values = {name: say(f"check.{name}") for name in names}
    values |= {
        "language": say.language,
        "direction": doors.direction(say),
        "product": say("product"),
        "head": say.listed([say("check.answer"), ""], ":") if answer else "",
        "how_many": say("check.how_many", n=EACH),
        "file_hint": say("check.file_hint", rows=checking.MAX_ROWS),
        "action": f"{PATH}?lang={say.language}",
    }
    others = "".join(
        f'<a href="{PATH}?lang={other}" lang="{other}">{escape(say.name_of(other))}</a>'
        for other in words.LANGUAGES
        if other != say.language
    )
    blocks = {"others": others, "answer": answer, "fields": _fields(say, given or {}, findings)}
    headers = {"Cache-Control": "no-store"}
    if retry is not None:
        headers["Retry-After"] = str(retry)
    return HTMLResponse(filled(template, values, blocks), status, headers)


def _notice(*said: str) -> str:
    """Sentences in place of an answer."""
    return f'<section class="card notice" role="alert"><p>{escape(" ".join(said))}</p></section>'


def _fields(say: words.Words, given: Mapping[str, str], findings: Sequence[Finding]) -> str:
    made = ""
    for group, columns in FORM:
        inside = "".join(
            _field(say, name, width, given.get(name, ""), [f for f in findings if f.column == name])
            for name, width in columns
        )
        made += f"<fieldset><legend>{escape(say(group))}</legend>{inside}</fieldset>"
    return made


def _field(say: words.Words, name: str, width: str, value: str, findings: Sequence[Finding]) -> str:
    about, faults = "", ""
    if findings:
        invalid = any(one.severity == "must" for one in findings)
        about = f' aria-describedby="about-{name}"' + (' aria-invalid="true"' if invalid else "")
        said = "<br>".join(escape(_beside(say, one)) for one in findings)
        faults = f'<p class="fault" id="about-{name}">{said}</p>'
    told = f'id="{name}" name="{name}" dir="auto" maxlength="2000"{about}'
    if name == "goods_description":
        control = f"<textarea {told}>{attribute(value)}</textarea>"
    else:
        control = f'<input {told} value="{attribute(value)}">'
    hint = say.maybe(f"check_hint.{'country' if 'country' in name else name}", "")
    hint = f" <span>{escape(hint)}</span>" if hint else ""
    label = f'<label for="{name}">{escape(_named(say, name))}{hint}</label>'
    return f'<div class="field {width}">{label}{control}{faults}</div>'


def _found(say: words.Words, checked: Checked, *, to_fields: bool) -> str:
    """What was found, like things together, each with what to do."""
    rows = say.many("check.of_rows", checked.rows)
    if not checked.findings:
        title, told, listed = say("check.none"), say("check.none_text"), ""
    else:
        title, told = say.many("check.found", len(checked.findings)), ""
        together: dict[tuple[str, str, str, str], list[int]] = {}
        for one in sorted(checked.findings, key=lambda one: one.severity):
            key = (one.severity, _sentence(say, one), one.do, one.column)
            together.setdefault(key, []).append(one.line)
        items = [
            _item(say, *key, "" if to_fields else _lines(say, lines, checked.rows))
            for key, lines in together.items()
        ]
        listed = f"<ol>{''.join(items)}</ol>"
    return (
        f'<section class="card answer" role="status"><h2>{escape(title)}</h2>'
        f'<p class="muted">{escape(rows)} {escape(told)}</p>{listed}</section>'
    )


def _item(say: words.Words, severity: str, sentence: str, do: str, column: str, lines: str) -> str:
    """One thing to mend: a link to its field, or the lines of a file and what to do there."""
    said = escape(sentence)
    if lines:
        said += f' <span class="do">{escape(say(do))}</span>'
        said += f'<div class="lines">{escape(lines)}</div>'
    else:  # what to do stands beside the field
        said = f'<a href="#{column}">{said}</a>'
    pill = f'<span class="pill {severity}">{escape(say(f"check.{severity}"))}</span>'
    return f"<li>{pill}<div>{said}</div></li>"


def _lines(say: words.Words, lines: Sequence[int], rows: int) -> str:
    """Where a thing was found, the first dozen by number."""
    if len(lines) == rows > 1:
        return say("check.lines_all")
    named, rest = say.listed(map(str, lines[:LINES])), len(lines) - LINES
    if rest > 0:
        return say("check.lines_more", lines=named, n=rest)
    return say("check.line" if len(lines) == 1 else "check.lines", lines=named)


def _beside(say: words.Words, one: Finding) -> str:
    """What stands under a field: its label says already which it is."""
    missing = one.says.startswith("check.missing")
    return f"{say('check.absent') if missing else _sentence(say, one)} {say(one.do)}"


def _sentence(say: words.Words, one: Finding) -> str:
    values = {
        name: say("check.or").join(f"{code} ({title})" for code, title in value)
        if isinstance(value, tuple)
        else value
        for name, value in one.values.items()
    }
    return say(one.says, field=_named(say, one.column), **values)


def _named(say: words.Words, column: str) -> str:
    """A column as this page calls it: more plainly than an officer's page, where it has to."""
    return say.maybe(f"check.{column}", say.maybe(f"field.{column}", ""))
