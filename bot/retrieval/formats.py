"""Files to articles: Markdown, HTML, PDF and plain text, with or without metadata."""

import io
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.errors import CorpusError
from bot.retrieval.articles import Article, Block, Kind, SourceMark, squash

WRAPPED_FROM, WRAPPED_TO = 40, 130  # characters; the usual widths of broken lines lie between
HEADING_CHARS = 90  # in plain text a longer line is a sentence, not a heading
UNCOVERED = "uncovered.yaml"  # beside the articles: a list of questions that none of them answers
QUESTIONS = ".questions.yaml"  # of an article's visitor questions, beside it: a mapping from anchor to questions


def read_folder(folder: Path) -> list[Article]:
    """Every article below the folder, by slug. Raises CorpusError: no folder, nothing to read, an unreadable file."""
    if not folder.is_dir():
        raise CorpusError(f"{folder} is not a folder; name a folder of {_kinds()} articles.")
    articles: dict[str, Article] = {}
    for path in article_paths(folder):
        article = read_file(path, path.relative_to(folder))
        if article.slug in articles:
            raise CorpusError(f"{path}: its name {article.slug!r} is taken by another article; rename one of the two.")
        articles[article.slug] = article
    if not articles:
        raise CorpusError(f"{folder} holds no article; put {_kinds()} files there.")
    return [articles[slug] for slug in sorted(articles)]


def article_paths(folder: Path) -> list[Path]:
    """Every file below the folder that is read as an article, in order."""
    return sorted(path for path in folder.rglob("*") if _is_article(path, folder))


def read_file(path: Path, name: Path | None = None) -> Article:
    """The article in one file; its slug is the front matter's, or the name without its ending.

    Raises CorpusError naming the file where it cannot be read or holds no text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    article = read_bytes(data, name or Path(path.name), shown=str(path))
    return replace(article, asked=read_questions(path.with_suffix(QUESTIONS)))


def read_bytes(data: bytes, name: Path, shown: str) -> Article:
    """The article in a file of that name with this content; its slug is as `read_file` says.

    Raises CorpusError naming the file as `shown` where its content cannot be read or holds no text.
    """
    if name.suffix.lower() not in READERS:
        raise CorpusError(f"{shown} is no article; use a file that ends in {_kinds()}.")
    try:
        article = READERS[name.suffix.lower()](data, _slug(name))
    except Exception as error:  # parsers of foreign formats fail in many ways; all mean the file is unusable
        raise CorpusError(
            f"{shown} cannot be read as {name.suffix[1:]}: {squash(str(error))[:150]}; mend or remove it."
        ) from error
    if not any(block.kind is not Kind.HEADING for block in article.blocks):
        raise CorpusError(f"{shown} holds no text that can be read; a scanned PDF needs its text recognised first.")
    return article


def read_questions(path: Path) -> dict[str, tuple[str, ...]]:
    """By anchor of a section what visitors may ask it; empty where there is no such file. Raises CorpusError."""
    try:
        rows = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError) as error:
        raise CorpusError(f"{path} cannot be read as YAML: {squash(str(error))[:150]}; mend or remove it.") from error
    if not isinstance(rows, dict) or not all(isinstance(asked, list) for asked in rows.values()):
        raise CorpusError(f"{path} must map the anchor of a section to a list of questions.")
    return {str(anchor): tuple(str(question) for question in asked) for anchor, asked in rows.items()}


def read_uncovered(folder: Path) -> tuple[str, ...]:
    """Questions that no article of the folder answers; empty where there is no such file. Raises CorpusError."""
    path = folder / UNCOVERED
    try:
        rows = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        return ()
    except (OSError, yaml.YAMLError) as error:
        raise CorpusError(f"{path} cannot be read as YAML: {squash(str(error))[:150]}; mend or remove it.") from error
    if not isinstance(rows, list):
        raise CorpusError(f"{path} must be a list of questions.")
    return tuple(str(row) for row in rows)


def read_markdown(data: bytes, slug: str) -> Article:
    """Markdown with optional YAML front matter. `[@source-id]` marks become source marks and leave the text."""
    text = decode(data)
    front, body = _front_matter(text)
    return _from_markdown(body, str(front.get("slug") or slug), front, text.count("\n") - body.count("\n"))


def read_html(data: bytes, slug: str) -> Article:
    """The main text of a web page, without menus and footers; the whole body where no main text is found."""
    import lxml.html
    import trafilatura

    page = re.sub(r"^\s*<\?xml[^>]*\?>", "", decode(data))  # lxml refuses text that names an encoding
    found = trafilatura.extract(page, output_format="markdown", favor_recall=True, include_comments=False) or ""
    tree: Any = lxml.html.document_fromstring(page if page.strip() else "<html></html>")
    title = squash(tree.findtext(".//title") or tree.findtext(".//h1") or "")
    lost_headings = bool(tree.xpath("//h2|//h3")) and not re.search(r"^#{2,3} ", found, re.MULTILINE)
    if found and not lost_headings and len(found) > 0.3 * len(squash(_visible_text(tree))):
        return _from_markdown(found, slug, {"title": title})
    return _from_tree(tree, slug, title)


def read_pdf(data: bytes, slug: str) -> Article:
    """The text layer of a PDF."""
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings would stand beside our one sentence
    reader = PdfReader(io.BytesIO(data))
    pages = [page.extract_text() for page in reader.pages]
    title = reader.metadata.title if reader.metadata else None
    return read_text("\n\n".join(pages).encode("utf-8", "replace"), slug, squash(title or ""))


def read_text(data: bytes, slug: str, title: str = "") -> Article:
    """Plain text as it stands: offsets point into the file's own characters. Headings and lists are recognised."""
    text = decode(data)
    blocks = list(_text_blocks(text))
    first = blocks[0] if blocks else None
    if not title and first and first.kind is Kind.HEADING:
        title = squash(text[first.start : first.end])
    return Article(slug, title or slug, text, tuple(blocks))


READERS: dict[str, Callable[[bytes, str], Article]] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_text,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
}


# --- Markdown ---------------------------------------------------------------------------------------------------------

_SOURCE_MARK = re.compile(r"\s*\[@([\w-]+(?:\s*;\s*@[\w-]+)*)\]")
_ATTRIBUTES = re.compile(r"\s*\{([^{}]*)\}\s*$")


def _from_markdown(body: str, slug: str, front: dict[str, Any], lines_before: int = 0) -> Article:
    writer = _Writer()
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    lists: list[int] = []  # of each open list the next number, or 0 for bullets
    level = 0
    fresh_item = False
    row: list[str] | None = None
    for token in tokens:
        writer.line = lines_before + token.map[0] + 1 if token.map else writer.line
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "heading_close":
                level = 0
            case "bullet_list_open":
                lists.append(0)
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                fresh_item = True
            case "list_item_close":
                if lists[-1]:
                    lists[-1] += 1
            case "tr_open":
                row = []
            case "tr_close":
                writer.paragraph(" | ".join(row or []))
                row = None
            case "inline" if row is not None:
                row.append(_inline(token))
            case "inline" if level:
                writer.heading(_inline(token), level)
            case "inline" if lists and fresh_item:
                writer.item(_inline(token), lists[-1])
                fresh_item = False
            case "inline" if lists and writer.blocks and writer.blocks[-1].kind in (Kind.ITEM, Kind.STEP):
                writer.further(_inline(token))
            case "inline":
                writer.paragraph(_inline(token))
            case "fence" | "code_block":
                writer.paragraph(token.content)
            case "html_block":
                writer.paragraph(_strip_tags(token.content))
            case _:
                pass
    title = str(front.get("title") or "") or writer.first_heading or slug
    questions = front.get("questions") or ()
    return Article(
        slug=_slug(Path(slug)),
        title=squash(title),
        text=writer.text,
        blocks=tuple(writer.blocks),
        marks=tuple(writer.marks),
        questions=tuple(str(q) for q in questions) if isinstance(questions, list) else (),
        meta={key: str(front[key]) for key in ("summary", "ask_first", "reviewed") if front.get(key)},
    )


class _Anchors:
    """Hands out names for headings, each once in its article."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def unique(self, heading: str) -> str:
        anchor = _slug(Path(heading.lower()))
        self._taken[anchor] += 1
        return anchor if self._taken[anchor] == 1 else f"{anchor}--{self._taken[anchor]}"


class _Writer:
    """Collects the plain text of a Markdown document and remembers where each block stands in it."""

    def __init__(self) -> None:
        self.text = ""
        self.blocks: list[Block] = []
        self.marks: list[SourceMark] = []
        self.first_heading = ""
        self.line = 0  # where the next block stands
        self._anchors = _Anchors()

    def heading(self, source: str, level: int) -> None:
        attributes = _ATTRIBUTES.search(source)
        words = attributes.group(1).split() if attributes else []
        source = _SOURCE_MARK.sub("", source[: attributes.start()] if attributes else source)
        anchor = self._anchors.unique(next((w[1:] for w in words if w.startswith("#")), source))
        evidence = next((w.partition("=")[2] for w in words if w.startswith("evidence=")), "")
        self.first_heading = self.first_heading or squash(source)
        self._add(source, "\n\n", "", Kind.HEADING, level=level, anchor=anchor, evidence=evidence)

    def paragraph(self, source: str) -> None:
        self._add(source, "\n\n", "", Kind.PARAGRAPH)

    def item(self, source: str, number: int) -> None:
        marker = f"{number}. " if number else "- "
        in_list = bool(self.blocks) and self.blocks[-1].kind in (Kind.ITEM, Kind.STEP)
        self._add(source, "\n" if in_list else "\n\n", marker, Kind.STEP if number else Kind.ITEM, number=number)

    def further(self, source: str) -> None:
        """A later paragraph of the list item before it: it belongs to the list, without a mark of its own."""
        self._add(source, "\n", "  ", Kind.ITEM)

    def _add(self, source: str, gap: str, marker: str, kind: Kind, **details: Any) -> None:
        start = len(self.text) + (len(gap) if self.text else 0) + len(marker)
        plain, last = "", 0
        marks = []
        for found in _SOURCE_MARK.finditer(source):
            plain = (plain + source[last : found.start()]).lstrip()
            last = found.end()
            ids = tuple(part.strip().lstrip("@") for part in found.group(1).split(";"))
            marks.append(SourceMark(start + max(len(plain), 1), ids))
        plain = (plain + source[last:]).strip()
        if not plain.strip():
            return
        self.text += (gap if self.text else "") + marker + plain
        self.blocks.append(Block(kind, start, len(self.text), line=self.line, **details))
        self.marks.extend(marks)


def _inline(token: Token) -> str:
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type == "image":
            parts.append(child.content)
    return squash("".join(parts))


def _strip_tags(html: str) -> str:
    import lxml.html

    return squash(_visible_text(lxml.html.fromstring(f"<div>{html}</div>")))


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    match = re.match(r"---\s*\n(.*?)\n---\s*(?:\n|$)", text, re.DOTALL)
    if not match:
        return {}, text
    front = yaml.safe_load(match.group(1))
    return (front, text[match.end() :]) if isinstance(front, dict) else ({}, text)


# --- HTML -------------------------------------------------------------------------------------------------------------

_ASIDE = "//script|//style|//noscript|//template|//nav|//header|//footer|//aside|//form"
_BLOCKS = frozenset(
    "address article aside blockquote br dd div dl dt fieldset h1 h2 h3 h4 h5 h6 hr li main ol p pre section table "
    "td th tr ul".split()
)


def _from_tree(tree: Any, slug: str, title: str) -> Article:
    """The page's own headings, paragraphs and list items, for pages in which no main text is recognised."""
    for element in tree.xpath(_ASIDE):
        element.drop_tree()
    writer = _Writer()
    for element in tree.xpath("//h1|//h2|//h3|//h4|//h5|//h6|//p|//li|//pre|//tr|//blockquote[not(p)]|//div[not(*)]"):
        text = squash(_spaced(element))
        if element.tag[0] == "h":
            writer.heading(text, int(element.tag[1]))
        elif element.tag == "li":
            number = 0 if element.getparent().tag != "ol" else 1 + len(element.xpath("preceding-sibling::li"))
            writer.item(text, number)
        elif not any(parent.tag in ("li", "tr") for parent in element.iterancestors()):
            writer.paragraph(text)
    if not writer.blocks:
        return read_text(_visible_text(tree).encode("utf-8", "replace"), slug, title)
    return Article(slug, title or writer.first_heading or slug, writer.text, tuple(writer.blocks), tuple(writer.marks))


def _visible_text(tree: Any) -> str:
    for element in tree.xpath("//script|//style|//noscript|//template"):
        element.drop_tree()
    return _spaced(tree)


def _spaced(tree: Any) -> str:
    """The text of an element, with a line break where a block begins or ends so that words do not run together."""
    from lxml import etree

    parts: list[str] = []
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        is_block = isinstance(element.tag, str) and element.tag in _BLOCKS
        parts.append("\n" if is_block else "")
        if event == "start" and isinstance(element.tag, str):
            parts.append(element.text or "")
        if event == "end" and element is not tree:
            parts.append(element.tail or "")
    return "".join(parts)


# --- Plain text -------------------------------------------------------------------------------------------------------

_BULLET = re.compile(r"[•●▪◦‣·∙*–—-]\s+")
_NUMBER = re.compile(r"(\d{1,2})[.)]\s+")
_ENDS_SENTENCE = re.compile(r"[.!?:;,…][\"'”’)\]]*$")

Line = tuple[int, int]  # start and end in the text, without the white space around


def _text_blocks(text: str) -> Iterable[Block]:
    groups = _groups(text)
    paragraphs = [piece for group in groups for piece in _unwrap(text, group)]
    anchors = _Anchors()
    for index, (start, end) in enumerate(paragraphs):
        following = paragraphs[index + 1] if index + 1 < len(paragraphs) else None
        line = text[start:end]
        if bullet := _BULLET.match(line):
            yield Block(Kind.ITEM, start + bullet.end(), end)
        elif _is_heading(text, line, following):
            yield Block(Kind.HEADING, start, end, level=2, anchor=anchors.unique(line))
        elif number := _NUMBER.match(line):
            yield Block(Kind.STEP, start + number.end(), end, number=int(number.group(1)))
        else:
            yield Block(Kind.PARAGRAPH, start, end)


def _groups(text: str) -> list[list[Line]]:
    """The lines that are not blank, in groups between blank ones."""
    groups: list[list[Line]] = [[]]
    position = 0
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped:
            first = position + len(line) - len(line.lstrip())
            groups[-1].append((first, first + len(stripped)))
        elif groups[-1]:
            groups.append([])
        position += len(line) + 1
    return [group for group in groups if group]


def _unwrap(text: str, lines: list[Line]) -> list[Line]:
    """Lines joined where one goes on in the next: it ends no sentence, and the next is in lower case or it was full."""
    long = [text[start:end] for start, end in lines[:-1] if end - start >= WRAPPED_FROM]
    unfinished = sum(not _ENDS_SENTENCE.search(line) for line in long)
    width = max(map(len, long), default=0)
    wrapped = unfinished > len(long) / 2 and width <= WRAPPED_TO
    joined = [lines[0]]
    before = text[lines[0][0] : lines[0][1]]
    for start, end in lines[1:]:
        line = text[start:end]
        full = wrapped and len(before) >= 0.6 * width
        goes_on = not _ENDS_SENTENCE.search(before) and (line[0].islower() or full)
        if goes_on and not (_BULLET.match(line) or _NUMBER.match(line)):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
        before = line
    return joined


def _is_heading(text: str, line: str, following: Line | None) -> bool:
    if following is None or len(line) > HEADING_CHARS or "\n" in line:
        return False
    if _ENDS_SENTENCE.search(line) and not line.endswith("?"):
        return False
    after = text[following[0] : following[1]]
    if _NUMBER.match(line):
        return not _NUMBER.match(after) and len(after) > len(line)
    return bool(re.match(r"\W*[A-Z0-9]|\w+( \w+){0,6}$", line)) and len(line.split()) <= 14


# --- Small helpers ----------------------------------------------------------------------------------------------------


def decode(data: bytes) -> str:
    """The text of a file, whatever system wrote it, with plain line ends."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # the usual other encoding of old web pages
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _slug(name: Path) -> str:
    stem = "-".join([*name.parent.parts, name.stem if name.suffix.lower() in READERS else name.name])
    return re.sub(r"[^\w]+", "-", stem).strip("-") or "article"


def _is_article(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in READERS and path.is_file() and not hidden


def _kinds() -> str:
    return ", ".join(sorted(READERS))
