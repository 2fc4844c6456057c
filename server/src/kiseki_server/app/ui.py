"""Serves the built web UI; its pages are all one page, whose addresses the UI itself reads."""

from __future__ import annotations

import base64
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from anyio import to_thread
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from kiseki_server.kit.errors import NotFound
from kiseki_server.protocols.native.security import PUBLIC

_FOREVER = "public, max-age=31536000, immutable"
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_COMPRESSIBLE = (
    "text/",
    "application/javascript",
    "application/json",
    "image/svg",
    "application/wasm",
)
_FOREIGN = ("api", "graphql", "otel", "blobs", "v1", "sdk", "traces")


@dataclass(frozen=True, slots=True)
class _Asset:
    body: bytes
    gzipped: bytes | None
    media_type: str
    etag: str


class WebUi:
    """The files of the built UI, kept in memory once they were asked for."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(str(resources.files("kiseki_server") / "_web"))
        self._assets: dict[str, tuple[float, _Asset]] = {}

    @property
    def built(self) -> bool:
        return (self._folder / "index.html").is_file()

    def answer(self, request: Request[Any, Any, Any], path: str) -> Response[bytes]:
        """A file of the UI, or the page for every other address.

        Raises:
            NotFound: An asset of another build, or an address that belongs to an API.
        """
        path = path.lstrip("/")
        if path.partition("/")[0] in _FOREIGN:
            raise NotFound(f"There is nothing at /{path}")
        asset = self._asset(path) if path else None
        if asset is not None:
            hashed = path.startswith("assets/")
            # A worker runs under the policy that comes with its own script.
            headers = {
                "Cache-Control": _FOREVER if hashed else "no-cache",
                "Content-Security-Policy": _policy(b""),
            }
            return _respond(request, asset, headers)
        if path.startswith("assets/"):
            raise NotFound(f"There is nothing at /{path}", hint="reload the page")
        page = self._asset("index.html")
        if page is None:
            page = _make_asset(HOW_TO_BUILD.encode(), "text/html")
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _policy(page.body)}
        return _respond(request, page, headers)

    def _asset(self, path: str) -> _Asset | None:
        if any(part in {"", ".", ".."} or part.startswith(".") for part in path.split("/")):
            return None
        file = self._folder / path
        try:
            changed = file.stat().st_mtime
            known = self._assets.get(path)
            if known is not None and known[0] == changed:
                return known[1]
            if not file.is_file() or not file.resolve().is_relative_to(self._folder.resolve()):
                return None
            asset = _make_asset(file.read_bytes(), _media_type(path))
        except (OSError, ValueError):
            return None
        self._assets[path] = (changed, asset)
        return asset


def ui_routes(ui: WebUi) -> list[HTTPRouteHandler]:
    """The routes behind all others."""

    @get(
        ["/", "/{path:path}"],
        name="ui",
        opt=PUBLIC,
        include_in_schema=False,
    )
    async def page(request: Request[Any, Any, Any], path: str = "") -> Response[bytes]:
        return await to_thread.run_sync(ui.answer, request, path)

    return [page]


def _media_type(path: str) -> str:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if path.endswith((".js", ".mjs")):
        kind = "text/javascript"
    return kind


def _make_asset(body: bytes, media_type: str) -> _Asset:
    small = gzip.compress(body, 6, mtime=0) if media_type.startswith(_COMPRESSIBLE) else None
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return _Asset(body, small, media_type, etag)


def _respond(
    request: Request[Any, Any, Any], asset: _Asset, headers: dict[str, str]
) -> Response[bytes]:
    headers |= {"ETag": asset.etag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == asset.etag:
        return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
    body = asset.body
    if asset.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = asset.gzipped, "gzip"
    return Response(body, headers=headers, media_type=asset.media_type)


def _policy(page: bytes) -> str:
    """What the page may load: everything from here, and the scripts that stand in it."""
    hashes = "".join(
        f" 'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(page)
    )
    return (
        f"default-src 'self'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; "
        "worker-src 'self' blob:; connect-src 'self'; frame-src 'self' blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


HOW_TO_BUILD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kiseki</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.6 system-ui, "Noto Sans CJK JP", "Hiragino Sans", sans-serif;
         max-width: 42rem; margin: 12vh auto; padding: 0 1.5rem; }
  code { font: 0.95em/1 ui-monospace, monospace; padding: 0.15em 0.4em; border-radius: 4px;
         background: color-mix(in srgb, currentColor 12%, transparent); }
  section + section { margin-top: 2.5rem; padding-top: 2rem;
         border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
</style>
<section>
  <h1>Kiseki is running</h1>
  <p>The API works, and clients can log to this server. Its web pages are not built yet.</p>
  <p>Install <a href="https://nodejs.org">Node.js</a> 20 or newer, run <code>make build</code> in
     the repository, and reload this page.</p>
</section>
<section lang="ja">
  <h1>Kiseki は動作しています</h1>
  <p>API は利用でき、クライアントはこのサーバーに記録できます。Web 画面はまだビルドされて
     いません。</p>
  <p><a href="https://nodejs.org">Node.js</a> 20 以降をインストールし、リポジトリで
     <code>make build</code> を実行してから、このページを再読み込みしてください。</p>
</section>
</html>
"""
