"""Bytes, hashes and encodings: https://trino.io/docs/current/functions/binary.html"""

from queries.engine.trino.registry import Family

functions = Family()
operators = Family()
functions("to_hex(varbinary) -> varchar", "hex({0})")
functions("to_utf8(varchar) -> varbinary", "encode({0})")
functions("length(varbinary) -> bigint", "octet_length({0})")
operators("concat(varbinary, varbinary) -> varbinary", "({0} || {1})")
