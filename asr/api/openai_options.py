"""The fields of OpenAI's transcription requests: which options take effect, and which are ignored."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import Form, Request

from asr.api.problems import BadField
from asr.api.service import InferenceService, Ready
from asr.languages import LANGUAGE_NAMES, language_code
from asr.speech.whisper import AUTO_LANGUAGE
from asr.types import DecodingOptions, SpeechModel, Task, has_options, supported_options

ALIAS: Final = "whisper-1"
"""The model name that OpenAI's clients send; here it means the loaded speech model."""

ResponseFormat = Literal["json", "text", "srt", "verbose_json", "vtt"]

STREAMED: Final = ("json", "text")
"""Formats that can be streamed. The events are the same for both and have no times."""

_HOTWORDS: Final = ("hotwords", "hotwords[]", "keywords", "keywords[]")
"""Names of the hotwords field: ours and OpenAI's, each also in the form in which its clients send lists."""

_FILES: Final = ("file", "file[]")
_FIELDS: Final = frozenset({"file", "model", "response_format", *_HOTWORDS})
_GRANULARITIES: Final = "timestamp_granularities"
_GRANULARITY: Final = re.compile(rf"{_GRANULARITIES}(\[\d*\])?")
"""The field as clients spell it: OpenAI's with ``[]``, others without a suffix or with an index."""

_TRANSCRIPTION_FIELDS: Final = _FIELDS | {"stream"}
_OPTIONS: Final = frozenset({"language", "prompt", "temperature"})

_MOST_NAMED: Final = 20
"""Maximum number of ignored fields in the reply header, because clients choose the names."""

_LONGEST_NAME: Final = 64

ModelField = Annotated[str, Form(description="whisper-1, or the name of the loaded speech model.", examples=[ALIAS])]
LanguageField = Annotated[
    str,
    Form(
        description="Language of the recording: a code such as en, or its English name; auto detects it. "
        "The default is the server's ASR_LANGUAGE; for a translation it is detected."
    ),
]
PromptField = Annotated[
    str,
    Form(
        description="Text that precedes the recording; the model continues its spelling and style. "
        "Only the last 223 tokens are used."
    ),
]
HotwordsField = Annotated[
    list[str],
    Form(
        description="Words and names that are likely to occur, separated by commas or sent as several fields. "
        "keywords, OpenAI's name, is accepted as an alias."
    ),
]
TemperatureField = Annotated[
    float,
    Form(ge=0, le=1, description="0 selects the most probable words; higher values sample at random."),
]


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """The options of a request that take effect, and the names of the fields that were ignored."""

    format: ResponseFormat
    decoding: DecodingOptions
    ignored: tuple[str, ...]
    granularities: tuple[str, ...] = ("segment",)
    is_streamed: bool = False


async def transcription_options(
    request: Request,
    service: Ready,
    model: ModelField,
    response_format: Annotated[ResponseFormat, Form()] = "json",
    timestamp_granularities: Annotated[  # noqa: ARG001  every spelling is read from the form
        list[str],
        Form(
            alias=f"{_GRANULARITIES}[]",
            description="word, segment or both, as several fields or separated by commas; only with verbose_json. "
            "segment by default. The name may also end without brackets, or with a number in them.",
        ),
    ] = [],  # noqa: B006  FastAPI copies it
    language: LanguageField = "",
    prompt: PromptField = "",
    hotwords: HotwordsField = [],  # noqa: B006  FastAPI copies it
    temperature: TemperatureField = 0.0,
    stream: Annotated[
        bool, Form(description="If true, the reply is a stream of server-sent events; requires json or text.")
    ] = False,
) -> TranscriptionOptions:
    """The options of a transcription; raises `BadField` for values that are not supported."""
    check_model(service, model)
    if stream and response_format not in STREAMED:
        advice = f"stream requires response_format={' or '.join(STREAMED)}; {response_format} is not streamed."
        raise BadField(400, advice, "stream", "unsupported_value")
    await check_one_file(request)
    granularities = await _granularities(request)
    if granularities and response_format != "verbose_json":
        advice = "timestamp_granularities[] requires response_format=verbose_json. Add it, or omit the field."
        raise BadField(400, advice, "timestamp_granularities[]", "unsupported_value")
    wanted = await _wanted(request, language, prompt, hotwords, temperature)
    decoding, ignored = _effective(service.models.speech_model, wanted)
    unknown = await _unknown(request, _TRANSCRIPTION_FIELDS)
    ignored += tuple(name for name in unknown if not _GRANULARITY.fullmatch(name))
    return TranscriptionOptions(response_format, decoding, ignored, granularities or ("segment",), stream)


async def translation_options(
    request: Request,
    service: Ready,
    model: ModelField,
    response_format: Annotated[ResponseFormat, Form()] = "json",
    language: LanguageField = "",
    prompt: PromptField = "",
    hotwords: HotwordsField = [],  # noqa: B006  FastAPI copies it
    temperature: TemperatureField = 0.0,
) -> TranscriptionOptions:
    """The options of a translation; raises `BadField` for unsupported values, or a model that cannot translate."""
    check_model(service, model)
    await check_one_file(request)
    check_translates(service.models.speech_model)
    language = language or AUTO_LANGUAGE  # otherwise the server's language would apply
    wanted = await _wanted(request, language, prompt, hotwords, temperature, "translate")
    decoding, ignored = _effective(service.models.speech_model, wanted)
    return TranscriptionOptions(response_format, decoding, ignored + await _unknown(request, _FIELDS))


async def check_one_file(request: Request) -> None:
    """Raises `BadField` for several files: OpenAI's contract has one, and FastAPI would pass on only the last."""
    form = await request.form()
    if sum(name in _FILES for name, _ in form.multi_items()) > 1:
        sentence = "The form field file was sent more than once; send one file a request."
        raise BadField(400, sentence, "file", "invalid_value")


async def _granularities(request: Request) -> tuple[str, ...]:
    """The requested granularities, without duplicates, in every spelling of the field."""
    fields = (await request.form()).multi_items()
    written = [value for name, value in fields if _GRANULARITY.fullmatch(name) and isinstance(value, str)]
    wanted = dict.fromkeys(re.findall(r"[^\s,\[\]\"']+", ",".join(written).lower()))
    for name in wanted:
        if name not in ("word", "segment"):
            sentence = f"{name} is not a granularity of timestamps; send word, segment or both."
            raise BadField(400, sentence, f"{_GRANULARITIES}[]", "unsupported_value")
    return tuple(wanted)


def check_model(service: InferenceService, name: str) -> None:
    """Raises `BadField` if this is not a name of the loaded model."""
    if name not in names_of(service):
        known = " or ".join(names_of(service))
        raise BadField(404, f"The model {name} is not loaded here. Use {known}.", "model", "model_not_found")


def names_of(service: InferenceService) -> tuple[str, ...]:
    """The names by which clients may refer to the loaded model."""
    return ALIAS, service.models.speech_model.name


def check_translates(model: SpeechModel) -> None:
    """Raises `BadField` if the model cannot translate."""
    if not has_options(model) or "task" not in model.options:
        reason = f"The model {model.name} does not translate"
    elif len(model.languages) == 1:
        reason = f"The model {model.name} supports only {_named(model.languages[0])}, so it does not translate"
    else:
        return
    advice = "run the API with a multilingual Whisper model, for example ASR_MODEL=whisper-base."
    raise BadField(400, f"{reason}; {advice}", "model", "unsupported_model")


async def _wanted(
    request: Request,
    language: str,
    prompt: str,
    hotwords: Sequence[str],
    temperature: float,
    task: Task = "transcribe",
) -> DecodingOptions:
    form = await request.form()
    others = [value for name in _HOTWORDS[1:] for value in form.getlist(name) if isinstance(value, str)]
    words = tuple(
        dict.fromkeys(word for field in [*hotwords, *others] for word in map(str.strip, field.split(",")) if word)
    )
    return DecodingOptions(language_code(language), prompt.strip(), words, temperature, task)


def _effective(model: SpeechModel, wanted: DecodingOptions) -> tuple[DecodingOptions, tuple[str, ...]]:
    """The options that take effect, and the names of those that do not, in field order; raises `BadField`."""
    ignored = wanted.named - supported_options(model)
    if wanted.language and "language" not in ignored:
        _check_language(model, wanted.language)
    decoding = wanted.without(ignored)
    if decoding.hotwords and has_options(model) and (excess := model.excess_tokens(decoding)):
        sentence = f"Hotwords and prompt exceed the limit of {model.name} by {excess} tokens; shorten them."
        raise BadField(400, sentence, "hotwords", "unsupported_value")
    return decoding, tuple(each.name for each in fields(wanted) if each.name in ignored)


def _check_language(model: SpeechModel, language: str) -> None:
    if not has_options(model) or language in (AUTO_LANGUAGE, *model.languages):
        return
    if language not in LANGUAGE_NAMES:
        sentence = f"{language} is not a language that Whisper supports; send a code such as en or de."
    elif len(model.languages) == 1:
        known = _named(model.languages[0])
        sentence = (
            f"The model {model.name} transcribes only {known}; the requested language is {_named(language)}. "
            "Omit language, or use a multilingual model."
        )
    else:
        sentence = f"The model {model.name} does not support {_named(language)}; send another language."
    raise BadField(400, sentence, "language", "unsupported_language")


def _named(language: str) -> str:
    """The name of a language, for messages."""
    return LANGUAGE_NAMES.get(language, language).title()


async def _unknown(request: Request, known: frozenset[str]) -> tuple[str, ...]:
    """The names of unknown fields, encoded for a header."""
    form = await request.form()
    names = dict.fromkeys(name for name in form if name not in known | _OPTIONS)
    return tuple(quote(name[:_LONGEST_NAME], "[]", errors="replace") for name in islice(names, _MOST_NAMED))
