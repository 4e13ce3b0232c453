"""The command line: python -m bot ask | index | guard | article | users. Results go to standard output."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the heavy parts are imported when they are needed: help must come at once
    from bot.chat import Bot, Turn

BAD_INPUT = 2
SOME_REFUSED = 1


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 fine, 1 some cases of a batch were refused, 2 bad input."""
    from bot.errors import UserError

    options = _parser().parse_args(arguments)
    try:
        commands = {"ask": _ask, "index": _index, "guard": _guard, "article": _article, "users": _users}
        status = commands[options.command](options)
        sys.stdout.flush()  # here, so that a reader who has gone is noticed here
        return status
    except UserError as error:
        print(f"bot: {error}", file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("bot: stopped.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Answers about back massage, each sentence cited."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    ask = commands.add_parser(
        "ask",
        help="answer one question, or a file of them",
        description="Answers from the published articles alone. The curated answers of the console, which need its "
        "database, are given by the web program only.",
    )
    ask.add_argument("question", nargs="?", help="what to ask")
    ask.add_argument("--json", action="store_true", help="print the whole reply as JSON")
    ask.add_argument(
        "--batch", type=Path, metavar="FILE", help="JSON lines with id and turns; one reply a line, in order"
    )
    index = commands.add_parser("index", help="build or refresh the index")
    for command in (ask, index):
        command.add_argument("--corpus", type=Path, metavar="FOLDER", help="answer from this folder of articles")
    guard = commands.add_parser("guard", help="what the guard decides, and why")
    guard.add_argument("message", nargs="*", help="the visitor's messages, oldest first, each in quotes")
    guard.add_argument("--explain", action="store_true", help="the decision step by step")
    guard.add_argument(
        "--batch", type=Path, metavar="FILE", help="JSON lines with id and turns; one verdict a line, in order"
    )
    article = commands.add_parser("article", help="write and check the shipped articles")
    parts = article.add_subparsers(dest="part", required=True, metavar="PART")
    new = parts.add_parser("new", help="begin an article: its file and that of its visitor questions")
    new.add_argument("slug", help="its name: small letters, digits and hyphens")
    new.add_argument("--title", default="", help="its title, in quotes")
    check = parts.add_parser("check", help="hold every article to the rules")
    check.add_argument("names", nargs="*", metavar="SLUG", help="only the findings of these")
    parts.add_parser("report", help="articles, claims, sources and questions as a table")
    forbid = parts.add_parser("forbid", help="from now on no article may copy from these texts")
    forbid.add_argument("folder", type=Path, help="folder of texts; only fingerprints of them are kept")
    users = commands.add_parser("users", help="who may sign in to the staff console")
    steps = users.add_subparsers(dest="step", required=True, metavar="STEP")
    steps.add_parser("list", help="every user with roles and state")
    for step, what in (
        ("add", "make a user; the password is asked for, or read as one line"),
        ("passwd", "change a password; all sessions of the user end"),
        ("disable", "shut a user out at once"),
        ("enable", "let a user in again, also one who was locked out"),
        ("role", "give a user other roles"),
    ):
        change = steps.add_parser(step, help=what)
        change.add_argument("name")
        if step in ("add", "role"):
            change.add_argument(
                "--role", dest="roles", action="append", default=[], help="support, editor, evaluator or admin; repeat"
            )
    return parser


def _ask(options: argparse.Namespace) -> int:
    from bot.errors import MessageError
    from bot.settings import Settings

    if (options.question is None) == (options.batch is None):
        raise MessageError("usage", "give one question in quotes, or --batch FILE.")
    cases = list(_read_cases(options.batch)) if options.batch else []
    settings = Settings.load(corpus=options.corpus)
    from bot.chat import load_bot
    from bot.publishing.shelf import Shelf

    bot = load_bot(settings, library=options.corpus or Shelf.of(settings).published())
    if options.batch:
        return _batch(bot, cases)
    reply = bot.reply(options.question).reply
    print(json.dumps(reply.to_json()) if options.json else _as_text(reply.to_json()))
    return 0


def _batch(bot: "Bot", cases: list[dict[str, Any]]) -> int:
    """One reply a line, as soon as it is there. A case that cannot be taken gets a reply that says so, in its place."""
    from tqdm import tqdm

    refused = 0
    for case in tqdm(cases, desc="Answering", unit=" cases", disable=None, file=sys.stderr):
        body = _play(bot, case)
        refused += "error" in body
        print(json.dumps(body), flush=True)
    if refused:
        print(f"bot: {refused} of {len(cases)} cases were refused; their lines have an 'error'.", file=sys.stderr)
    return SOME_REFUSED if refused else 0


def _play(bot: "Bot", case: dict[str, Any]) -> dict[str, Any]:
    from bot.chat import STEPS
    from bot.errors import MessageError
    from bot.reply import Reply, Route

    history: list[Turn] = []
    try:
        for message in case["turns"]:
            history.append(bot.reply(message, history))
    except MessageError as error:
        refusal = Reply(Route.OUT_OF_SCOPE, str(error), timings_ms=dict.fromkeys(STEPS, 0.0)).to_json()
        return {**refusal, "id": case["id"], "error": {"code": error.code, "message": str(error)}}
    return {**history[-1].reply.to_json(), "id": case["id"]}


def _read_cases(path: Path) -> Iterator[dict[str, Any]]:
    """Every case of the file, checked before the first is answered. Raises MessageError naming file and line."""
    from bot.errors import MessageError

    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise MessageError("unreadable", f"{path} cannot be read as UTF-8 text ({error}).") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
        except ValueError as error:
            raise MessageError(
                "not_json", f"{path}:{number}: not JSON; each line holds an object with id and turns."
            ) from error
        turns = case.get("turns") if isinstance(case, dict) else None
        if not isinstance(case, dict) or "id" not in case:
            raise MessageError("no_id", f"{path}:{number}: no id; each line holds an object with id and turns.")
        if not isinstance(turns, list) or not turns or not all(isinstance(turn, str) for turn in turns):
            raise MessageError("no_turns", f"{path}:{number}: turns must be a list of at least one message.")
        yield case


def _index(options: argparse.Namespace) -> int:
    from bot.settings import Settings

    settings = Settings.load(corpus=options.corpus)
    from bot.encoder import load_encoder
    from bot.publishing.shelf import Shelf
    from bot.retrieval.index import Index, refresh

    if options.corpus is None:
        settings = settings.model_copy(update={"corpus": Shelf.of(settings).published()})
    index = Index.open(refresh(settings, load_encoder(settings.encoder, settings.threads)))
    print(f"Index {index.version}: {len(index.articles)} articles, {len(index.chunks)} passages, in {index.path}")
    return 0


def _guard(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from bot.chat import check_or_refer, load_guard
    from bot.errors import MessageError
    from bot.guard.explain import explain

    if bool(options.message) == bool(options.batch):
        raise MessageError("usage", "give the visitor's messages in quotes, or --batch FILE.")
    cases = list(_read_cases(options.batch)) if options.batch else [{"id": "", "turns": options.message}]
    guard = load_guard()
    for case in cases:
        verdict = check_or_refer(guard, case["turns"])
        if options.explain:
            print("\n".join(explain(guard, case["turns"])))
        elif options.batch:
            print(json.dumps({"id": case["id"], "route": verdict.route, "flags": [asdict(f) for f in verdict.flags]}))
        else:
            print(verdict.route, *(flag.id for flag in verdict.flags))
    return 0


def _article(options: argparse.Namespace) -> int:
    from bot.corpus import author

    match options.part:
        case "new":
            return author.new(options.slug, options.title)
        case "check":
            return author.check(options.names)
        case "report":
            return author.report()
        case _:
            return author.forbid(options.folder)


def _users(options: argparse.Namespace) -> int:
    from bot.records import manage

    match options.step:
        case "add":
            return manage.add(options.name, options.roles)
        case "passwd":
            return manage.passwd(options.name)
        case "disable":
            return manage.disable(options.name)
        case "enable":
            return manage.enable(options.name)
        case "role":
            return manage.role(options.name, options.roles)
        case _:
            return manage.show()


def _as_text(reply: dict[str, Any]) -> str:
    """For a person: the route where it matters, the answer, the sources, what to ask next."""
    from bot.answering.draft import unescape

    parts = [] if reply["route"] == "answer" else [f"({reply['route'].replace('_', ' ')})"]
    parts.append(unescape(reply["answer"].replace("**", "")))
    parts.append("\n".join(_sources(reply["citations"])))
    if reply["suggestions"]:
        parts.append("You could also ask:\n" + "\n".join(f"  {question}" for question in reply["suggestions"]))
    return "\n\n".join(part for part in parts if part)


def _sources(citations: Iterable[dict[str, Any]]) -> Iterator[str]:
    for citation in citations:
        place = (
            citation["title"]
            if citation["section"] == citation["title"]
            else f"{citation['title']}, {citation['section']}"
        )
        yield f'[{citation["number"]}] {place}\n    "{" ".join(citation["quote"].split())}"'


if __name__ == "__main__":
    sys.exit(main())
