"""What a batch decodes and with what: the clips and the models that a person names, for the terminal and for Python."""

from collections.abc import Callable, Iterator
from pathlib import Path

from asr.models.registry import AUTO, limits_for, open_tagger, open_transcriber
from asr.pipeline.batch import limited
from asr.pipeline.model_change import LogModels, ModelChange, consequences, models_of
from asr.pipeline.pipeline import ClipStep, Listener, LocalListener
from asr.pipeline.places import open_source
from asr.pipeline.scheduler import Scheduler
from asr.pipeline.sources import Listing, open_folder
from asr.settings import AsrSettings

Say = Callable[[str], None]


def open_listing(
    place: str,
    table: str | None,
    dataset: str | None,
    settings: AsrSettings,
    *,
    allow_missing: bool = False,
    limit: int | None = None,
) -> Listing:
    """The clips of a source, or the first ``limit`` of them; raises `BadSource`."""
    source = open_source(place, table, dataset, allow_missing=allow_missing, s3_endpoint=settings.aws_endpoint_url)
    return limited(source.list(), limit)


def open_arrivals(place: str, dataset: str | None, say: Say) -> Iterator[Listing]:
    """What arrives in a folder, until Ctrl-C; raises `BadSource` where there is none."""
    from asr.pipeline.watch import arrivals  # needed by those who watch

    return arrivals(open_folder(place, dataset), say)


def open_for(
    log: Path,
    settings: AsrSettings,
    via: str | None,
    change: ModelChange | None,
    say: Say,
    warn: Say,
    step: ClipStep = lambda *_: None,
) -> Listener:
    """The listener that goes on with a log; what becomes of other models' transcripts in it is said.

    ``step`` is as in `open_listener`. Raises `ModelChanged` where that was not decided.
    """
    before = models_of(log)
    listener = open_listener(going_on_with(before, settings, change), via, say, warn, step)
    try:
        for sentence in consequences(before, listener, change):
            say(sentence)
    except BaseException:
        listener.close()
        raise
    return listener


def going_on_with(before: LogModels, settings: AsrSettings, change: ModelChange | None) -> AsrSettings:
    """The settings with the log's own speech model, where that is to be kept and no other was named."""
    if change == "keep" and settings.asr_model == AUTO and before.usual_speech:
        return settings.model_copy(update={"asr_model": before.usual_speech})
    return settings


def open_listener(
    settings: AsrSettings, via: str | None, say: Say, warn: Say, step: ClipStep = lambda *_: None
) -> Listener:
    """The listener at an address, or else the one that the settings choose; ``warn`` is told of a fallback.

    ``step`` is for `LocalListener`: an API says nothing before the whole clip is transcribed.
    """
    if via is not None:
        from asr.pipeline.remote import open_remote  # an HTTP client is needed by those who have an address

        remote = open_remote(via, settings, say)
        say(f"{via}: speech: {remote.speech.name} · emotion: {remote.emotion.name}")
        return remote
    transcriber, tagger = open_transcriber(settings), open_tagger(settings)
    for chosen in (transcriber, tagger):
        if chosen.warning:
            warn(chosen.warning)
    say(f"speech: {transcriber.model.name} · emotion: {tagger.model.name}")
    limits = limits_for(transcriber.model, settings)
    scheduler = Scheduler(transcriber.model, tagger.model, limits)
    by_default = settings.asr_model == AUTO
    return LocalListener(scheduler, settings.max_clip_seconds, step, is_speech_by_default=by_default)
