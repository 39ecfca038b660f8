"""Write web/fixtures/*.json: the models of web/fixtures/programs, which the front end is developed and tested with.

Run it from anywhere: `python web/make_fixtures.py [name ...]`. Each program runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RUN = """
import sys
from pathlib import Path
from dualtape import standin
from dualtape.launch import run_file
from dualtape.show.command import recorded
from dualtape.show.shrink import dumped
program, output = sys.argv[1:]
standin.install()
session, _ = recorded(program, [], run_file)
Path(output).write_text(dumped({"format": 1, "models": [session.model()]}), encoding="utf-8")
"""


def main() -> None:
    """Write those named, or all."""
    env = {**os.environ, "PYTHONPATH": str(HERE.parent / "src")}
    for program in sorted((HERE / "fixtures" / "programs").glob("*.py")):
        if len(sys.argv) == 1 or program.stem in sys.argv[1:]:
            out = HERE / "fixtures" / f"{program.stem}.json"
            subprocess.run(
                [sys.executable, "-c", RUN, program.name, str(out)],
                env=env,
                cwd=program.parent,
                check=False,
                stdout=subprocess.DEVNULL,
            )
            text = (
                out.read_text(encoding="utf-8")
                .replace(f"{program.parent}/", "")
                .replace(f"{HERE.parent}/src/", "")
            )
            out.write_text(text, encoding="utf-8")
            page = json.loads(text)
            print(
                out.name,
                out.stat().st_size,
                [(g["title"], g["total"]) for g in page["models"][0]["graphs"]],
            )


if __name__ == "__main__":
    main()
