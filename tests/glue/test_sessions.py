"""Times are what botocore reads them as, however they are told."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

from glue.sessions import _read, session

times = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(at=times)
def test_a_time_is_read_as_botocore_reads_it(at):
    whole = at.replace(microsecond=0)
    told = [
        at.isoformat(),
        at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        whole.isoformat().replace("+00:00", "Z"),
        whole.strftime("%Y%m%dT%H%M%SZ"),
        format_datetime(whole, usegmt=True),
        int(at.timestamp()),
        str(int(at.timestamp())),
        at.strftime("%Y%m%d"),
        at.timestamp(),
    ]
    for one in told:
        assert _read(one) == parse_timestamp(one), one


def test_what_is_no_time_is_refused_as_botocore_does():
    with pytest.raises(ValueError, match="Invalid timestamp"):
        _read("yesterday")


def test_a_client_of_a_session_reads_so():
    client = session("us", "secret", region_name="us-east-1").client("s3")
    parsers = client._endpoint._response_parser_factory
    assert parsers.create_parser("rest-xml")._timestamp_parser is _read
