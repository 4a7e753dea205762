"""Run by a fresh interpreter: ``python airflow_commands.py COMMANDS FILE`` writes what several Airflow commands print, as JSON.

Both are JSON: a list of argument lists, and the list of what was printed. One process, as each start of Airflow takes seconds.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

from airflow.__main__ import main

if __name__ == "__main__":
    commands, file = json.loads(sys.argv[1]), Path(sys.argv[2])
    printed = []
    for arguments in commands:
        sys.argv = ["airflow", *arguments]
        with redirect_stdout(io.StringIO()) as output:
            main()
        printed.append(output.getvalue())
    file.write_text(json.dumps(printed))
