"""A small library of two articles over the shipped models, and what an editor does to it."""

from dataclasses import replace
from pathlib import Path

from bot.chat import Bot, over
from bot.publishing.content import Content
from bot.publishing.publisher import Publisher, Stage
from bot.publishing.shelf import article_digest
from bot.publishing.upload import open_article
from bot.records import drafts
from bot.records.database import Records
from bot.settings import Settings
from bot.web.conversations import Conversations

OILS = """\
---
slug: oils
title: Oils
questions:
  - Which oil is best for a back massage?
---

Almond oil is the best oil for a back massage.

## How much oil do I need? {#how-much}

One teaspoon of oil is enough for a back massage.
"""
ASKED = "how-much:\n  - how much oil should i pour on the back\n"
REST = "Rest\n\nLie down for ten minutes after a back massage.\n"
MUCH = "How much oil do I need?"


def small_library(folder: Path) -> Path:
    """Written down; the folder."""
    folder.mkdir()
    (folder / "oils.md").write_text(OILS)
    (folder / "oils.questions.yaml").write_text(ASKED)
    (folder / "rest.txt").write_text(REST)
    (folder / "uncovered.yaml").write_text("- what does a massage table cost\n")
    return folder


def small_bot(bot: Bot, folder: Path, data: Path) -> Bot:
    """The models of `bot` over the small library."""
    settings = Settings.load(corpus=folder, data=data)
    return over(replace(bot, settings=settings), folder)


def publisher(bot: Bot, records: Records) -> tuple[Publisher, Conversations]:
    """One process of its own."""
    conversations = Conversations(bot)
    return Publisher(bot.settings, conversations, records), conversations


def edit(publisher: Publisher, records: Records, old: str, new: str, *, slug: str = "oils", who: str = "ben") -> None:
    """Saves a draft of the published article in which some words are others."""
    published = publisher.shelf.now()
    content = open_article(published.folder, slug)
    assert content and old in content.text
    save(publisher, records, replace(content, text=content.text.replace(old, new)), who=who)


def save(publisher: Publisher, records: Records, content: Content, who: str = "ben") -> None:
    """Saves a draft, as the page does."""
    published = publisher.shelf.now()
    before = drafts.last(records, content.slug)
    drafts.save(
        records,
        who,
        content,
        seen=before.revision if before else 0,
        base=published.version,
        base_digest=article_digest(published.folder, content.slug),
    )


def build(publisher: Publisher, who: str = "ben") -> None:
    """Builds the drafts, to be published."""
    publisher.build(who)
    progress = publisher.wait(120)
    assert progress.stage is Stage.READY, progress


def publish(publisher: Publisher, who: str = "ben") -> None:
    """Builds the drafts and publishes them."""
    build(publisher, who)
    publisher.publish(who)
