"""Synonyms, read from files in WordNet's format; from the real ones where they are installed."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lightning_synthaug.errors import MissingDependency
from lightning_synthaug.transforms.wordnet import find_wordnet, synonyms
from tests.helpers.wordnet import save_wordnet


def test_synonyms_of_all_senses_and_parts_of_speech(tmp_path: Path) -> None:
    place = find_wordnet(save_wordnet(tmp_path / "wn"))
    assert synonyms("film", place) == ("movie", "motion picture", "shoot")
    assert synonyms("good", place) == ("fine", "Nice")
    assert synonyms("shoot", place) == ("film",)
    assert synonyms("waiter", place) == ()  # a synset of its own
    assert synonyms("fil", place) == ()  # a part of a word is none
    assert synonyms("it's", place) == ()


def test_the_zip_file_that_a_downloader_leaves_is_read_as_it_is(tmp_path: Path) -> None:
    folder = save_wordnet(tmp_path / "wordnet")
    packed = tmp_path / "corpora" / "wordnet.zip"
    packed.parent.mkdir()
    with zipfile.ZipFile(packed, "w") as file:
        for path in folder.iterdir():
            file.write(path, f"wordnet/{path.name}")
    assert synonyms("film", find_wordnet(packed)) == synonyms("film", str(folder))


@pytest.mark.parametrize("variable", ["WNSEARCHDIR", "NLTK_DATA"])
def test_the_usual_variables_are_followed(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightning_synthaug.transforms.wordnet._DEBIAN", tmp_path / "nowhere")
    monkeypatch.delenv("WNSEARCHDIR", raising=False)
    folder = save_wordnet(tmp_path / "corpora" / "wordnet")
    monkeypatch.setenv(variable, str(folder if variable == "WNSEARCHDIR" else tmp_path))
    assert find_wordnet() == str(folder)


def test_missing_files_are_named_with_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match="SA831") as caught:
        find_wordnet(tmp_path)
    assert "wordnet-base" in str(caught.value) and "nltk.downloader wordnet" in str(caught.value)


def test_the_real_wordnet() -> None:
    try:
        place = find_wordnet()
    except MissingDependency:
        pytest.skip("WordNet is not installed here (Debian: wordnet-base)")
    assert {"movie", "motion picture"} <= set(synonyms("film", place))
    assert {"fantastic", "marvelous"} <= set(synonyms("wonderful", place))
    assert synonyms("zzyzx", place) == ()
