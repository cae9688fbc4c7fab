"""A few words in the format of WordNet's files, wndb(5WN)."""

from __future__ import annotations

from pathlib import Path

_LICENCE = "  1 This software and database is being provided to you, the LICENSEE, by  \n"
#: Part of speech, its letter, and its synsets.
_SYNSETS = {
    "noun": ("n", [("film", "movie", "motion_picture"), ("waiter",)]),
    "verb": ("v", [("film", "shoot")]),
    "adj": ("a", [("good", "fine"), ("good(p)", "Nice")]),
    "adv": ("r", []),
}


def save_wordnet(folder: Path) -> Path:
    """Write the files that synonyms are read from."""
    folder.mkdir(parents=True)
    for part, (letter, synsets) in _SYNSETS.items():
        data, offsets = _LICENCE, {}
        for words in synsets:
            for word in words:
                offsets.setdefault(word.partition("(")[0].lower(), []).append(len(data))
            listed = " ".join(f"{word} 0" for word in words)
            data += f"{len(data):08d} 03 {letter} {len(words):02x} {listed} 000 | said of it  \n"
        index = _LICENCE + "".join(
            f"{word} {letter} {len(places)} 0 {len(places)} 0 {' '.join(f'{p:08d}' for p in places)}  \n"
            for word, places in sorted(offsets.items())
        )
        (folder / f"data.{part}").write_text(data)
        (folder / f"index.{part}").write_text(index)
    return folder
