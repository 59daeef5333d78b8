"""Cold start: what importing a function adds to importing boto3, which every function needs."""

import subprocess
import sys
import time

from tests.bench.measure import Comparison

ROUNDS = 15
LIMIT_MS = 120
FUNCTIONS = ("ingest", "count", "archive", "track")


def run() -> list[Comparison]:
    """Time fresh interpreters, in turns, and give the best of each."""
    programs = {"boto3": "import boto3"} | {
        name: f"import boto3, transform.handlers.{name}" for name in FUNCTIONS
    }
    best = dict.fromkeys(programs, float("inf"))
    for _ in range(ROUNDS):
        for name, program in programs.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            best[name] = min(best[name], (time.perf_counter() - start) * 1000)
    return [
        Comparison(
            f"cold start, import of {name}",
            f"{best[name]:.0f} ms",
            "import boto3",
            f"{best['boto3']:.0f} ms",
            f"+ {best[name] - best['boto3']:.0f} ms",
            f"<= + {LIMIT_MS} ms",
            best[name] - best["boto3"] <= LIMIT_MS,
        )
        for name in FUNCTIONS
    ]
