"""Traces of any OpenTelemetry program (OTLP over HTTP)."""

from __future__ import annotations

from kiseki_server.protocols.otlp.traces import routes

__all__ = ["routes"]
