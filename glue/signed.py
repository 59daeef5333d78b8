"""Objects of S3 by requests that are signed here: a third of what boto3's client takes for each.

Where thousands of small objects are read and written, that is much of what it takes in all.
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.httpsession import get_cert_path
from urllib3 import BaseHTTPResponse, HTTPConnectionPool
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PIECE = 2**20
CONNECT_S, READ_S = 1, 30
_PASSES = {404, 409, 412, 429, 500, 502, 503, 504}
"""Answers that are of one object, or of a moment."""
_REFUSALS = 3
PAUSE_S = 60
"""After so many other answers, or none, in a row no more requests are made here for so long: they
are not wanted, or there is a proxy, of which the client knows."""
_UNESCAPED = "/-._~"
"""What of a key is not escaped, beside letters and digits (the page above)."""


def settings(emulated: bool) -> dict[str, Any]:
    """Give what a client of S3 is to be told of signing: addresses name the bucket's region.

    Else botocore signs the global endpoint's: S3 redirects it until a new bucket is known
    everywhere, and regions that are opted into refuse it.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    The older signature does not work in every region. An emulator's host has no names below it.
    """
    style = "auto" if emulated else "virtual"
    return {"signature_version": "s3v4", "s3": {"addressing_style": style}}


class _Place(NamedTuple):
    """Where a bucket's objects are: the address before their keys, and the connections to it."""

    address: str
    pool: HTTPConnectionPool


class Signed:
    """Asks for objects without the client, as long as that works.

    Whatever else comes of a request than what was asked for, the client is to be asked: it tries
    again what may be tried again, and says what is wrong. Each method then gives None.
    """

    def __init__(self, client: "S3Client", connections: int) -> None:
        """Ask what a client of such `settings` asks, with its own credentials; without any,
        nothing. So many connections are kept.
        """
        self._client, self._connections = client, connections
        # As `boto3.crt` has them of a client: of other credentials, others might be refused.
        of_client = getattr(client, "_get_credentials", None)
        self._credentials: Credentials | None = of_client() if of_client else None
        self._places: dict[str, _Place] = {}
        self._refused, self._again_at = 0, 0.0

    def get(self, bucket: str, key: str) -> tuple[bytes, str] | None:
        """Give an object's bytes and its ETag."""
        answer = self._asked("GET", bucket, key)
        return (answer.data, answer.headers["ETag"]) if answer else None

    def download(self, bucket: str, key: str, path: Path) -> str | None:
        """Write an object to a file and give its ETag; raises `OSError` where that fails."""
        answer = self._asked("GET", bucket, key, whole=False)
        if answer is None:
            return None
        try:
            with path.open("wb") as file:
                shutil.copyfileobj(answer, file, PIECE)
            answer.release_conn()
            return answer.headers["ETag"]
        except HTTPError:
            self._refuse()
            return None

    def put(self, bucket: str, key: str, body: bytes, headers: Mapping[str, str]) -> str | None:
        """Write an object, and give its ETag."""
        answer = self._asked("PUT", bucket, key, body, headers)
        return answer.headers["ETag"] if answer else None

    def _asked(
        self,
        method: str,
        bucket: str,
        key: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        whole: bool = True,
    ) -> BaseHTTPResponse | None:
        if self._credentials is None or monotonic() < self._again_at:
            return None
        try:
            place = self._place(bucket)
            # Whoever may change the credentials does so as a whole.
            who, region = self._credentials.get_frozen_credentials(), self._client.meta.region_name
            address = place.address + quote(key, _UNESCAPED)
            request = AWSRequest(method, address, headers, body)
            S3SigV4Auth(who, "s3", region).add_auth(request)
            answer = place.pool.urlopen(
                method,
                urlsplit(address).path,
                body or None,
                dict(request.headers),
                retries=False,
                preload_content=whole,
                decode_content=False,
            )
        except (BotoCoreError, HTTPError):  # such as of credentials that are not to be had any more
            self._refuse()
            return None
        if answer.status == 200:
            self._refused = 0
            return answer
        if answer.status not in _PASSES:
            self._refuse()
        answer.drain_conn()
        return None

    def _refuse(self) -> None:
        self._refused += 1
        if self._refused >= _REFUSALS:
            self._refused, self._again_at = 0, monotonic() + PAUSE_S

    def _place(self, bucket: str) -> _Place:
        """Give where a bucket is, which the client knows."""
        if bucket not in self._places:
            where = {"Bucket": bucket, "Key": "-"}
            address = self._client.generate_presigned_url("get_object", where)
            address = address.partition("?")[0].removesuffix("-")
            tls = {"ca_certs": get_cert_path(True)} if address.startswith("https:") else {}
            timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
            pool = urllib3.connection_from_url(
                address, maxsize=self._connections, timeout=timeout, **tls
            )
            self._places[bucket] = _Place(address, pool)
        return self._places[bucket]
