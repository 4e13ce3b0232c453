"""What the page of articles shows, as HTML."""

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape

from bot.chat import Turn
from bot.publishing.editing import Theirs
from bot.publishing.findings import Checked, Finding
from bot.publishing.publisher import Progress, Stage
from bot.records.audit import Entry
from bot.records.drafts import Draft
from bot.records.publications import Published
from bot.records.tables import Step
from bot.retrieval.articles import Article, squash
from bot.retrieval.chunks import Chunk
from bot.web.page import as_html

FIRST_PASSAGES = 3
MOMENT = "%Y-%m-%d %H:%M"


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The label on every cell is for narrow screens, which show a row as a list. Cells are plain text."""
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    body = "".join(
        "<tr>"
        + "".join(f'<td data-label="{label}">{escape(text)}</td>' for label, text in zip(heads, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def status(sentence: str) -> str:
    """Read out by a screen reader when it appears."""
    return f'<p role="status">{escape(sentence)}</p>'


def alert(sentence: str) -> str:
    """What did not work, read out at once."""
    return f'<p role="alert" class="failed">{escape(sentence)}</p>'


def articles(
    listed: Mapping[str, Article],
    waiting: Sequence[Draft],
    past: Sequence[Published],
    use: tuple[int, Counter[str]],
    findings: Mapping[str, int],
) -> str:
    """Every article that serves or is drafted; `findings` are by slug, of those drafts that have been checked."""
    drafted = {draft.content.slug: draft for draft in waiting}
    counted, cited = use
    newest = {slug: entry for entry in reversed(past) for slug in entry.articles}
    rows = []
    for slug in sorted(listed.keys() | drafted.keys()):
        article, draft, entry = listed.get(slug), drafted.get(slug), newest.get(slug)
        checked = f"{findings[slug]}" if slug in findings else "not checked yet"
        rows.append(
            (
                article.title if article else f"{slug} (not published yet)",
                f"since {entry.at:%Y-%m-%d}" if entry else "as installed" if article else "none",
                str(article.meta.get("reviewed", "")) if article else "",
                str(cited[slug]) if counted else "not known",
                f"{draft.author}, {draft.at.strftime(MOMENT)}" if draft else "",
                checked if draft else "",
                entry.who if entry else "",
            )
        )
    counted_in = f"the last {counted:,} replies kept" if counted else "replies, known where conversations are kept"
    heads = ("Article", "Text", "Reviewed", "Cited in", "Draft", "Findings in it", "Published by")
    return table(f"{len(listed)} articles serve. Cited in: {counted_in}. Times in UTC", heads, rows)


def serving(version: str, past: Sequence[Published]) -> str:
    """The first paragraph of the page."""
    if not past:
        return f"<p>Visitors get the articles as installed (version {escape(version)}).</p>"
    last = past[0]
    did = "published" if last.what is Step.PUBLISHED else "gone back to"
    by = f"{did} by {escape(last.who)}, {last.at.strftime(MOMENT)} UTC"
    return f"<p>Visitors get version <strong>{escape(version)}</strong>, {by}.</p>"


def findings(checked: Checked, text: str) -> str:
    """Every finding beside the line that it is about."""
    if not checked.findings:
        return "<h3>Findings</h3><p>The corpus check finds nothing wrong.</p>"
    own = [finding for finding in checked.findings if finding.file.endswith(".md")]
    by_line: dict[int, list[Finding]] = {}
    for finding in own:
        by_line.setdefault(finding.line, []).append(finding)
    lines = "".join(
        f'<li value="{number}"><code>{escape(line) or "&nbsp;"}</code>{_told(by_line[number])}</li>'
        for number, line in enumerate([*text.split("\n"), ""], 1)
        if number in by_line
    )
    others = "".join(
        f"<li>{escape(finding.file)}, line {finding.line}: {escape(finding.problem)}</li>"
        for finding in checked.findings
        if finding not in own
    )
    beside = f"<p>In other files:</p><ul>{others}</ul>" if others else ""
    count = len(checked.findings)
    heading = "One finding" if count == 1 else f"{count} findings"
    return f'<h3>{heading}</h3><ol class="lines">{lines}</ol>{beside}'


def _told(found: Sequence[Finding]) -> str:
    return "".join(f"<p>{escape(finding.problem)}</p>" for finding in found)


def chunks(found: Sequence[Chunk]) -> str:
    """The passages that the index will hold."""
    items = "".join(
        f"<li><strong>{escape(chunk.section)}</strong> ({chunk.end - chunk.start} characters)"
        f"<p>{escape(squash(chunk.embedded[chunk.text_at :]))}</p></li>"
        for chunk in found
    )
    return f"<details><summary>{len(found)} passages in the index</summary><ol>{items}</ol></details>"


def conflict(they: Theirs, mine: str) -> str:
    """What the second of two editors sees: what the other one wrote, and that their own text is still there."""
    who = (
        f"{escape(they.who)} has saved a draft of this article" if they.who else "This article has been published anew"
    )
    difference = "\n".join(
        difflib.unified_diff(they.content.text.split("\n"), mine.split("\n"), "theirs", "yours", lineterm="", n=1)
    )
    return (
        f'<div role="alert" class="conflict"><p><strong>{who} since you opened it.</strong> Nothing of yours was saved '
        "over it, and your text is still in the box. Save yours over theirs, which stays under earlier texts, or open "
        f"theirs, and yours stays below.</p></div><details><summary>How the two differ</summary>"
        f"<pre>{escape(difference) or 'They are the same.'}</pre></details>"
    )


def kept_text(mine: str) -> str:
    """An editor's own text, after they opened somebody else's."""
    return f"<details open><summary>Your text, which is not saved</summary><pre>{escape(mine)}</pre></details>"


def drafts_waiting(waiting: Sequence[Draft]) -> str:
    """What the next version will hold."""
    if not waiting:
        return "<p>No article is drafted. Edit or upload one first.</p>"
    items = "".join(
        f"<li>{escape(draft.content.slug)}{' (to be taken out)' if draft.content.removes else ''}, saved by "
        f"{escape(draft.author)} on {draft.at.strftime(MOMENT)} UTC</li>"
        for draft in waiting
    )
    return f"<p>The next version is what serves now with these drafts:</p><ul>{items}</ul>"


def progress(now: Progress) -> str:
    """How the build goes."""
    if now.stage is Stage.IDLE:
        return ""
    if now.stage is Stage.RUNNING:
        known = f' max="{now.total}" value="{now.done}"' if now.total else ""
        part = f" {now.done} of {now.total} passages." if now.total else ""
        label = "Building the next version"
        return f'<p role="status">{escape(now.message)}{part}</p><progress aria-label="{label}"{known}></progress>'
    role = "alert" if now.stage is Stage.FAILED else "status"
    return f'<p role="{role}" class="{now.stage}">{escape(now.message)}</p>'


def beside(before: Turn, after: Turn) -> str:
    """The two replies to one question."""
    columns = _reply("What visitors get now", before) + _reply("The next version", after)
    return f'<div class="beside">{columns}</div>'


def _reply(heading: str, turn: Turn) -> str:
    reply = turn.reply
    # Without its links, which would open the article as it is published now.
    answer = as_html(replace(reply, citations=()), reply.answer)
    sources = "".join(
        f"<li>{escape(citation.title)}, {escape(citation.section)}: “{escape(citation.quote)}”</li>"
        for citation in reply.citations
    )
    passages = "".join(
        f"<li>{escape(passage.title)}, {escape(passage.section)} ({passage.score:.2f})</li>"
        for passage in reply.passages[:FIRST_PASSAGES]
    )
    return (
        f"<section><h3>{heading}</h3><p>Route: <strong>{reply.route.replace('_', ' ')}</strong></p>{answer}"
        f"<h4>Cited</h4><ol>{sources}</ol><h4>First passages</h4><ol>{passages}</ol></section>"
    )


def history(past: Sequence[Published], done: Sequence[Entry]) -> str:
    """Which versions served, and what editors did."""
    if not past and not done:
        return "<p>Nobody has changed anything yet.</p>"
    steps = table(
        "Steps, times in UTC",
        ("When", "Who", "What", "Which"),
        [(entry.at.strftime(MOMENT), entry.who, entry.what, entry.subject_id) for entry in done],
    )
    if not past:
        return steps
    versions = table(
        "Versions, times in UTC",
        ("When", "Who", "What", "From", "To", "Articles"),
        [
            (
                entry.at.strftime(MOMENT),
                entry.who,
                entry.what.replace("_", " "),
                entry.from_version,
                entry.to_version,
                ", ".join(entry.articles),
            )
            for entry in past
        ],
    )
    return versions + steps
