"""Values that a store cannot keep: the call that brought them fails, the store is well."""

from __future__ import annotations

import struct


class Unfit(ValueError):
    """The store cannot keep a value as it is: too large, or of signs that it does not know. Nothing was written."""


#: What the making or keeping of a row ends with where a value is at fault and not the store.
OF_A_VALUE = (ValueError, ArithmeticError, struct.error)
