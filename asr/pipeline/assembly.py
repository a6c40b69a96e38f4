"""Assembly of the pipeline: the models, scheduler and clips that the settings and the command name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from asr.errors import BadSource, ModelUnavailable
from asr.inference.batched_model import usual_seconds
from asr.models.registry import AUTO, OpenedModel, open_emotion_model, open_speech_model
from asr.pipeline.batch import limited
from asr.pipeline.hotwords import check_hotwords, options_for
from asr.pipeline.identity import Identity
from asr.pipeline.long_form import cut
from asr.pipeline.model_change import LogModels, ModelChange, consequences, models_of
from asr.pipeline.pipeline import ClipStep, LocalPipeline, Pipeline
from asr.pipeline.scheduler import BatchStats, Limits, Queue, Scheduler, submit_pieces
from asr.pipeline.second import check_second, check_via
from asr.settings import AsrSettings
from asr.sources.corpora import open_corpus, open_corpus_table
from asr.sources.listing import ClipSource, Listing, open_folder, remarks_of
from asr.sources.matching import TableSource
from asr.sources.s3 import S3Source
from asr.speech.pocketsphinx import PocketSphinxSpeechModel
from asr.speech.whisper import WhisperSpeechModel
from asr.types import DecodedAudio, EmotionModel, EmotionOutput, Notify, SpeechModel, SpeechOutput
from hearsay.audio.headerless import Headerless
from hearsay.errors import StorageError
from hearsay.storage.s3 import SCHEME, Bucket, connect

Output = TypeVar("Output")

WHISPER_SECONDS: Final = 60.0
"""Seconds of a batch for Whisper: enough clips of similar length that its decoder processes several at once."""


@dataclass(frozen=True, slots=True)
class Models:
    """Both loaded models, warnings about fallbacks, and whether the speech model was chosen automatically."""

    speech_model: SpeechModel
    emotion_model: EmotionModel
    warnings: tuple[str, ...]
    is_speech_by_default: bool = False
    second_model: SpeechModel | None = None

    def close(self) -> None:
        """Release all models."""
        for model in (self.speech_model, self.emotion_model, self.second_model):
            if model:
                model.close()


def load_models(settings: AsrSettings, second: str | None = None) -> Models:
    """The models that the settings choose, for the API and for batches alike, and the one named as the ``second``.

    Raises `ModelUnavailable`, and `AsrError` if the second model is the first one.
    """
    speech_model, emotion_model = open_speech_model(settings), open_emotion_model(settings)
    opened: list[OpenedModel[SpeechModel] | OpenedModel[EmotionModel]] = [speech_model, emotion_model]
    second_model: SpeechModel | None = None
    try:
        if second is not None:
            found = open_speech_model(settings_of_second(settings, second))
            second_model = found.model
            opened.append(found)
            check_second(Identity.of(speech_model.model), Identity.of(second_model))
    except BaseException:
        for one in opened:
            one.model.close()
        raise
    warnings = tuple(one.warning for one in opened if one.warning)
    return Models(speech_model.model, emotion_model.model, warnings, settings.asr_model == AUTO, second_model)


def settings_of_second(settings: AsrSettings, second: str) -> AsrSettings:
    """The settings with the second model as the speech model."""
    return settings.model_copy(update={"asr_model": second})


def limits_for(model: SpeechModel | EmotionModel, settings: AsrSettings) -> Limits:
    """The limits of the scheduler's queues for a model.

    PocketSphinx processes one clip in each of its processes, without batches. Other models get batches of one forward
    pass, and queues that hold several of them.
    """
    if isinstance(model, PocketSphinxSpeechModel):
        return Limits(batch_seconds=0, threads=model.workers, long_threads=model.workers)
    seconds = settings.batch_seconds or usual_seconds(model.device)
    if isinstance(model, WhisperSpeechModel):
        seconds = max(seconds, WHISPER_SECONDS)
        return Limits(seconds, max(600, 6 * seconds), threads=model.workers, long_threads=model.workers)
    return Limits(batch_seconds=seconds, waiting_seconds=max(600, 6 * seconds))


def scheduler_for(
    models: Models, settings: AsrSettings, on_batch: Callable[[BatchStats], None] = lambda _: None
) -> Scheduler:
    """The scheduler of loaded models; ``on_batch`` is called with the figures of each processed batch."""
    second = models.second_model
    return Scheduler(
        models.speech_model,
        models.emotion_model,
        limits_for(models.speech_model, settings),
        on_batch,
        second,
        limits_for(second, settings) if second else None,
    )


@dataclass(frozen=True, slots=True)
class QueuedModel(Generic[Output]):
    """One loaded model behind its queue, for callers that need only one of the models.

    ``submit`` waits for room in the queue. ``warning`` says why it is not the requested model, None if it is.
    """

    name: str
    device: str
    warning: str | None
    clips_at_once: int
    submit: Callable[[DecodedAudio], Future[Output]]
    close: Callable[[], None]


def open_queued_speech_model(settings: AsrSettings, hotwords: tuple[str, ...] = ()) -> QueuedModel[SpeechOutput]:
    """The speech model of the settings alone, which gets long recordings in pieces.

    Raises `ModelUnavailable`, also for hotwords with a model that does not support them.
    """
    opened = open_speech_model(settings)
    try:
        options = options_for(opened.model, hotwords)
    except ModelUnavailable:
        opened.model.close()
        raise

    def submit(queue: Queue[SpeechOutput], audio: DecodedAudio) -> Future[SpeechOutput]:
        audio = replace(audio, options=options)
        return submit_pieces(queue, cut(audio), audio, is_blocking=True).whole

    return _queued(opened, opened.model.transcribe, settings, submit)


def open_queued_emotion_model(settings: AsrSettings) -> QueuedModel[EmotionOutput]:
    """The emotion model of the settings alone; raises `ModelUnavailable`."""
    opened = open_emotion_model(settings)
    return _queued(opened, opened.model.tag, settings, partial(Queue.submit, is_blocking=True))


def _queued(
    opened: OpenedModel[SpeechModel] | OpenedModel[EmotionModel],
    run: Callable[[Sequence[DecodedAudio]], Sequence[Output]],
    settings: AsrSettings,
    submit: Callable[[Queue[Output], DecodedAudio], Future[Output]],
) -> QueuedModel[Output]:
    model, limits = opened.model, limits_for(opened.model, settings)
    queue = Queue(model.name, run, limits, lambda _: None, limits.threads)

    def close() -> None:
        queue.close()
        model.close()

    return QueuedModel(model.name, model.device, opened.warning, limits.clips_at_once, partial(submit, queue), close)


def open_listing(
    place: str,
    table: str | None,
    dataset: str | None,
    settings: AsrSettings,
    *,
    allow_missing: bool = False,
    limit: int | None = None,
    layout: str | None = None,
    columns: Mapping[str, str] | None = None,
    headerless: str | None = None,
) -> Listing:
    """The clips of a source, or the first ``limit`` of them; raises `BadSource`."""
    source = open_source(
        place,
        table,
        dataset,
        allow_missing=allow_missing,
        s3_endpoint=settings.aws_endpoint_url,
        layout=layout,
        columns=columns,
        headerless=headerless,
    )
    return limited(source.list(), limit)


def open_listings(
    place: str,
    table: str | None,
    dataset: str | None,
    settings: AsrSettings,
    notify: Notify,
    *,
    watch: bool = False,
    **limits: Any,
) -> Iterable[Listing]:
    """The listing of a source; with ``watch`` one of each group of files that arrive in a folder, until Ctrl-C.

    ``limits`` are the options of `open_listing`. ``notify`` gets sentences about what is left out. Raises `BadSource`.
    """
    if watch:
        from asr.sources.watch import arrivals  # imported only when it is used

        return arrivals(open_folder(place, dataset), notify)
    listing = open_listing(place, table, dataset, settings, **limits)
    for sentence in remarks_of(listing):
        notify(sentence)
    return [listing]


def open_pipeline_for_log(
    log: Path,
    settings: AsrSettings,
    via: str | None,
    change: ModelChange | None,
    notify: Notify,
    warn: Notify,
    step: ClipStep = lambda *_: None,
    hotwords: tuple[str, ...] = (),
    second: str | None = None,
) -> Pipeline:
    """The pipeline that continues a log; ``notify`` is called with what is done with other models' transcripts in it.

    ``step``, ``hotwords`` and ``second`` are as in `open_pipeline`. Raises `ModelChanged` if ``change`` is needed and
    None.
    """
    before = models_of(log)
    pipeline = open_pipeline(settings_for_log(before, settings, change), via, notify, warn, step, hotwords, second)
    try:
        for sentence in consequences(before, pipeline, change):
            notify(sentence)
    except BaseException:
        pipeline.close()
        raise
    return pipeline


def settings_for_log(before: LogModels, settings: AsrSettings, change: ModelChange | None) -> AsrSettings:
    """The settings, with the log's speech model if it is to be kept and no other was named."""
    if change == "keep" and settings.asr_model == AUTO and before.usual_speech:
        return settings.model_copy(update={"asr_model": before.usual_speech})
    return settings


def open_pipeline(
    settings: AsrSettings,
    via: str | None,
    notify: Notify,
    warn: Notify,
    step: ClipStep = lambda *_: None,
    hotwords: tuple[str, ...] = (),
    second: str | None = None,
) -> Pipeline:
    """The pipeline over the API at ``via``, or else the local one of the settings; ``warn`` is called for a fallback.

    ``step`` is for `LocalPipeline`: an API does not report progress inside a clip. So are ``hotwords``, which the
    speech model expects in every clip, and the ``second`` one, too. Raises `BadSource` for hotwords with an API, and
    `ModelUnavailable` for hotwords with a model that does not support them.
    """
    check_hotwords(hotwords, via)
    check_via(second, via)
    if via is not None:
        from asr.pipeline.remote import open_remote_pipeline  # the HTTP client is imported only when it is used

        remote = open_remote_pipeline(via, settings, notify)
        notify(f"{via}: speech model: {remote.speech.name} · emotion model: {remote.emotion.name}")
        return remote
    models = load_models(settings, second)
    for warning in models.warnings:
        warn(warning)
    also = f" · second speech model: {models.second_model.name}" if models.second_model else ""
    notify(f"speech model: {models.speech_model.name}{also} · emotion model: {models.emotion_model.name}")
    try:
        options = options_for(models.speech_model, hotwords)
        if models.second_model:
            options_for(models.second_model, hotwords)
    except ModelUnavailable:
        models.close()
        raise
    return LocalPipeline(
        scheduler_for(models, settings),
        settings.max_clip_seconds,
        step,
        is_speech_by_default=models.is_speech_by_default,
        options=options,
    )


def _open_headerless(location: str, headerless: str, dataset: str | None, *, has_tables: bool) -> ClipSource:
    if has_tables or location.startswith(SCHEME):
        raise BadSource("--headerless is for a local folder of audio files, without --table, --layout and --column")
    return replace(open_folder(location, dataset), headerless=Headerless.parse(headerless))


def open_source(
    location: str,
    csv: str | None,
    dataset: str | None,
    *,
    allow_missing: bool,
    s3_endpoint: str | None = None,
    layout: str | None = None,
    columns: Mapping[str, str] | None = None,
    headerless: str | None = None,
) -> ClipSource:
    """The source at a location; raises `BadSource` if there is no such folder or bucket.

    ``layout`` is a name of `hearsay.corpora.layouts`, None to recognise it; ``columns`` maps names of columns in tables
    to those of clip records; ``headerless`` describes the files of a plain folder that have no header, as
    `hearsay.audio.headerless.Headerless.parse` reads it.
    """
    columns = columns or {}
    if headerless:
        return _open_headerless(location, headerless, dataset, has_tables=bool(csv or layout or columns))
    if location.startswith(SCHEME):
        try:
            bucket = Bucket(connect(s3_endpoint), location)
        except StorageError as problem:
            raise BadSource(str(problem)) from problem
        return S3Source(bucket, csv, dataset, allow_missing, layout, columns)
    folder = open_folder(location, dataset)
    if csv is None:
        return open_corpus(folder, layout, dataset, columns, allow_missing=allow_missing)
    if "://" in csv:
        raise BadSource(f"{csv}: with a local folder, --csv must be a local file; download it first")
    if corpus := open_corpus_table(folder.folder, Path(csv), dataset, columns, allow_missing=allow_missing):
        return corpus
    return TableSource(Path(location), Path(csv), folder.dataset, allow_missing, columns)
