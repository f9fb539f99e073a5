"""Compressed contents: CMS compressed-data with zlib (RFC 3274, RFC 5402)."""

from __future__ import annotations

import zlib

from crossdock.transport.as2.asn1 import BROKEN, cms, content_info, core
from crossdock.transport.as2.problem import Problem, Refused

_STEP_BYTES = 1_048_576


def compress(content: bytes) -> bytes:
    """The content compressed, DER."""
    packed = {
        "version": "v0",
        "compression_algorithm": {"algorithm": "zlib"},
        "encap_content_info": {"content_type": "data", "content": zlib.compress(content)},
    }
    return cms.ContentInfo({"content_type": "compressed_data", "content": cms.CompressedData(packed)}).dump()


def decompress(der: bytes, bytes_max: int) -> bytes:
    """The content, never more than `bytes_max` of it at any time. Raises Refused."""
    kind, packed = content_info(der, Problem.DECOMPRESSION)
    if kind != "compressed_data":
        raise Refused(Problem.DECOMPRESSION, f"a compressed content was expected and {kind} came")
    try:
        algorithm = packed["compression_algorithm"]["algorithm"].native
        content = packed["encap_content_info"]["content"]
        inner = None if isinstance(content, core.Void) else content.native
    except BROKEN:
        raise Refused(Problem.DECOMPRESSION, "the compressed content cannot be read") from None
    if algorithm != "zlib" or not isinstance(inner, bytes):
        raise Refused(Problem.DECOMPRESSION, "the compressed content cannot be read")
    return _inflated(inner, bytes_max)


def _inflated(packed: bytes, bytes_max: int) -> bytes:
    inflater, found, chunks, left = zlib.decompressobj(), 0, list[bytes](), packed
    try:
        while not inflater.eof:
            chunk = inflater.decompress(left, _STEP_BYTES)
            left = inflater.unconsumed_tail
            if not chunk and not left and not inflater.eof:
                raise Refused(Problem.DECOMPRESSION, "the compressed content breaks off")
            found += len(chunk)
            if found > bytes_max:
                raise Refused(
                    Problem.DECOMPRESSION, f"more than {bytes_max:,} bytes when decompressed",
                    fix="ask the partner for smaller messages, or raise the limit",
                )  # fmt: skip
            chunks.append(chunk)
    except zlib.error:
        raise Refused(Problem.DECOMPRESSION, "the compressed content cannot be read") from None
    return b"".join(chunks)
