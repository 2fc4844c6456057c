"""What a store of lineage promises."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kiseki_server.domain.lineage.types import Facts, Neighbour, NodeKey, Way


@dataclass(frozen=True, slots=True)
class Fan:
    """Alike neighbours of one node that are wanted one by one; see `Neighbour.first`."""

    way: Way
    near: NodeKey
    first: int


class LineageStore(Protocol):
    """Reads what runs and artifacts have noted; works inside the caller's transaction.

    Runs that were deleted and versions that were never committed are not there. A version that
    was deleted still is: what came of it remains true.
    """

    def neighbours(
        self,
        up: Collection[NodeKey],
        down: Collection[NodeKey],
        *,
        most: int,
        opened: Collection[Fan] = (),
        limit: int,
    ) -> Sequence[Neighbour]:
        """The nodes above those of ``up`` and below those of ``down``, in one query.

        Of neighbours that are alike only the ``most`` with the smallest numbers come, unless their
        fan is in ``opened``. At most ``limit`` come in all.
        """
        ...

    def facts(self, nodes: Collection[NodeKey]) -> Mapping[NodeKey, Facts]:
        """What is known about nodes, in one query for each kind; those that are gone are absent."""
        ...

    def places(self, versions: Collection[NodeKey]) -> Mapping[NodeKey, Sequence[Facts]]:
        """How versions appear in collections that they were not born in."""
        ...
