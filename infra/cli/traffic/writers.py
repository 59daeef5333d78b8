"""Who sends likes: what a request has to bring along, by what the stage asks of its writers.

The modes are those of `writers` in `infra/terraform/modules/pipeline/variables.tf`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from infra.stage import Stage

JSON = {"Content-Type": "application/json"}

Headers = Callable[[str, bytes], Mapping[str, str]]
"""Gives the headers of a POST, from its address and its body."""


class WriterError(Exception):
    """The stage asks for something that was not given; the message says what to give."""


def stranger(url: str, body: bytes) -> Mapping[str, str]:
    """Give the headers of a request that says nothing of who sends it."""
    return JSON


def headers(stage: Stage, api_key: str | None = None, token: str | None = None) -> Headers:
    """Give what makes the headers of each request to the API of a stage.

    Signed requests (Signature Version 4) take the credentials of the AWS environment. Raises
    `WriterError` where the stage asks for a key, a token or credentials that are not there.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html
    """
    match stage.outputs.writers:
        case "api_key":
            if not api_key:
                raise WriterError(f"Stage {stage.name} takes likes with a key: give --api-key.")
            return _with({"x-api-key": api_key})
        case "jwt":
            if not token:
                raise WriterError(
                    f"Stage {stage.name} takes likes with a user's ID token: give --token."
                )
            return _with({"Authorization": token})
        case "iam":
            return _signed(stage)
        case _:
            return stranger


def _with(more: Mapping[str, str]) -> Headers:
    told = JSON | dict(more)
    return lambda url, body: told


def _signed(stage: Stage) -> Headers:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    session = stage.session()
    credentials = session.get_credentials()
    if credentials is None or not session.region_name:
        raise WriterError(
            f"Stage {stage.name} takes likes with signed requests: "
            "set AWS credentials and a region that may call its API."
        )

    def sign(url: str, body: bytes) -> Mapping[str, str]:
        request = AWSRequest("POST", url, data=body, headers=JSON)
        # Frozen, for they may be renewed between their parts.
        signer = SigV4Auth(credentials.get_frozen_credentials(), "execute-api", session.region_name)
        signer.add_auth(request)
        return dict(request.headers.items())

    return sign
