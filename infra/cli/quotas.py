"""Whether the account has room for a stage, before anything of it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

CONSOLE = "Service Quotas"
UNRESERVED = 100
"""Executions that Lambda keeps for functions without a reservation.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""
ARCHIVE_EXECUTIONS = 200
"""Reserved for ArchiveLikes, where they leave as many as a default account has for all others."""
LEAST_FOR_OTHERS = 800
_A_REQUEST_S = 0.05
"""What IngestLike takes for a request, with some room: 5 to 20 ms, and what the stream takes."""
_READERS = 100
"""Executions of all that is not called by requests, at the shards that 10,000 likes a second need.

UpdateCount and TrackTrends run once a shard each, ArchiveLikes a few times, the rest once.
"""


class Account(msgspec.Struct, frozen=True):
    """What an account and region allow; None where it did not say."""

    executions: int | None = None
    """Lambda's concurrent executions."""
    unreserved: int | None = None
    """Those that no function of the account has reserved."""
    requests_per_second: float | None = None
    """API Gateway's steady rate, of all APIs together."""
    on_demand_streams: int | None = None
    """How many more Kinesis streams on demand may be made."""
    reserved: int | None = None
    """What the stage's ArchiveLikes has reserved already; None where the stage does not stand."""


class Quotas(msgspec.Struct, frozen=True):
    """What was found: sentences for people, and what the stage can reserve."""

    archive_executions: int
    """-1 where there is no room for a reservation."""
    warnings: list[str]


def look(account: Account, requests_per_second: int) -> Quotas:
    """Compare an account with what a stage needs that takes so many requests a second."""
    room = (account.unreserved or 0) + (account.reserved or 0) - ARCHIVE_EXECUTIONS
    archive = ARCHIVE_EXECUTIONS if room >= LEAST_FOR_OTHERS else -1
    return Quotas(archive, list(_warnings(account, requests_per_second, archive)))


def _warnings(account: Account, rate: int, archive: int) -> Iterator[str]:
    needed = round(rate * _A_REQUEST_S) + _READERS
    if account.executions is not None and account.executions < needed:
        yield (
            f"Lambda runs {account.executions} functions at a time here; {rate} requests a second "
            f"need about {needed}. Ask for {_rounded(needed + ARCHIVE_EXECUTIONS)} "
            f'("Concurrent executions" in {CONSOLE}), or senders are told to try again.'
        )
    elif archive < 0 and account.executions is not None:
        least = LEAST_FOR_OTHERS + ARCHIVE_EXECUTIONS
        yield (
            f"Lambda has no {ARCHIVE_EXECUTIONS} executions to reserve for ArchiveLikes: of "
            f"{account.executions}, {account.unreserved} are not reserved. When others use all, "
            f"Firehose gives batches up. Ask for {_rounded(least)}."
        )
    if account.requests_per_second is not None and account.requests_per_second < rate:
        yield (
            f"API Gateway takes {account.requests_per_second:.0f} requests a second here, the "
            f'stage up to {rate}. Ask for more ("Throttle rate" in {CONSOLE}), or the rest is '
            "answered 429."
        )
    if account.reserved is None and account.on_demand_streams == 0:
        yield (
            "Kinesis has no room for another stream on demand here. Ask for one more "
            f'("On-demand data streams" in {CONSOLE}): without it, the apply fails.'
        )


def _rounded(number: int) -> int:
    return -(-number // 100) * 100


def ask(client: Callable[..., Any], stage: str, untold: Callable[[str], None]) -> Account:
    """Ask an account what it allows; `untold` gets a sentence for each service that did not say.

    https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
    https://docs.aws.amazon.com/apigateway/latest/api/API_GetAccount.html
    https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html
    """
    from botocore.exceptions import BotoCoreError, ClientError

    def told(service: str, call: str, **of: str) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = getattr(client(service), call)(**of)
            return answer
        except (BotoCoreError, ClientError) as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code")
            if code != "ResourceNotFoundException":
                untold(f"The account's quotas of {service} are not known: {error}")
            return None

    functions = (told("lambda", "get_account_settings") or {}).get("AccountLimit", {})
    streams = told("kinesis", "describe_limits") or {}
    archive = told("lambda", "get_function_concurrency", FunctionName=f"ArchiveLikes-{stage}")
    most, there = streams.get("OnDemandStreamCountLimit"), streams.get("OnDemandStreamCount", 0)
    return Account(
        functions.get("ConcurrentExecutions"),
        functions.get("UnreservedConcurrentExecutions"),
        (told("apigateway", "get_account") or {}).get("throttleSettings", {}).get("rateLimit"),
        None if most is None else most - there,
        None if archive is None else archive.get("ReservedConcurrentExecutions", 0),
    )
