"""The command line: python -m eval run | compare | gate | guard | check | import | retrieval | bench."""

import argparse
import datetime
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import UserError
from bot.settings import ROOT, Settings

if TYPE_CHECKING:  # the heavy parts are imported when they are needed: help must come at once
    from eval.run import Run

QUESTIONS = Path(__file__).parent / "questions"
RUNS = ROOT / "var" / "runs"
FAILED, BAD_INPUT, STOPPED = 1, 2, 130


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 fine, 1 a gate failed, 2 bad input."""
    options = _parser().parse_args(arguments)
    commands = {
        "run": _run,
        "compare": _compare,
        "gate": _gate,
        "guard": _guard,
        "check": _check,
        "import": _import,
        "retrieval": _retrieval,
        "bench": _bench,
    }
    try:
        return commands[options.command](options)
    except UserError as error:
        print(f"eval: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("eval: stopped; the same command goes on where it was.", file=sys.stderr)
        return STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval", description="Measure the bot; see eval/README.md.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser(
        "run",
        help="play a question file, score it, write a report",
        description="Measures what the published articles alone answer, so that a run can be made again anywhere. A "
        "run of the console's benchmark page measures what visitors get at that moment, curated answers included.",
    )
    run.add_argument("--baseline", type=Path, metavar="RUN", help="compare with this run at the end")
    gate = commands.add_parser("gate", help="fail where a metric is below its bar in eval/gates.toml")
    gate.add_argument("--run", type=Path, metavar="RUN", help="judge this run instead of making one")
    for command in (run, gate):
        command.add_argument(
            "--out", type=Path, metavar="FOLDER", help="keep the run here; an unfinished one is finished"
        )
        command.add_argument("--questions", type=Path, default=QUESTIONS / "dev.jsonl", metavar="FILE")
        command.add_argument("--corpus", type=Path, metavar="FOLDER", help="answer from this folder of articles")
        command.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE", help="as BOT_NAME=VALUE")
        command.add_argument("--slice", action="append", default=[], metavar="NAME", help="only these slices")
        command.add_argument(
            "--peers", action="store_true", help="score four retrieval baselines and a keyword guard too"
        )
        command.add_argument(
            "--jobs", type=int, default=1, metavar="N", help="conversations at once; timings then overlap"
        )

    compare = commands.add_parser("compare", help="what changed from run A to run B, and whether it is chance")
    compare.add_argument("a", type=Path, metavar="A")
    compare.add_argument("b", type=Path, metavar="B")

    guard = commands.add_parser("guard", help="the guard alone, by slice, and each half of it by itself")
    held_out = [QUESTIONS / "guard-test.jsonl", QUESTIONS / "guard-test-2.jsonl"]
    guard.add_argument("--questions", type=Path, nargs="+", default=held_out, metavar="FILE")

    check = commands.add_parser("check", help="prove that evidence is verbatim and states the facts")
    check.add_argument("files", type=Path, nargs="*", metavar="FILE", help="all of eval/questions where none is named")
    check.add_argument("--corpus", type=Path, metavar="FOLDER")

    cases = commands.add_parser("import", help="add reviewed cases to a question file")
    cases.add_argument("cases", type=Path, metavar="CASES", help="JSON lines in the shape of a question file")
    cases.add_argument("--into", type=Path, default=QUESTIONS / "dev.jsonl", metavar="FILE")
    cases.add_argument("--corpus", type=Path, metavar="FOLDER")

    retrieval = commands.add_parser("retrieval", help="the bot's retriever over a public collection (BEIR layout)")
    for name in ("corpus", "queries", "qrels"):
        retrieval.add_argument(f"--{name}", type=Path, required=True, metavar="FILE")
    retrieval.add_argument("--out", type=Path, metavar="FOLDER", help="write TREC run and qrels files here")

    bench = commands.add_parser("bench", help="time the guard and a full answer against a bare encoder pass")
    bench.add_argument("--questions", type=Path, default=QUESTIONS / "dev.jsonl", metavar="FILE")
    return parser


def _run(options: argparse.Namespace) -> int:
    from eval.compare import compare, lines
    from eval.report import markdown, write_report
    from eval.run import read_run

    baseline = (
        read_run(options.baseline) if options.baseline else None
    )  # before the work, so that a slip is told at once
    finished = _play(options)
    summary = "\n".join(markdown(finished)) + "\n"
    (finished.path / "summary.md").write_text(summary, encoding="utf-8")
    print(summary, end="")
    print(f"Report: {write_report(finished)}", file=sys.stderr)
    if baseline:
        print("\n".join(["", *lines(compare(baseline, finished))]))
    return 0


def _gate(options: argparse.Namespace) -> int:
    from eval.gate import failures, read_gates
    from eval.run import RunError, read_run

    gates = read_gates()
    run = read_run(options.run) if options.run else _play(options)
    name = Path(run.about["file"]).stem
    if name not in gates:
        raise RunError(f"eval/gates.toml has no bars for {name}; it has them for {', '.join(gates)}.")
    failed = list(failures(run, gates[name]))
    for failure in failed:
        print(f"eval: {name}: {failure}", file=sys.stderr)
    print(f"{name}: {len(gates[name]) - len(failed)} of {len(gates[name])} bars cleared.", file=sys.stderr)
    return FAILED if failed else 0


def _play(options: argparse.Namespace) -> "Run":
    """The run over the published articles alone; with the curated answers it is eval/worker.py that plays."""
    from bot.chat import load_bot
    from bot.publishing.shelf import Shelf
    from eval.questions import read_questions
    from eval.run import run

    read_questions(options.questions)  # before the bot is loaded, so that a slip is told at once
    now = datetime.datetime.now(datetime.UTC)
    out = options.out or RUNS / f"{options.questions.stem}-{now:%Y%m%dT%H%M%S}"
    settings = Settings.load(corpus=options.corpus, **dict(_setting(text) for text in options.setting))
    started = time.perf_counter()
    bot = load_bot(settings, library=options.corpus or Shelf.of(settings).published())
    return run(
        options.questions,
        bot,
        out,
        slices=options.slice,
        peers=options.peers,
        jobs=options.jobs,
        load_seconds=time.perf_counter() - started,
    )


def _setting(text: str) -> tuple[str, str]:
    from bot.errors import SettingsError

    name, mark, value = text.partition("=")
    key = name.strip().lower().removeprefix("bot_")
    if not mark or key not in Settings.model_fields:
        raise SettingsError(f"--setting {text}: expected NAME=VALUE with one of {', '.join(Settings.model_fields)}.")
    return key, value


def _compare(options: argparse.Namespace) -> int:
    from eval.compare import compare, lines
    from eval.run import read_run

    print("\n".join(lines(compare(read_run(options.a), read_run(options.b)))))
    return 0


def _guard(options: argparse.Namespace) -> int:
    from eval.guard import measure

    for line in measure(options.questions):
        print(line)
    return 0


def _check(options: argparse.Namespace) -> int:
    from eval.questions import problems, read_questions

    texts = _texts(options.corpus)
    count = 0
    files = options.files or sorted(QUESTIONS.glob("*.jsonl"))
    for file in files:
        for question in read_questions(file):
            for problem in problems(question, texts):
                print(f"{file}: {question.id}: {problem}")
                count += 1
    print(f"{len(files)} files, {count} problems.", file=sys.stderr)
    return BAD_INPUT if count else 0


def _import(options: argparse.Namespace) -> int:
    from eval.cases import add_cases

    added = add_cases(options.cases, options.into, _texts(options.corpus))
    print(f"{len(added)} cases added to {options.into}.", file=sys.stderr)
    return 0


def _texts(corpus: Path | None) -> dict[str, str]:
    from bot.retrieval.formats import read_folder

    return {article.slug: article.text for article in read_folder(Settings.load(corpus=corpus).corpus)}


def _retrieval(options: argparse.Namespace) -> int:
    from eval.collection import measure

    for line in measure(options.corpus, options.queries, options.qrels, options.out, Settings.load()):
        print(line)
    return 0


def _bench(options: argparse.Namespace) -> int:
    from eval.bench import bench

    bench(options.questions, Settings.load())
    return 0


if __name__ == "__main__":
    sys.exit(main())
