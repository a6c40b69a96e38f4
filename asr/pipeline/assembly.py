"""What a batch decodes and with what: the clips and the models that a person names, for the terminal and for Python."""

from collections.abc import Callable, Iterator
from pathlib import Path

from asr.errors import BadSource
from asr.models.registry import AUTO, limits_for, open_emotion_model, open_speech_model
from asr.pipeline.batch import limited
from asr.pipeline.model_change import LogModels, ModelChange, consequences, models_of
from asr.pipeline.pipeline import ClipStep, LocalPipeline, Pipeline
from asr.pipeline.scheduler import Scheduler
from asr.settings import AsrSettings
from asr.sources.listing import ClipSource, Listing, open_folder
from asr.sources.matching import TableSource
from asr.sources.s3 import S3Source
from hearsay.errors import StorageError
from hearsay.storage.s3 import SCHEME, Bucket, connect

Notify = Callable[[str], None]


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


def open_arrivals(place: str, dataset: str | None, notify: Notify) -> Iterator[Listing]:
    """What arrives in a folder, until Ctrl-C; raises `BadSource` where there is none."""
    from asr.sources.watch import arrivals  # needed by those who watch

    return arrivals(open_folder(place, dataset), notify)


def open_pipeline_for_log(
    log: Path,
    settings: AsrSettings,
    via: str | None,
    change: ModelChange | None,
    notify: Notify,
    warn: Notify,
    step: ClipStep = lambda *_: None,
) -> Pipeline:
    """The listener that goes on with a log; what becomes of other models' transcripts in it is said.

    ``step`` is as in `open_pipeline`. Raises `ModelChanged` where that was not decided.
    """
    before = models_of(log)
    pipeline = open_pipeline(settings_for_log(before, settings, change), via, notify, warn, step)
    try:
        for sentence in consequences(before, pipeline, change):
            notify(sentence)
    except BaseException:
        pipeline.close()
        raise
    return pipeline


def settings_for_log(before: LogModels, settings: AsrSettings, change: ModelChange | None) -> AsrSettings:
    """The settings with the log's own speech model, where that is to be kept and no other was named."""
    if change == "keep" and settings.asr_model == AUTO and before.usual_speech:
        return settings.model_copy(update={"asr_model": before.usual_speech})
    return settings


def open_pipeline(
    settings: AsrSettings, via: str | None, notify: Notify, warn: Notify, step: ClipStep = lambda *_: None
) -> Pipeline:
    """The listener at an address, or else the one that the settings choose; ``warn`` is told of a fallback.

    ``step`` is for `LocalPipeline`: an API says nothing before the whole clip is transcribed.
    """
    if via is not None:
        from asr.pipeline.remote import open_remote_pipeline  # an HTTP client is needed by those who have an address

        remote = open_remote_pipeline(via, settings, notify)
        notify(f"{via}: speech: {remote.speech.name} · emotion: {remote.emotion.name}")
        return remote
    speech_model, emotion_model = open_speech_model(settings), open_emotion_model(settings)
    for chosen in (speech_model, emotion_model):
        if chosen.warning:
            warn(chosen.warning)
    notify(f"speech: {speech_model.model.name} · emotion: {emotion_model.model.name}")
    limits = limits_for(speech_model.model, settings)
    scheduler = Scheduler(speech_model.model, emotion_model.model, limits)
    by_default = settings.asr_model == AUTO
    return LocalPipeline(scheduler, settings.max_clip_seconds, step, is_speech_by_default=by_default)


def open_source(
    location: str, csv: str | None, dataset: str | None, *, allow_missing: bool, s3_endpoint: str | None = None
) -> ClipSource:
    """The source that a person's words mean; raises `BadSource` where there is no such folder or bucket."""
    if location.startswith(SCHEME):
        try:
            bucket = Bucket(connect(s3_endpoint), location)
        except StorageError as problem:
            raise BadSource(str(problem)) from problem
        return S3Source(bucket, csv, dataset, allow_missing)
    folder = open_folder(location, dataset)
    if csv is None:
        return folder
    if "://" in csv:
        raise BadSource(f"{csv}: beside a folder of this machine, --csv is a file of this machine; copy it there first")
    return TableSource(Path(location), Path(csv), folder.dataset, allow_missing)
