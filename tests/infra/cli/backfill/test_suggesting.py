"""The command that is suggested for a file takes what it says."""

from pathlib import Path

import pytest

from infra.cli.backfill import formats, source_files, suggesting
from tests.infra.cli.backfill.commands import parsed

FILES = Path("tests/cases/files")


def counted(request, tmp_path):
    source = source_files.find(request.files, lambda: None).sources[0]
    now = 1_800_000_000_000
    arrived = formats.arrived_at(source, now, now)
    reads = list(formats.read(source, request, None, arrived, now, 1, 0, tmp_path))
    return sum(len(read.rows) for read in reads), sum(read.lines for read in reads)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.jsonl", '{"movie_id":"a"}\n', "lake backfill {}"),
        (
            "ratings.csv",
            "userId,movieId,rating,timestamp\n1,2,4.5,1260759144\n1,2,4.5,1460759144\n",
            "lake backfill {} --map user_id=userId --map liked_at=timestamp --time-unit s",
        ),
        ("b.json", '[{"film":{"id":"x"},"ts":"2024-01-05 10:00:00"}]', None),
        ("c.csv", "Const;User;Date\ntt1;a;2024-01-05\n", None),
    ],
)
def test_a_command_is_suggested_that_takes_the_file(tmp_path, name, text, expected):
    path = tmp_path / name
    path.write_text(text)
    told = suggesting.told([str(path)], lambda: None)
    line, _, said = told.partition("\n\n")
    request = parsed(line)
    likes, lines = counted(request, tmp_path)
    assert likes
    assert f"It would accept {likes:,} of the first {lines:,} lines." in said
    if expected:
        assert line == expected.format(path) or "--preset movielens" in line


@pytest.mark.parametrize("path", sorted(FILES.glob("*/*.*")), ids=lambda path: path.name)
def test_what_is_said_of_a_real_file_is_what_its_command_does(path, tmp_path):
    if path.suffix in (".md", ".sql", ".py"):
        return
    told = suggesting.told([str(path)], lambda: None)
    likes, lines = counted(parsed(told.splitlines()[0]), tmp_path)
    assert f"It would accept {likes:,} of the first {lines:,} lines." in told


def test_why_others_are_none_is_told(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"movie_id":"a"}\n{"movie_id":""}\nx\n')
    told = suggesting.told([str(path)], lambda: None)
    assert "1 not_json: line 3: This is no JSON" in told
    assert "1 missing_movie_id: line 2: " in told


def test_one_file_is_looked_at(tmp_path):
    with pytest.raises(ValueError, match="one file"):
        suggesting.told(["a", "b"], lambda: None)
