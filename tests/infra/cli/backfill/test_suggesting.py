"""The command that is suggested for a file takes what it says."""

from pathlib import Path

import pytest

from infra.cli.backfill import formats, source_files, suggesting
from tests.examples import some
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
        (
            "d.csv",
            "u1,tt0000318,2024-01-05T10:00:00Z\nu2,tt0000296,2024-01-05T10:00:00Z\n",
            "lake backfill {} --delimiter , --columns user_id,movie_id,liked_at",
        ),
        (
            "u.data",
            "196\t242\t3.5\t881250949\n186\t302\t3\t1591717742\n",
            None,
        ),
        (
            "likes.tsv",
            "196\t242\t3.5\t1581250949\n186\t302\t3\t1591717742\n",
            "lake backfill {} --delimiter '\\t' --columns user_id,movie_id,column3,liked_at "
            "--time-unit s",
        ),
        ("e.txt", "242;like;web\n302;unlike;ios\n", None),
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


@pytest.mark.parametrize("path", some(sorted(FILES.glob("*/*.*")), 3), ids=lambda path: path.name)
def test_what_is_said_of_a_real_file_is_what_its_command_does(path, tmp_path):
    if path.suffix in (".md", ".sql", ".py"):
        return
    told = suggesting.told([str(path)], lambda: None)
    likes, lines = counted(parsed(told.splitlines()[0]), tmp_path)
    assert f"It would accept {likes:,} of the first {lines:,} lines." in told


def test_what_is_guessed_of_columns_without_names_is_told(tmp_path):
    path = tmp_path / "likes.csv"
    path.write_text("7,318,2024-01-05 10:00:00\n8,296,2024-01-05 10:00:00\n")
    told = suggesting.told([str(path)], lambda: None)
    assert "--columns user_id,movie_id,liked_at" in told.splitlines()[0]
    assert "user_id,movie_id,liked_at is guessed by what stands in them" in told
    path.write_text("name,other\n8,9\n")  # its first line names columns, of which none is known
    assert "is guessed" not in suggesting.told([str(path)], lambda: None)


def test_why_others_are_none_is_told(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"movie_id":"a"}\n{"movie_id":""}\nx\n')
    told = suggesting.told([str(path)], lambda: None)
    assert "1 not_json: line 3: This is no JSON" in told
    assert "1 missing_movie_id: line 2: " in told


def test_one_file_is_looked_at(tmp_path):
    with pytest.raises(ValueError, match="one file"):
        suggesting.told(["a", "b"], lambda: None)
