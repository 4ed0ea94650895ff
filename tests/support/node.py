"""Runs JavaScript under node, for tests that compare it with Python.

    answer = run_module('import { number } from "../autograd/pages/numbers.js"; ...', [0.5, 2.0])

A test without node skips. It fails if the environment variable CI is set.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

from .browser import require

ROOT = Path(__file__).parents[2]
READ = """
import { readFileSync } from "node:fs";
const named = { Infinity: Infinity, "-Infinity": -Infinity, NaN: NaN, "-0": -0 };
const revive = (key, x) => (typeof x === "string" && x in named ? named[x] : x);
const given = JSON.parse(readFileSync(0, "utf-8"), revive);
const text = (x) => (x === 0 ? "-0" : String(x));
const special = (key, x) =>
  typeof x === "number" && (!Number.isFinite(x) || Object.is(x, -0)) ? text(x) : x;
const answer = (x) => process.stdout.write(JSON.stringify(x, special));
"""
SPECIAL = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan, "-0": -0.0}


def run_module(source: str, given: Any = None) -> Any:
    """Return what the module ``source`` hands to ``answer``. It has the argument as ``given``.

    It imports modules by their path from the root of the repository.
    """
    node = shutil.which("node")
    require(node, "needs node (Debian: apt-get install nodejs)")
    done = subprocess.run(
        [str(node), "--input-type=module", "-e", READ + source],
        cwd=ROOT,
        input=json.dumps(_plain(given)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return _revived(json.loads(done.stdout))


def _plain(x: Any) -> Any:
    if isinstance(x, float):
        if math.isnan(x):
            return "NaN"
        if math.isinf(x) or (x == 0 and math.copysign(1, x) < 0):
            return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(x, "-0")
    if isinstance(x, dict):
        return {key: _plain(value) for key, value in x.items()}
    return [_plain(y) for y in x] if isinstance(x, list | tuple) else x


def _revived(x: Any) -> Any:
    if isinstance(x, str):
        return SPECIAL.get(x, x)
    if isinstance(x, dict):
        return {key: _revived(value) for key, value in x.items()}
    return [_revived(y) for y in x] if isinstance(x, list) else x
