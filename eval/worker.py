"""One run for the staff console, in a process of its own, over what visitors get at this moment.

python -m eval.worker FILE OUT [BASELINE]: as `python -m eval run`, but over the published articles and the approved
answers, without questions whose evidence these articles no longer hold, and compared with an earlier run of the file,
which may have grown since. A held-out test gets no report, since that would show its questions.
"""

import sys
import time
from dataclasses import asdict
from pathlib import Path

from bot.chat import load_bot
from bot.errors import UserError
from bot.publishing.shelf import Shelf
from bot.records.database import open_records
from bot.records.served import Served
from bot.settings import Settings
from eval.compare import Comparison, compare_shared
from eval.questions import held_out
from eval.report import write_report
from eval.run import read_run, run, write_json


def main(arguments: list[str]) -> int:
    """The exit status: 0 fine, 2 bad input, said in one sentence."""
    questions, out, *baseline = map(Path, arguments)
    try:
        settings = Settings.load()
        started = time.perf_counter()
        library = Shelf.of(settings).published()
        bot = load_bot(settings, quiet=True, library=library, curated=Served(open_records(settings)))
        finished = run(questions, bot, out, load_seconds=time.perf_counter() - started, leave_out_unfit=True)
        if not held_out(questions):
            write_report(finished)
        if baseline and (found := compare_shared(read_run(baseline[0]), finished)):
            write_json(out / "comparison.json", told(found))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def told(found: Comparison) -> dict[str, object]:
    """The comparison as plain values."""
    return {
        "before": found.a.path.name,
        "questions": len(found.b.rows),
        "verdict": found.verdict,
        "metrics": {name: asdict(one) for name, one in found.metrics.items()},
        "fixed": found.fixed,
        "broken": found.broken,
        "changed": found.changed,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
