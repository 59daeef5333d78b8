"""JSON: https://trino.io/docs/current/functions/json.html"""

import re

from queries.engine.errors import Refused
from queries.engine.trino.helpers import macro
from queries.engine.trino.registry import Call, Family
from queries.engine.trino.typed import text

functions = Family()
operators = Family()

_PATH = re.compile(r"\$(\.[A-Za-z_]\w*|\[\d+\])*")
macro(
    "t_json_scalar(x, path)",
    "CASE WHEN json_valid(x) AND json_type(x, path) NOT IN ('OBJECT', 'ARRAY', 'NULL') "
    "THEN json_extract_string(x, path) END",
)


def _scalar(call: Call) -> str:
    path = call.constant(1, "the path")
    if not _PATH.fullmatch(path):
        raise Refused(f"The JSON path '{path}' is not known here.")
    return f"t_json_scalar({call[0]}, {text(path)})"


functions("json_extract_scalar(varchar, varchar) -> varchar", _scalar)
