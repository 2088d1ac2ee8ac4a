"""HTML made of text: a template filled, a scorecard's card; every word is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.text import attribute, escape


def filled(template: str, values: Mapping[str, str], blocks: Mapping[str, str]) -> str:
    """A template with text in its places, escaped, and blocks of HTML that were made of it.

    A place may be within a tag, so text gets no tags of ours either.

    All at once: what somebody typed may hold the name of a place, and stays what it is.

    >>> filled("<p>{{said}}</p>{{more}}", {"said": "<b>{{more}}"}, {"more": "<hr>"})
    '<p>&lt;b&gt;{{more}}</p><hr>'
    """
    put = {name: attribute(value) for name, value in values.items()} | dict(blocks)
    return re.sub(r"\{\{(\w+)\}\}", lambda found: put[found[1]], template)


def card(text: str) -> str:
    """The few forms of text that a card has, as HTML. Links, images and tags stay text.

    >>> card("# A **card**")
    '<h2 class="rp-h2">A card</h2>'
    """
    made: list[str] = []
    table: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not all(set(cell) <= set("-: ") for cell in cells):
                table.append(cells)
            continue
        if table:
            made.append(_table(table))
            table = []
        if not line.strip():
            continue
        if line.startswith("#"):
            tag = "h2" if line.startswith("# ") else "h3"
            made.append(f'<{tag} class="rp-{tag}">{_said(line.lstrip("# "))}</{tag}>')
        elif line.startswith(("- ", "  ")) and made and made[-1].endswith("</ul>"):
            item = f"<li>{_said(line[2:])}</li>"
            if line.startswith("- "):
                made[-1] = made[-1].removesuffix("</ul>") + item + "</ul>"
            else:
                made[-1] = made[-1].removesuffix("</li></ul>") + f" {_said(line[2:])}</li></ul>"
        elif line.startswith("- "):
            made.append(f"<ul><li>{_said(line[2:])}</li></ul>")
        elif made and made[-1].endswith("</p>"):
            made[-1] = made[-1].removesuffix("</p>") + f" {_said(line)}</p>"
        else:
            made.append(f"<p>{_said(line)}</p>")
    return "".join(made)


def _said(text: str) -> str:
    return escape(text.replace("**", "").replace("`", "").strip())


def _table(rows: list[list[str]]) -> str:
    head, *body = rows
    heads = "".join(f"<th>{_said(cell)}</th>" if cell else "<td></td>" for cell in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{_said(cell)}</td>" for cell in row) + "</tr>" for row in body
    )
    return f'<table class="rp-t"><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>'
