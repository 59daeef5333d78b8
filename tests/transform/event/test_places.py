"""A place says where a like stood, and reads back as it was written."""

import pytest

from transform.event import places
from transform.event.places import InvalidPlace, Place

SHARD, SEQUENCE = "shardId-000000000006", "49590338271490256608559692538361571095921575989136588898"

TEXTS = {
    f"{SHARD}/{SEQUENCE}/0": Place(SHARD, SEQUENCE, 0, 0),
    f"{SHARD}/{SEQUENCE}/499": Place(SHARD, SEQUENCE, 0, 499),
    f"{SHARD}/{SEQUENCE}.12/3": Place(SHARD, SEQUENCE, 12, 3),
}


@pytest.mark.parametrize(("text", "place"), TEXTS.items())
def test_a_place_is_a_text_and_back(text, place):
    assert places.make(*place) == text
    assert places.parse(text) == place


NONE = ["", "a/1", "a/b/1", "a/1/b", "a/1.0/2", "a/1./2", "/1/2", "a/1/2/3", "a/١/2", "a/1/2\n"]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_place_is_said_to_be_none(text):
    with pytest.raises(InvalidPlace, match="no place"):
        places.parse(text)
