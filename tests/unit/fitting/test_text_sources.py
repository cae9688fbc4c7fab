from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting.text_sources import read_texts

CODE = """
texts, labels = ["one", "two"], [1, 0]
def arrays():
    return texts, labels
def dataset():
    return list(zip(texts, labels))
def dicts():
    return [{"text": text, "label": label} for text, label in zip(texts, labels)]
def boom():
    return 1 // 0
nothing = 3
"""


def test_a_table_with_names_in_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text('\ufefftext,category\n"I lost it, or not",lost\nWhere is it?,arrival\n')
    source = read_texts(str(path))
    assert source.texts == ["I lost it, or not", "Where is it?"]
    assert (source.labels.tolist(), source.class_names) == ([1, 0], ["arrival", "lost"])
    path.write_text("id,label,text\n3,0,one\n4,1,two\n")
    source = read_texts(str(path))
    assert (source.texts, source.labels.tolist()) == (["one", "two"], [0, 1])
    assert source.class_names is None


def test_a_table_without_names_is_text_and_label(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    path.write_text('"Fine," he said.\t1\r\nAn odd\u0085break.\t0\r\n')
    source = read_texts(str(path))
    assert source.texts == ['"Fine," he said.', "An odd\u0085break."]
    assert source.labels.tolist() == [1, 0]


def test_names_given_choose_classes_and_their_order(tmp_path: Path) -> None:
    path = tmp_path / "d.tsv"
    path.write_text("one\ta\ntwo\tb\nthree\tc\n")
    source = read_texts(str(path), class_names=["c", "a"])
    assert (source.texts, source.labels.tolist()) == (["one", "three"], [1, 0])
    with pytest.raises(DataError, match=r"no texts of \['d'\].*SA837"):
        read_texts(str(path), class_names=["c", "d"])


def test_lines_of_json_are_objects_or_pairs(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    rows = [{"label": "b", "text": "one"}, {"text": "two", "kind": "a"}, ["three", "b"]]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    source = read_texts(str(path))
    assert (source.texts, source.labels.tolist()) == (["one", "two", "three"], [1, 0, 1])


def test_class_folders_have_a_file_for_each_text(tmp_path: Path) -> None:
    for kind, text in (("neg", "bad"), ("pos", "good")):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "0.txt").write_text(text)
    source = read_texts(str(tmp_path))
    assert (source.texts, source.labels.tolist()) == (["bad", "good"], [0, 1])
    assert source.class_names == ["neg", "pos"]


@pytest.mark.parametrize("name", ["arrays", "dataset", "dicts"])
def test_code_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "synthaug_text_code.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "synthaug_text_code", raising=False)
    source = read_texts(f"synthaug_text_code:{name}")
    assert (source.texts, source.labels.tolist()) == (["one", "two"], [1, 0])
    with pytest.raises(DataError, match=r"code that fails \(ZeroDivisionError.*SA837"):
        read_texts("synthaug_text_code:boom")
    with pytest.raises(DataError, match="SA837"):
        read_texts("synthaug_text_code:nothing")


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("d.csv", "text\none\n", r"IndexError.*SA837"),
        ("d.csv", "one\n", r"cannot be read \(ValueError.*SA837"),
        ("d.jsonl", "{no}", r"JSONDecodeError.*SA837"),
        ("d.jsonl", "", r"no texts at .*SA837"),
        ("d.xml", "", r"a file of another kind.*SA837"),
    ],
)
def test_other_things_are_refused(tmp_path: Path, name: str, content: str, match: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=match):
        read_texts(str(tmp_path / name))
    with pytest.raises(DataError, match=r'nothing of that name at "nowhere".*SA837'):
        read_texts("nowhere")
