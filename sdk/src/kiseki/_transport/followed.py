"""Files that the user's program goes on writing: sent when they change, or at the run's end."""

from __future__ import annotations

from kiseki._transport.errands import Errands
from kiseki._transport.file_errand import Stamp, source_of, stamp_of
from kiseki._transport.run_directory import RunDirectory, State
from kiseki.wire.records import File

_LOOK_EVERY_S = 2.0


class Followed:
    """The followed files of one run; they are remembered in its state."""

    def __init__(self, directory: RunDirectory, state: State, errands: Errands) -> None:
        self._folder = directory.path
        self._followed = state.followed
        self._errands = errands
        self._stamps: dict[str, Stamp] = {}
        self._looked = -1e9
        self._over = False
        errands.followed = self.add

    def add(self, file: File) -> bool:
        """Follow a file, or let it go when it is sent as it is; ``False``: nothing is to be done
        now."""
        if file.policy == "now":
            self._followed.pop(file.path, None)
            return True
        self._followed[file.path] = file
        self._stamps.pop(file.path, None)
        return False

    def turn(self, now: float) -> None:
        """Look whether files have changed."""
        if self._over or now - self._looked < _LOOK_EVERY_S or not self._errands.open:
            return
        self._looked = now
        for file in list(self._followed.values()):
            if file.policy == "live":
                self._send_if_changed(file)

    def end(self) -> None:
        """The run is over: what is there now is what is kept. Harmless twice."""
        if self._over:
            return
        self._over = True
        for file in list(self._followed.values()):
            if file.policy == "end":
                self._errands.add(File(file.path, file.source, "now"))
            else:
                self._send_if_changed(file)

    def forget(self) -> None:
        """All are on the server as they are."""
        self._followed.clear()

    def _send_if_changed(self, file: File) -> None:
        stamp = stamp_of(source_of(file, self._folder))
        if stamp is not None and stamp != self._stamps.get(file.path):
            self._stamps[file.path] = stamp
            self._errands.add(File(file.path, file.source, "now"))
