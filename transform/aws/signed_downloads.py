"""Downloads by signed addresses, which take less of the processor than calls of the boto3 client.

Where thousands of small objects are read, that is much of what reading them takes.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ShareObjectPreSignedURL.html
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS = 60
PIECE = 2**20
_LATER = {404, 429, 500, 502, 503, 504}


class Signed:
    """Asks for objects without the client, as long as that works; to be made anew for each run."""

    def __init__(self, client: "S3Client", connections: int) -> None:
        """Sign as a client does, best one for `s3v4`, and keep so many connections."""
        self._client = client
        timeout: Any = (1, 30)  # to connect, and to read; the types know of one for both
        self._http = URLLib3Session(max_pool_connections=connections, timeout=timeout)
        self._works = True

    def download(self, bucket: str, key: str, path: Path) -> str | None:
        """Write an object to a file and give its ETag; None where the client is to be asked.

        That is so whatever else is answered than the object: the client tries again what may be
        tried again, and says what is wrong. Raises `OSError` where the file cannot be written.
        """
        if not self._works:
            return None
        where = {"Bucket": bucket, "Key": key}
        address = self._client.generate_presigned_url("get_object", where, ExpiresIn=SECONDS)
        try:
            asked = AWSRequest("GET", address, stream_output=True).prepare()
            answer = self._http.send(asked)
            if answer.status_code != 200:
                self._works = answer.status_code in _LATER  # else signed addresses are not wanted
                _ = answer.content  # so that the connection can be used again
                return None
            with path.open("wb") as file:
                shutil.copyfileobj(answer.raw, file, PIECE)
            return str(answer.headers["ETag"])
        except (BotoCoreError, HTTPError):
            self._works = False  # perhaps there is a proxy, of which the client knows
            return None
