"""Whether a text speaks to the grader instead of answering. Pure.

Words alone tell little: a forget gate forgets, a softmax assigns the highest score, and an answer
on security quotes what it warns of. What gives an attack away is that it gives an order, names
the marking, or forges what only a program writes.
"""

from __future__ import annotations

import re
import unicodedata

from grader.reading.text import fold

_ORDERED = r"(?:(?:^|[.!?;:,\"'\-–—(\[]\s*|\b(?:please|now|just|and|then|so|you|must)\ ))"
_MARKING = r"(?:marks?|points?|scores?|grades?|credits?)"
_PASSED = (
    r"(?:10\ ?/\ ?10|100\ ?/\ ?100|5\ ?/\ ?5|full\b|max(?:imum)?\b(?!\ ?\()|covered\b|"
    r"pass(?:ed)?\b|(?:1(?:\.0+)?|10|100)(?=\s*(?:[.,;!]?\s*$|[}%\]\"'])))"
)
_ATTACK = re.compile(
    rf"""
    {_ORDERED}(?:ignore|disregard|forget|override|bypass)\s
        (?:(?:all|any|every|each|the|my|your|these|those|this|that|of|previous|prior|above|earlier|
            preceding|other|grading|marking|system|given|initial|original|former|current)\s){{0,5}}
        (?:instructions?|rubrics?|prompts?(?!\ \w)|rules?(?!\ of\ thumb)|criteria|
            criterion|guidelines?|directions|directives|(?:marking|grading)\ schemes?)\b
    | {_ORDERED}(?:ignore|disregard|forget)\s(?:all|everything|anything|what(?:ever)?)\b.{{0,30}}
        \b(?:above|before\ this|you\ were\ told|been\ told|was\ said)\b
    | \byou\ are\ (?:now\ )?(?:a|an|the)\ (?:\w+\ ){{0,3}}
        (?:grader|assistant|model|ai|judge|examiner)\b
    | \b(?:give|award|assign|grant|return|output)\b.{{0,30}}\b(?:full|perfect)[ ]
        (?:marks?|credits?|points?|grades?)\b
    | \b(?:give|award|assign|grant|return|output)\s(?:me|us|it|him|her|them|this|my|
        (?:the|this|my|each|every|all)\ (?:\w+\ )?(?:answers?|candidates?|responses?|students?|
            submissions?|texts?|essays?|(?:key\ )?points?|criteria|criterion))\b.{{0,30}}
        \b(?:full|maximum|max|perfect|top|highest)\ (?:possible\ )?{_MARKING}\b
    | {_ORDERED}(?:give|award|grant)\ (?:the\ |a\ )?(?:full|maximum|max|perfect|top|highest)[ ]
        {_MARKING}\b(?!\ (?:to|for)\ the\b)
    | ["'](?:score|grade|verdict|mark)s?["']\ ?[:=]\ ?["']?(?:{_PASSED}|10*(?:\.0+)?\ ?[,}}])
    | (?:^|[.!?;]\ )\W*(?:(?:final|overall|total|my)\ )?(?:score|grade|mark)s?\ ?[:=]\ ?{_PASSED}
    | \bverdicts?\ ?[:=]\ ?["']?{_PASSED}
    | <\|im_(?:start|end)\|> | <\|?/?system\|?>
    | ^\s*(?:\#+\s*)?(?:system|assistant|thought\ process)\s*:
    | (?<!\bif\ )(?<!\bthat\ )(?<!whether\ )(?<!when\ )(?<!once\ )\b(?:this|the)[ ]
        (?:answer|candidate|response|submission)\ is[ ]
            (?:(?:fully|completely)\ correct|correct\ and\ complete)
    | \b(?:this|the)\ (?:answer|candidate|response|submission)\ (?:deserves|
            covers\ (?:all|every)|should\ (?:get|receive|be\ (?:given|awarded|graded))
            (?=.{{0,30}}\b(?:{_MARKING}|pass|correct|right|well)\b))
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_QUOTED = re.compile(r"\"[^\"\n]{1,300}\"|(?<!\w)'[^'\n]{1,300}'(?!\w)|`[^`\n]{1,300}`")
# What whoever writes about attacks and chat models mentions beside what is quoted.
_ABOUT = re.compile(
    r"\b(?:injections?|attack(?:s|er|ers)?|jailbreak\w*|adversar\w+|malicious|prompts?|chatml|"
    r"chat\ templates?|special\ tokens?|delimiters?|role\ tokens?)\b",
    re.IGNORECASE,
)


def looks_injected(text: str) -> bool:
    """Whether a text speaks to the grader instead of answering."""
    return any(_is_attack(line) for line in fold_lines(text).split("\n"))


def fold_lines(text: str) -> str:
    """``fold`` line by line, without invisible characters that split words."""
    kept = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return "\n".join(fold(line) for line in kept.splitlines())


def _is_attack(line: str) -> bool:
    if not _ATTACK.search(line):
        return False
    quoted = _QUOTED.sub(" … ", line)
    return bool(_ATTACK.search(quoted)) or not _ABOUT.search(quoted)
