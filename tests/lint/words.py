# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Words and idioms that comments, messages and documents no longer use, and what to write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from source import Source, prose

# The documents and the sources that the rule applies to.
FOLDERS = ("user", "bpf", "docs")


@dataclass(frozen=True)
class Retired:
    """A regular expression for words that are no longer used, and the words to write instead. The case
    does not matter; a space matches a line break of a comment as well."""

    text: str
    instead: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """The compiled expression, which matches whole words only."""
        text = self.text.replace(" ", r"(?:\s|\*|//|#)+")
        return re.compile(rf"(?<![\w/-])(?:{text})(?![\w/-])", re.IGNORECASE)


REFUSED = (
    Retired("surroundings|residency|unseen", "environment, resident memory, untracked"),
    Retired("scenes?|outlined", "state, call coverage"),
    Retired("strange", "malformed, unexpected"),
    Retired("meet_?", "look up or create"),
    Retired("(hence|thence|whence)(forth)?|(there|here|where)(of|by|in)", "a plain sentence"),
    Retired("let(s|ting)? go", "detach, disable"),
    Retired("tak(e|es|ing) turns", "duty cycle, sampling window"),
    Retired("made up", "constructed, calculated"),
    Retired("(put|puts|putting|say|says|said) in(to)? words", "format"),
    Retired("census", "initial scan"),
    Retired("settle[sd]?|settling", "finalize (a request), verify (a frame)"),
    Retired("told", "name who reports or passes what"),
    Retired("of which", "a sentence of its own"),
    Retired("(that|those) which|one that|than what", "name the noun"),
    Retired("keeper", "supervisor"),
    Retired("lanes?", "sender"),
    Retired("taken? for", "treat as"),
    Retired("(is|are|was|were|be) had", "available"),
    Retired("all the same|for good", "a plain adverb"),
    Retired("is to be|are to be", "must be, or who does what"),
)


def check_words(sources: list[Source], retired: tuple[Retired, ...]) -> list[str]:
    """Comments, strings and documents have none of these words."""
    problems = []
    for source in sources:
        is_code = source.is_c or source.is_python
        if source.path.parts[0] not in FOLDERS and (is_code or source.path.parts[0] == "tests"):
            continue
        for line, text in prose(source):
            for word in retired:
                for match in word.pattern.finditer(text):
                    where = line + text.count("\n", 0, match.start())
                    found = " ".join(re.split(r"[\s*/#]+", match[0]))
                    problems.append(f'{source.path}:{where}: "{found}": write {word.instead}')
    return problems
