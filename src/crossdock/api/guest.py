"""Who is asking, and what they may see."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request

from crossdock.api.keys import Holder, Keys, Role
from crossdock.api.refusals import Refusal
from crossdock.message.whence import WHENCE


def _made_with(role: str) -> str:
    return f"use a key made with crossdock keys create NAME --role {role}"


class Guest:
    """Lets the holders of keys in, and says what each may see."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def holder(self, request: Request) -> Holder:
        """Who sent a request. Raises Refusal with 401."""
        holder = self._keys.holder(request.headers.get("authorization"))
        if holder is None:
            raise Refusal(
                401, "the key is missing or not known", fix="send Authorization: Bearer KEY; see crossdock keys create",
                headers={"www-authenticate": "Bearer"},
            )  # fmt: skip
        return holder

    def operator(self, request: Request) -> Holder:
        """Somebody who may act. Raises Refusal with 401 or 403."""
        return self._acting(request, lambda holder: holder.acts, "act", _made_with("operator"))

    def approver(self, request: Request) -> Holder:
        """Somebody who may say yes to what somebody else asks for. Raises Refusal with 401 or 403."""
        return self._acting(request, lambda holder: holder.approves, "approve", _made_with("approver"))

    def admin(self, request: Request) -> Holder:
        """Somebody who may say who may sign in. Raises Refusal with 401 or 403."""
        return self._acting(
            request, lambda holder: holder.role is Role.ADMIN, "change accounts", _made_with("admin")
        )

    def terminal(self, request: Request) -> Holder:
        """A command of somebody who may write to the store. Raises Refusal with 401 or 403."""
        fix = "run crossdock keys on the hub's machine"
        return self._acting(request, lambda holder: holder.role is Role.TERMINAL, "keep keys", fix)

    def _acting(self, request: Request, may: Callable[[Holder], bool], what: str, fix: str) -> Holder:
        holder = self.holder(request)
        if not may(holder):
            raise Refusal(403, f"the key {holder.name} may not {what}", fix=fix)
        self.note_origin(request)
        return holder

    def insider(self, request: Request) -> Holder:
        """Somebody who is no system. Raises Refusal with 401 or 403."""
        holder = self.holder(request)
        if holder.role is Role.SYSTEM:
            raise Refusal(403, f"the key {holder.name} is a system's", fix="use a key with a role")
        return holder

    @staticmethod
    def note_origin(request: Request) -> None:
        """Notes for the ledger from where somebody acts."""
        WHENCE.set(request.client.host if request.client else "")

    def origin(self, holder: Holder) -> str | None:
        """The one system whose documents a holder may see; None: all."""
        return holder.system if holder.role is Role.SYSTEM else None

    def narrowed(self, holder: Holder, system: str | None) -> str | None:
        """The system that figures are narrowed to: a system's own key sees no others. Raises Refusal with 403."""
        if holder.role is not Role.SYSTEM:
            return system
        if system is not None and system != holder.system:
            raise Refusal(
                403, f"the key {holder.name} sees only what came from {holder.system}", path="system",
                fix="leave system out, or use a key made with --role observer",
            )  # fmt: skip
        return holder.system
