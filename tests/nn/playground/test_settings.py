"""Settings from a link or a file: read back as they were written, or refused in one sentence."""

import json
import urllib.parse

import pytest

from nn.datasets import Scaling

from .page import run_page

CATCH = """
const tried = (f) => {
  try { return f(); } catch (error) {
    if (error instanceof SettingsError) return { error: error.message };
    return { fault: String(error.stack) };
  }
};
"""
GOOD = [
    {},
    {"data": {"kind": "spiral", "samples": 50, "noise": 0}},
    {"data": {"kind": "plane"}, "training": {"loss": "mae", "optimizer": "adam"}},
    {"data": {"kind": "moons", "noise": 0.25}, "training": {"optimizer": "adam", "lr": 0.1}},
    {
        "data": {
            "kind": "own",
            "points": [[1.5, 2, 0, 0], [1e-9, -3, 1, 1]],
            "classes": ["ä", "&#<"],
        },
        "network": {"hidden": []},
        "mistakes": {"overwrite": True},
        "show": {"edges": "updates", "point": 3},
        "hide": ["data"],
        "lesson": 2,
    },
]


def test_a_link_gives_the_settings_back():
    found = run_page(
        """answer(given.map((settings) => {
          const all = checked(settings);
          const text = toFragment(all);
          return [text, JSON.stringify(fromFragment(`#${text}`)) === JSON.stringify(all)];
        }));""",
        GOOD,
    )
    assert all(same for _, same in found)
    assert len(found[0][0]) < 10
    assert all(len(text) < 500 and '"' not in text and "<" not in text for text, _ in found)


HOSTILE = [
    "%",
    "%7B",
    "null",
    "[]",
    "1",
    '"x"',
    '{"__proto__":{"a":1}}',
    '{"constructor":1}',
    '{"data":null}',
    '{"data":{"kind":"__proto__"}}',
    '{"data":{"kind":"moons","noise":1e999}}',
    '{"data":{"samples":1e9}}',
    '{"data":{"samples":"<script>"}}',
    '{"data":{"names":["a"]},"x":1}',
    '{"data":{"kind":"own"}}',
    '{"data":{"kind":"own","points":[[1,2]]}}',
    '{"data":{"kind":"own","points":[[1,2,7,0]]}}',
    '{"data":{"kind":"own","points":[[1,null,0,0]]}}',
    '{"data":{"kind":"own","points":[[1,2,0,1]]}}',
    '{"data":{"kind":"own","points":[[1,2,0,0]],"classes":["a"]}}',
    '{"data":{"kind":"own","points":[[1,2,0,0]],"classes":[1,2]}}',
    '{"data":{"kind":"own","points":{"length":3}}}',
    '{"data":{"kind":"own","points":[[1,2,0,0]],"names":[]}}',
    '{"data":{"shown":[0,9]}}',
    '{"data":{"scaling":[[0,0],[0,0]]}}',
    '{"data":{"scaling":3}}',
    '{"network":{"hidden":[1000]}}',
    '{"network":{"hidden":[1,1,1,1,1,1,1,1,1]}}',
    '{"network":{"hidden":{"length":1}}}',
    '{"network":{"activation":"constructor"}}',
    '{"network":{"activation":["tanh"]}}',
    '{"network":{"weights":[1]}}',
    '{"network":{"seed":-1}}',
    '{"training":{"loss":"mse"}}',
    '{"training":{"loss":"toString"}}',
    '{"training":{"optimizer":"rmsprop"}}',
    '{"training":{"lr":0}}',
    '{"training":{"betas":[0.9]}}',
    '{"training":{"batch_size":0.5}}',
    '{"mistakes":{"overwrite":1}}',
    '{"mistakes":{"other":true}}',
    '{"show":7}',
    '{"hide":"data"}',
    '{"hide":[{"a":1}]}',
    '{"lesson":"1"}',
    '{"lesson":6}',
    '{"show":{"edges":"x"}}',
    '{"show":{"log":"x"}}',
    '{"alert(1)":1}',
]


def test_hostile_text_is_refused_in_one_sentence():
    found = run_page(
        CATCH + "answer(given.map((text) => tried(() => fromFragment(text))));",
        [text if text.startswith("%") else urllib.parse.quote(text) for text in HOSTILE],
    )
    for text, answer in zip(HOSTILE, found, strict=True):
        assert list(answer) == ["error"], (text, answer)
        sentence = answer["error"]
        assert sentence.endswith("."), sentence
        assert "\n" not in sentence
        assert len(sentence) < 250


FILES = {
    "a,b,kind\n1,2,x\n3,4,y\n": {"classes": ["x", "y"], "names": ["a", "b"], "target": "kind"},
    "1;2;1\n3;4;0\n5;6;1\n": {"classes": ["0", "1"], "names": ["x1", "x2"], "target": "class"},
    "1\t2\t0.5\n3\t4\t1.25\n": {"classes": [], "target": "y"},
    '\ufeff"a, b",c,t\r\n1,2,"x ""q"""\r\n\r\n3,4,y\r\n': {
        "names": ["a, b", "c"],
        "classes": ['x "q"', "y"],
    },
    "x,y\n1,10\n2,9\n": {"names": ["x"], "classes": ["9", "10"], "shown": [0, 0]},
    "a,b,c,t\n1,2,3,0\n4,5,6,1\n": {"names": ["a", "b", "c"], "shown": [0, 1]},
}


def test_files_are_read():
    found = run_page(
        """answer(given.map((text) => {
          const data = pointsOfFile(text);
          const [loss] = lossesFor(data.classes.length);
          return [data, new Run({ data, training: { loss } }).points.length];
        }));""",
        list(FILES),
    )
    for (text, expected), (data, points) in zip(FILES.items(), found, strict=True):
        assert {key: data[key] for key in expected} == expected, text
        assert points == len(data["points"]) >= 2


def test_files_are_standardized_as_the_command_line_does():
    rows = [[1e6, 0.5, 7], [3e6, 0.25, 7], [4e6, 0.75, 7]]
    text = "".join(f"{','.join(map(str, row))},{10 * i + 0.5}\n" for i, row in enumerate(rows))
    data = run_page("answer(pointsOfFile(given));", text)
    scaling, of_targets = Scaling.of(rows), Scaling.of([[10 * i + 0.5] for i in range(3)])
    for found, expected in ((data["scaling"], scaling), (data["target_scaling"], of_targets)):
        assert found[0] == pytest.approx(expected.mean, rel=1e-12)
        assert found[1] == pytest.approx(expected.scale, rel=1e-12)


BAD_FILES = {
    "": "The file is empty",
    "\n \n": "The file is empty",
    "a,b,t\n": "0 rows of data",
    "1,2,x\n": "1 row of data",
    "x\ny\n": "one column",
    "1,2,x\n3,4,x\n": "one class leaves nothing to tell apart",
    "1,nan,x\n3,4,y\n": 'Line 1, column 2: "nan" is not a finite number',
    "a,b,t\n1,2,x\n3,,y\n": "Line 3, column 2: an empty cell",
    "1,2,x\n3,y\n": "Line 2 has 2 columns, the first has 3",
    "1,2,\n3,4,y\n": "Line 1: the target in column 3 is empty",
    "1,2,0.5\n3,4,NaN\n": "Line 2: the target is NaN",
    "1,1e999,x\n3,4,y\n": "is not a finite number",
    "\0\1\2": "not text",
    "1,2,x\n" + "3,4,y\n" * 9_999: "10,000 rows: the page trains on at most 2,000",
    "".join(f"1,2,c{i}\n" for i in range(11)): "11 classes: the page takes at most 10",
    ",".join(["1"] * 70) + "\n": "69 features: the page takes at most 64",
    "1,2,x\n3,4,y\n" * 400_000: "larger than two million characters",
}


def test_a_bad_file_is_one_sentence():
    found = run_page(
        CATCH + "answer(given.map((text) => tried(() => pointsOfFile(text))));", list(BAD_FILES)
    )
    for (text, expected), answer in zip(BAD_FILES.items(), found, strict=True):
        assert list(answer) == ["error"], (text[:40], answer)
        assert expected in answer["error"]
        assert answer["error"].endswith(".")
        assert "\n" not in answer["error"]


def test_defaults_are_json():
    assert json.dumps(run_page("answer(DEFAULTS);"))
