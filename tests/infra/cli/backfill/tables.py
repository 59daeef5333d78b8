"""What a table gave, by row."""

import json

from transform.event.stream_records import BadLine


def lined(parts):
    """By line what a table holds, and each bad line."""
    for part in parts:
        chunk = part if isinstance(part, BadLine) else part.query.lines(part.batch)
        if chunk:
            yield chunk


def numbered(answer):
    """By number, each row's object and each bad line."""
    given = {}
    for item in answer:
        if isinstance(item, BadLine):
            assert item.reason == "not_csv" and item.number not in given
            given[item.number] = item.payload
            continue
        lines = item.data.split(b"\n")
        assert lines.pop() == b""
        numbers = item.numbers or range(item.first, item.first + len(lines))
        assert item.first == numbers[0] and len(numbers) == len(lines)
        for number, line in zip(numbers, lines, strict=True):
            assert number not in given
            given[number] = json.loads(line)
    return given


def objects(answer):
    return list(numbered(answer).values())
