"""Metrics of the API for Prometheus; every application has its own registry."""

import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asr.api.problems import CLIENT_CLOSED_REQUEST
from asr.pipeline.scheduler import BatchStats, Scheduler

_REJECTIONS: Final = frozenset({401, 408, 413, 429, 503})
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """Counters, gauges and histograms in their own registry; threads may share it."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "hearsay_requests", "Requests, by path and HTTP status.", ["path", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            *(
                "hearsay_request_seconds",
                "Seconds from the first byte of a request to the last byte of its reply.",
                ["path"],
            ),
            registry=registry,
            buckets=_SECONDS,
        )
        self._stage_seconds = Histogram(
            "hearsay_stage_seconds",
            "Seconds of a stage: decode (a file), wait (in the queue of a model, the first clip of a batch), "
            "asr and ser (a batch in a model), verify (the texts of a request).",
            ["stage"],
            registry=registry,
            buckets=_SECONDS,
        )
        self._rejections, self._rejections_by_old_name = (
            Counter(name, text, ["status"], registry=registry)
            for name, text in {
                "hearsay_rejections": "Rejected requests, by HTTP status: 401, 408, 413, 429, 503.",
                "hearsay_refusals": "The old name of hearsay_rejections_total.",
            }.items()
        )
        self._batches = _BatchMetrics(registry)
        self._waiting = Gauge(
            "hearsay_queue_seconds", "Seconds of audio in the queue of a model.", ["model"], registry=registry
        )
        self._padding = Gauge(
            *(
                "hearsay_padding_ratio",
                "Padded length divided by actual length of all audio processed by a model; 1 means no padding.",
            ),
            ["model"],
            registry=registry,
        )

    def watch(self, scheduler: Scheduler) -> None:
        """Read the scheduler's queues and models whenever the metrics are requested."""
        for name in scheduler.waiting_seconds():
            self._waiting.labels(name).set_function(partial(_waiting_for, scheduler, name))
        for model in (scheduler.speech_model, scheduler.emotion_model):
            self._padding.labels(model.name).set_function(partial(getattr, model, "padding_ratio"))

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request. All unknown paths share one label, so that clients cannot create new labels."""
        self._requests.labels(path, status).inc()
        self._request_seconds.labels(path).observe(seconds)
        if status in _REJECTIONS:
            self._rejections.labels(status).inc()
            self._rejections_by_old_name.labels(status).inc()

    def decoded(self, seconds: float) -> None:
        """Record that a file was decoded."""
        self._stage_seconds.labels("decode").observe(seconds)

    def scored(self, seconds: float) -> None:
        """Record that the texts of a request were scored."""
        self._stage_seconds.labels("verify").observe(seconds)

    def observe_batch(self, batch: BatchStats, stage: str) -> None:
        """Record that a model finished a batch; the stage is ``asr`` or ``ser``."""
        self._stage_seconds.labels("wait").observe(batch.waited)
        self._stage_seconds.labels(stage).observe(batch.took)
        self._batches.observe_batch(batch)

    def page(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self._registry)


def _waiting_for(scheduler: Scheduler, model: str) -> float:
    return scheduler.waiting_seconds()[model]


class _BatchMetrics:
    """For each model: its batches, and how fast they were processed."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str) -> Counter:
            return Counter(name, text, ["model"], registry=registry)

        self._seconds = Histogram(
            *("hearsay_batch_seconds", "Seconds per batch of a model.", ["model"]),
            registry=registry,
            buckets=_SECONDS,
        )
        self._clips = counter("hearsay_batch_clips", "Clips and pieces processed in batches.")
        self._audio = counter("hearsay_audio_seconds", "Seconds of audio processed.")
        self._audio_by_old_name = counter("hearsay_sound_seconds", "The old name of hearsay_audio_seconds_total.")
        self._pace = Gauge(
            *(
                "hearsay_real_time_factor",
                "Seconds of computation per second of audio, in the latest batch.",
                ["model"],
            ),
            registry=registry,
        )

    def observe_batch(self, batch: BatchStats) -> None:
        seconds = sum(batch.lengths)
        self._seconds.labels(batch.model).observe(batch.took)
        self._clips.labels(batch.model).inc(len(batch.lengths))
        self._audio.labels(batch.model).inc(seconds)
        self._audio_by_old_name.labels(batch.model).inc(seconds)
        if seconds:
            self._pace.labels(batch.model).set(batch.took / seconds)


class MetricsMiddleware:
    """ASGI middleware that measures requests, including requests to ``paths`` that other middleware rejects."""

    def __init__(self, app: ASGIApp, answered: Callable[[str, int, float], None], paths: Collection[str]) -> None:
        self._app = app
        self._answered = answered
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), CLIENT_CLOSED_REQUEST

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            path = scope["path"]
            if path not in self._paths:  # the path of the route has the names of its parameters
                path = str(getattr(scope.get("route"), "path", "other"))
            self._answered(path, status, time.monotonic() - began)
