"""The fields of OpenAI's transcription contract: what a request asks for, and what of it has no effect here."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import Depends, Form, Request

from asr.api.problems import BadField
from asr.api.service import InferenceService, ready_service
from asr.models.languages import LANGUAGE_NAMES, language_code
from asr.speech.options import has_options, supported_options
from asr.speech.whisper import AUTO_LANGUAGE
from asr.types import DecodingOptions, SpeechModel, Task

ALIAS: Final = "whisper-1"
"""The model name that OpenAI's clients send; here it stands for the loaded speech model."""

Format = Literal["json", "text", "srt", "verbose_json", "vtt"]
Ready = Annotated[InferenceService, Depends(ready_service)]

STREAMED: Final = ("json", "text")
"""The formats that can be streamed: the events are the same for both, and have no times."""

_HOTWORDS: Final = ("hotwords", "hotwords[]", "keywords", "keywords[]")
"""Names of the field of hotwords: ours, OpenAI's, and both as its clients write lists."""

_FIELDS: Final = frozenset({"file", "model", "response_format", *_HOTWORDS})
_TRANSCRIPTION_FIELDS: Final = _FIELDS | {"timestamp_granularities[]", "stream"}
_OPTIONS: Final = frozenset({"language", "prompt", "temperature"})

_MOST_NAMED: Final = 20
"""Ignored fields that a header names: a client chooses their names."""

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
        description="Text that may have come before, in whose spelling and style the model goes on. "
        "The last 223 tokens count."
    ),
]
HotwordsField = Annotated[
    list[str],
    Form(
        description="Words and names that are likely to occur, with commas between or as several fields; "
        "OpenAI calls them keywords, which is accepted too."
    ),
]
TemperatureField = Annotated[
    float, Form(ge=0, le=1, description="0 writes the most probable words; above 0 they are drawn at random.")
]


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """What a request asks for beside its file, as far as it has an effect, and the fields that have none."""

    format: Format
    decoding: DecodingOptions
    ignored: tuple[str, ...]
    granularities: tuple[str, ...] = ("segment",)
    is_streamed: bool = False


async def transcription_options(
    request: Request,
    service: Ready,
    model: ModelField,
    response_format: Annotated[Format, Form()] = "json",
    granularities: Annotated[
        list[Literal["word", "segment"]] | None,
        Form(alias="timestamp_granularities[]", description="Only with verbose_json; segment by default."),
    ] = None,
    language: LanguageField = "",
    prompt: PromptField = "",
    hotwords: HotwordsField = [],  # noqa: B006  FastAPI copies it
    temperature: TemperatureField = 0.0,
    stream: Annotated[
        bool, Form(description="true answers events while the file is transcribed; with json and text.")
    ] = False,
) -> TranscriptionOptions:
    """Raises `BadField` for what cannot be had."""
    check_model(service, model)
    if stream and response_format not in STREAMED:
        advice = f"stream requires response_format={' or '.join(STREAMED)}; {response_format} is not streamed."
        raise BadField(400, advice, "stream", "unsupported_value")
    if granularities and response_format != "verbose_json":
        advice = "timestamp_granularities[] requires response_format=verbose_json. Add it, or omit the field."
        raise BadField(400, advice, "timestamp_granularities[]", "unsupported_value")
    wanted = await _wanted(request, language, prompt, hotwords, temperature)
    decoding, ignored = _effective(service.models.speech_model, wanted)
    ignored += await _unknown(request, _TRANSCRIPTION_FIELDS)
    return TranscriptionOptions(response_format, decoding, ignored, tuple(granularities or ("segment",)), stream)


async def translation_options(
    request: Request,
    service: Ready,
    model: ModelField,
    response_format: Annotated[Format, Form()] = "json",
    language: LanguageField = "",
    prompt: PromptField = "",
    hotwords: HotwordsField = [],  # noqa: B006  FastAPI copies it
    temperature: TemperatureField = 0.0,
) -> TranscriptionOptions:
    """Raises `BadField` for what cannot be had, and where the loaded model does not translate."""
    check_model(service, model)
    check_translates(service.models.speech_model)
    language = language or AUTO_LANGUAGE  # else the server's language counts, whatever is spoken
    wanted = await _wanted(request, language, prompt, hotwords, temperature, "translate")
    decoding, ignored = _effective(service.models.speech_model, wanted)
    return TranscriptionOptions(response_format, decoding, ignored + await _unknown(request, _FIELDS))


def check_model(service: InferenceService, name: str) -> None:
    """Raises `BadField` unless it is the loaded model by one of its names."""
    if name not in names_of(service):
        known = " or ".join(names_of(service))
        raise BadField(404, f"The model {name} is not loaded here. Use {known}.", "model", "model_not_found")


def names_of(service: InferenceService) -> tuple[str, ...]:
    """What clients may call the loaded model."""
    return ALIAS, service.models.speech_model.name


def check_translates(model: SpeechModel) -> None:
    """Raises `BadField` unless the model is one that translates."""
    if not has_options(model) or "task" not in model.options:
        reason = f"The model {model.name} does not translate"
    elif len(model.languages) == 1:
        reason = f"The model {model.name} knows only {_named(model.languages[0])}, so it does not translate"
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
    words = _words_of([*hotwords, *others])
    return DecodingOptions(language_code(language), prompt.strip(), words, temperature, task)


def _words_of(written: Sequence[str]) -> tuple[str, ...]:
    """Hotwords of one or several fields, each once."""
    return tuple(dict.fromkeys(word for field in written for word in map(str.strip, field.split(",")) if word))


def _effective(model: SpeechModel, wanted: DecodingOptions) -> tuple[DecodingOptions, tuple[str, ...]]:
    """What has an effect, and the names of what has none, in the order of the fields; raises `BadField`."""
    ignored = wanted.named - supported_options(model)
    if wanted.language and "language" not in ignored:
        _check_language(model, wanted.language)
    decoding = wanted.without(ignored)
    if decoding.hotwords and has_options(model) and (excess := model.excess_tokens(decoding)):
        sentence = f"Hotwords and prompt together have {excess} tokens more than {model.name} takes; send fewer."
        raise BadField(400, sentence, "hotwords", "unsupported_value")
    return decoding, tuple(each.name for each in fields(wanted) if each.name in ignored)


def _check_language(model: SpeechModel, language: str) -> None:
    if not has_options(model) or language in (AUTO_LANGUAGE, *model.languages):
        return
    if language not in LANGUAGE_NAMES:
        sentence = f"{language} is no language of Whisper's; send a code such as en or de."
    elif len(model.languages) == 1:
        known = _named(model.languages[0])
        sentence = f"The model {model.name} transcribes only {known}; the language asked for is {_named(language)}."
    else:
        sentence = f"The model {model.name} does not know {_named(language)}."
    raise BadField(400, sentence, "language", "unsupported_language")


def _named(language: str) -> str:
    """A language by name, for a sentence."""
    return LANGUAGE_NAMES.get(language, language).title()


async def _unknown(request: Request, known: frozenset[str]) -> tuple[str, ...]:
    """The names of fields that no one here knows, as a header can have them."""
    form = await request.form()
    names = dict.fromkeys(name for name in form if name not in known | _OPTIONS)
    return tuple(quote(name[:_LONGEST_NAME], "[]", errors="replace") for name in islice(names, _MOST_NAMED))
