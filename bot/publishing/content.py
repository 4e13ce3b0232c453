"""What an editor writes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Content:
    """One article as an editor wants it."""

    slug: str  # of the article; or uncovered.yaml, whose text is that file
    text: str  # Markdown with front matter
    questions: str = ""  # what visitors ask it, as YAML
    removes: bool = False  # the article is to be taken out; text and questions do not count then
