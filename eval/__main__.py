"""The command line: python -m eval run | bench."""

import argparse
import sys
from pathlib import Path

from bot.errors import UserError
from bot.settings import Settings

QUESTIONS = Path(__file__).parent / "questions"


def main() -> int:
    """The exit status: 0 fine, 2 bad input."""
    parser = argparse.ArgumentParser(prog="python -m eval", description="Measure the bot.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="play a question file and score routes, passages and facts")
    run.add_argument("--questions", type=Path, default=QUESTIONS / "dev.jsonl", metavar="FILE")
    run.add_argument("--corpus", type=Path, metavar="FOLDER", help="answer from this folder of articles")
    run.add_argument("--out", type=Path, metavar="FOLDER", help="also write every reply with its judgement there")
    bench = commands.add_parser("bench", help="time the guard and a full answer against a bare encoder pass")
    bench.add_argument("--questions", type=Path, default=QUESTIONS / "dev.jsonl", metavar="FILE")
    options = parser.parse_args()
    try:
        if options.command == "run":
            from eval.run import run as play

            play(options.questions, Settings.load(corpus=options.corpus), options.out)
        else:
            from eval.bench import bench as measure

            measure(options.questions, Settings.load())
    except UserError as error:
        print(f"eval: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
