"""Safe, streamed XML: what every XML reader stands on.

No entity is resolved, no document type is accepted, nothing is fetched, and the
tree of what was read is let go, so memory is that of one goods item and one header.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, ClassVar, Literal, TypeAlias, TypeVar

from lxml import etree

from riskprofile.errors import InputError
from riskprofile.intake.reader import RawChunk, Source, unread
from riskprofile.intake.rows import Gather, decimal, number, one_line, plain

Element: TypeAlias = Any  # lxml ships no types
Header = TypeVar("Header")

MAX_ATTRIBUTES = 100  # of one element; no format here has more than ten
MAX_HELD = 32 << 20  # bytes of one goods item or header; real ones have a few kilobytes

_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,  # keeps the library's own limits: 256 levels, texts of 10 MB
    "remove_comments": True,
    "remove_pis": True,
}
_BLOCK = 1 << 16
_TOO_MANY_ATTRIBUTES = etree.XPath(f"boolean(descendant-or-self::*[count(@*) > {MAX_ATTRIBUTES}])")


class XmlReader:
    """A reader of declarations, streamed; `walk` and `write` are what a format adds."""

    name: str
    profile = "shipment"
    opens: ClassVar[bytes]  # what shows the format in the head of a file
    least = 0  # rows without which a file holds none of it, whatever else it has

    def claims(self, head: bytes, name: str) -> bool:
        """Whether a declaration opens in the head."""
        return bool(re.search(self.opens, head.replace(b"\x00", b"")))

    def read(self, source: Source, profile: str, chunk_rows: int) -> Iterator[RawChunk]:
        """One row per goods item. A file without any declaration is an `InputError`."""
        rows = Gather(profile, source, chunk_rows)
        found = False
        for header, position, element in self.walk(source):
            found = True
            self.write(rows, header, position, element)
            if rows.full:
                yield rows.take()
        if not found or rows.accepted < self.least:
            raise self.nothing(source.name)
        yield rows.take()

    def nothing(self, where: str) -> InputError:
        """What is said of a file that holds none of it."""
        raise NotImplementedError

    def walk(self, source: Source) -> Iterator[tuple[Any, int, Element]]:
        """Each goods item with its header and position, as `items_with_headers`."""
        raise NotImplementedError

    def write(self, rows: Gather, header: Any, position: int, element: Element) -> None:
        """The row of a goods item; at position 0 what is said of a declaration without any."""
        raise NotImplementedError


def local(element: Element) -> str:
    """The element's name without its namespace."""
    name: str = element.tag
    return name.rsplit("}", 1)[-1]


def stream(
    source: Source, declarations: frozenset[str], items: frozenset[str]
) -> Iterator[tuple[Literal["item", "declaration"], Element]]:
    """Each goods item, then its declaration without the items, in document order.

    An element is valid until the next step. Names are local names; of nested ones
    the outermost counts.

    Raises
    ------
    InputError
        Not well-formed (with line and column), a document type, too deep, too many
        attributes or elements.
    """
    with source.open() as opened:
        yield from _walk(source.name, opened, declarations, items)


def items_with_headers(
    source: Source,
    declarations: frozenset[str],
    items: frozenset[str],
    headers: Iterator[Header],
    look: Callable[[Element], None] = lambda header: None,
) -> Iterator[tuple[Header, int, Element]]:
    """Each goods item with its declaration's header and its position from 1.

    Position 0 is a declaration without items, with the declaration's element. Parts
    of a header stand after the items in some formats, so `headers`, one for each
    declaration in order, runs ahead on a stream of its own; and a stream before
    both makes sure that a damaged file is refused before anything of it is taken.
    That one shows `look` each declaration without its items: what is decided by all of them.
    """
    for kind, element in stream(source, declarations, items):
        if kind == "declaration":
            look(element)
    header: Header | None = None
    position = 0
    for kind, element in stream(source, declarations, items):
        if header is None:
            header = next(headers)
        if kind == "item":
            position += 1
            yield header, position, element
            continue
        if position == 0:
            yield header, 0, element
        header, position = None, 0


def _walk(
    name: str, opened: IO[bytes], declarations: frozenset[str], items: frozenset[str]
) -> Iterator[tuple[Literal["item", "declaration"], Element]]:
    etree.clear_error_log()  # of this thread: what stands in it then is of this file
    tags = [f"{{*}}{tag}" for tag in sorted(declarations | items)]
    parser = etree.XMLPullParser(("start", "end"), tag=tags, **_OPTIONS)
    declaration: Element = None
    item: Element = None
    last_item: Element = None  # removed one step late: the parser may still write behind it
    last_declaration: Element = None
    checked = False
    held = 0  # bytes since something was let go
    while True:
        block = opened.read(_BLOCK)
        held += len(block)
        try:
            if block:
                parser.feed(block)
            else:
                _refuse_doctype(name, parser.close())
        except (etree.XMLSyntaxError, LookupError, ValueError) as error:
            raise _not_well_formed(name, error) from error
        for event, element in parser.read_events():
            if event == "start":
                if not checked:
                    _refuse_doctype(name, element)
                    checked = True
                if declaration is None:
                    declaration = element if local(element) in declarations else None
                elif item is None and local(element) in items:
                    item = element
            elif element is item or element is declaration:
                if _TOO_MANY_ATTRIBUTES(element):
                    raise _too_much(f"{name}:{element.sourceline}", f"{MAX_ATTRIBUTES} attributes")
                held = 0
                yield ("item" if element is item else "declaration"), element
                if element is item:
                    element.clear(keep_tail=True)
                    _drop(last_item)
                    last_item, item = element, None
                else:
                    # Of an element that somebody holds, clearing moves what is around it.
                    _drop(last_item)
                    last_item = None
                    element.clear(keep_tail=True)
                    _drop(last_declaration)
                    last_declaration, declaration = element, None
        if held > MAX_HELD:
            raise _too_much(name, f"{MAX_HELD >> 20} MB in one goods item or header")
        if not block:
            return


def _drop(element: Element) -> None:
    """Let a finished element go."""
    if element is not None and element.getparent() is not None:
        element.getparent().remove(element)


def _refuse_doctype(name: str, root: Element) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise unread("unread.doctype", f"{name}:1", "Ask the sender for the file without it")


def _too_much(where: str, what: str) -> InputError:
    return unread("unread.too_much", where, "Check where the file comes from", what=what)


def _not_well_formed(name: str, error: Exception) -> InputError:
    line, column = getattr(error, "position", None) or (1, 1)
    # The place is told beside it; of the file, lxml knows no name but `<string>`.
    text = re.sub(r", line \d+, column \d+( \(.*\))?$", "", str(error)) or "the file is empty"
    log = error.error_log if isinstance(error, etree.XMLSyntaxError) else None
    if not line and log:  # as of an entity that is unknown
        line, column, text = log[0].line, log[0].column, log[0].message
    return unread(
        "unread.not_xml",
        f"{name}:{max(1, line or 1)}:{max(1, column or 1)}",
        "It is never repaired here: ask the sender for a whole file",
        text=text,
    )


def named(element: Element, path: str) -> list[Element]:
    """Descendants at a path of local names, without regard to case."""
    found = [element]
    for step in path.casefold().split("/"):
        found = [
            child
            for parent in found
            for child in parent
            if isinstance(child.tag, str) and local(child).casefold() == step
        ]
    return found


def text_of(element: Element) -> str | None:
    """The element's text with no-break spaces as blanks; empty is missing."""
    text: str = (element.text or "").replace("\u00a0", " ").strip()
    return text or None


class Leaves(dict[str, list[str]]):
    """Texts by path of local names (`A/B`), attributes as `A/B@name`.

    What was taken is marked as used, so that `rest` is what no column took.
    """

    def __init__(self, element: Element, *, fold: bool = False) -> None:
        super().__init__()
        self._used: set[str] = set()
        self._first: set[str] = set()  # of these the first text alone is used
        self._groups: dict[str, list[Leaves]] = {}
        self._met: set[str] = set()  # paths of elements with others in them
        self._several: set[str] = set()  # of these, such as stand more than once
        self._fold = fold
        self._element = element
        self._collect(element, "")

    def _collect(self, element: Element, path: str) -> None:
        for child in element:
            if not isinstance(child.tag, str):
                continue  # an entity reference, left unresolved
            tag = local(child)
            here = f"{path}/{tag}" if path else tag
            for name, value in child.attrib.items():
                if value.strip():
                    self._put(f"{here}@{name.rsplit('}', 1)[-1]}", value.strip())
            if len(child):
                (self._several if here in self._met else self._met).add(here)
                self._collect(child, here)
            elif (text := text_of(child)) is not None:
                self._put(here, text)

    def _put(self, path: str, text: str) -> None:
        self.setdefault(path.casefold() if self._fold else path, []).append(text)

    def all(self, path: str) -> list[str]:
        """Every text at a path, in document order; marks it used."""
        key = path.casefold() if self._fold else path
        self._used.add(key)
        return self.get(key, [])

    def take(self, *paths: str) -> str | None:
        """The first text at the first path that has one; marks that text used."""
        for path in paths:
            key = path.casefold() if self._fold else path
            if found := self.get(key):
                self._first.add(key)
                return found[0]
        return None

    def peek(self, path: str) -> str | None:
        """The first text at a path; `rest` has it all the same."""
        found = self.get(path.casefold() if self._fold else path)
        return found[0] if found else None

    def groups(self, path: str) -> list[Leaves]:
        """The elements at a path, each with its own leaves; `rest` has what is not used of them."""
        key = path.casefold() if self._fold else path
        self._used.update(name for name in self if name.startswith((f"{key}/", f"{key}@")))
        found = [Leaves(child, fold=self._fold) for child in named(self._element, path)]
        self._groups[key] = found
        return found

    def each(self, path: str) -> list[tuple[Leaves, str]]:
        """Each element at a path: the leaves that hold it, and what its own paths begin with.

        One stands among these leaves. Several stand apart, so that what is taken of one is not
        taken of another, and `rest` has each of them by itself.
        """
        if path in self._several:
            return [(one, "") for one in self.groups(path)]
        return [(self, f"{path}/")]

    @property
    def flat(self) -> dict[str, str | list[str]]:
        """Every path: one text, or a list where the path repeats; marks all of them used."""
        self._used.update(self)
        return {path: texts[0] if len(texts) == 1 else texts for path, texts in self.items()}

    @property
    def rest(self) -> dict[str, Any]:
        """What no column took, as in `flat`; of groups a list of the same."""
        left: dict[str, Any] = {}
        for path, texts in self.items():
            if path not in self._used:
                first = texts[0] if path in self._first else None
                if others := [text for text in texts if text != first]:
                    left[path] = others[0] if len(others) == 1 else others
        for path, groups in self._groups.items():
            if rests := [rest for group in groups if (rest := group.rest)]:
                left[path] = rests
        return left


def packages(groups: Sequence[Leaves], kind: str, *counts: str) -> dict[str, str | None]:
    """Of groups of packages the kind when there is one, and their sum when each is a number."""
    kinds = {one_line(one.take(kind)) for one in groups}
    texts = [one.take(*counts) for one in groups]
    found = [value for text in texts if (value := decimal(text)) is not None]
    made = {"package_type": kinds.pop() if len(kinds) == 1 else None}
    if found and len(found) == len(texts):
        made["package_count"] = plain(sum(found[1:], found[0]))
    elif len(texts) == 1:
        made["package_count"] = number(texts[0])
    return made
