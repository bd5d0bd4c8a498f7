"""Seeded faults: bytes, texts, JSON, tables and FITS headers, each changed in a few places."""

import copy
import json
import random
from typing import Any, Final

import numpy as np
import pandas as pd

HOSTILE: Final = (
    None, True, -1, 0, 2**31, 2**64, -(2**63) - 1, 10**400, 1e308, -0.0, float("nan"), float("inf"),
    "", " ", "nan", "inf", "1e400",
    "\x00", "\ud800", "\u202e", "\uff15", "a" * 300, "../../etc/passwd",
    "<script>alert(1)</script>", "%s%n", [], {}, [[]], [None], {"": None}, [[[[0]]]],
)  # fmt: skip
"""Values that no reader expects."""

_TEXTS: Final = [value for value in HOSTILE if isinstance(value, str)]

_HEADERS: Final = (b"SIMPLE  =", b"XTENSION=")
_END: Final = b"END" + b" " * 77
_VALUES: Final = (
    *("-1", "0", "1.5", "1E400", "NaN", "2147483648", "9" * 60),
    *("'x'", "T", "", "'unclosed", "(1,2)"),
)


def mutate_bytes(content: bytes, random_: random.Random) -> bytes:
    """Change bytes: overwritten, cut off, cut out, repeated, or put in."""
    for _ in range(random_.randint(1, 3)):
        start = random_.randrange(len(content) + 1)
        stop = min(len(content), start + random_.choice((1, 4, 80, 2880)))
        noise = random_.randbytes(stop - start)
        content = random_.choice(
            (
                content[:start] + noise + content[stop:],
                content[:start],
                content[:start] + content[stop:],
                content[:stop] + content[start:],
                content[:start] + b"\x00" * (stop - start) + content[stop:],
            )
        )
    return content


def mutate_text(text: str, random_: random.Random) -> str:
    """Change a text: words replaced by hostile ones, lines repeated, left out, or joined."""
    for _ in range(random_.randint(1, 3)):
        lines = text.split("\n")
        at = random_.randrange(len(lines))
        line = lines[at]
        words = line.split(random_.choice((" ", ",", "=", "/"))) or [""]
        word = random_.choice(words)
        value = random_.choice(
            (*_TEXTS, "-1", "1e999", "9" * 5000, "[" * 2000, "inf", '"', "=", ",")
        )
        lines[at] = random_.choice(
            (
                line.replace(word, value, 1) if word else value,
                line + value,
                value,
                line + "\n" + line,
            )
        )
        if random_.random() < 0.1:
            del lines[at]
        text = "\n".join(lines)
    return text


def mutate_json(text: str, random_: random.Random) -> str:
    """Change values of a JSON file: replaced, removed, added, or nested without end."""
    values = json.loads(text)
    for _ in range(random_.randint(1, 3)):
        owner, key = random_.choice(_list_places(values))
        match random_.randrange(5):
            case 0:
                del owner[key]
            case 1 if isinstance(owner, dict):
                owner[str(random_.choice(_TEXTS))] = owner[key]
            case 2:
                owner[key] = copy.deepcopy(random_.choice(_list_places(values))[0])
            case _:
                owner[key] = copy.deepcopy(random_.choice(HOSTILE))
        if not _list_places(values):
            break
    text = json.dumps(values)
    return text if random_.random() < 0.95 else text[: random_.randrange(len(text))] + "[" * 10**5


def _list_places(values: Any) -> list[tuple[Any, Any]]:
    """List every container of a tree with every key of it."""
    places: list[tuple[Any, Any]] = []
    waiting = [values]
    while waiting:
        owner = waiting.pop()
        keys = owner.keys() if isinstance(owner, dict) else range(len(owner))
        for key in keys:
            places.append((owner, key))
            if isinstance(owner[key], dict | list):
                waiting.append(owner[key])
    return places


def mutate_table(table: pd.DataFrame, random_: random.Random) -> pd.DataFrame:
    """Change a table: columns lost, renamed, of another type or nested; rows lost or doubled."""
    table = table.copy()
    for _ in range(random_.randint(1, 3)):
        if table.columns.empty:
            break
        name = random_.choice(list(table.columns))
        values = table[name]
        match random_.randrange(8):
            case 0:
                table = table.drop(columns=name)
            case 1:
                table = table.rename(columns={name: str(random_.choice([*_TEXTS[:4], "x"]))})
            case 2:
                table[name] = values.astype(str)
            case 3:
                table[name] = [[value] for value in values]
            case 4:
                table[name] = random_.choice((np.nan, np.inf, -1, 10**19, None, "x", b"\xff"))
            case 5:
                table = table.iloc[: random_.choice((0, 1, len(table) // 2))]
            case 6:
                table = pd.concat([table, table.iloc[:3]], ignore_index=True)
            case 7:
                kept = [random_.random() < 0.9 for _ in values]
                table[name] = values.where(pd.Series(kept, index=table.index))
    return table.loc[:, ~table.columns.duplicated()]


def mutate_cards(content: bytes, random_: random.Random) -> bytes:
    """Change cards of a header of a FITS file: values replaced, cards lost or doubled."""
    starts = [at for at in range(0, len(content), 2880) if content[at : at + 9] in _HEADERS]
    start = random_.choice(starts)
    end = content.index(_END, start)
    cards = [content[at : at + 80] for at in range(start, end, 80)]
    for _ in range(random_.randint(1, 3)):
        at = random_.randrange(len(cards))
        value = random_.choice(_VALUES).rjust(20).encode()
        match random_.randrange(5):
            case 0:
                del cards[at]
            case 1:
                cards.insert(at, cards[random_.randrange(len(cards))])
            case 2:
                cards[at] = random_.randbytes(80)
            case _:
                cards[at] = (cards[at][:10] + value).ljust(80)[:80]
    header = b"".join(cards) + _END
    data = start - (start - end - 80) // 2880 * 2880
    return content[:start] + header.ljust(-(-len(header) // 2880) * 2880) + content[data:]
