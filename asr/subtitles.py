"""A transcript as subtitles: SRT and WebVTT, one cue a segment."""

from collections.abc import Sequence

from clips.row import Segment


def srt(segments: Sequence[Segment]) -> str:
    """SubRip: numbered cues, with a comma before the milliseconds."""
    cues = (
        f"{number}\n{_time(segment.start, ',')} --> {_time(segment.end, ',')}\n{segment.text}\n\n"
        for number, segment in enumerate(_spoken(segments), 1)
    )
    return "".join(cues)


def vtt(segments: Sequence[Segment]) -> str:
    """WebVTT: a head line, cues, and a point before the milliseconds; what would be markup is escaped."""
    cues = (
        f"{_time(segment.start, '.')} --> {_time(segment.end, '.')}\n{_escaped(segment.text)}\n\n"
        for segment in _spoken(segments)
    )
    return "WEBVTT\n\n" + "".join(cues)


def _spoken(segments: Sequence[Segment]) -> list[Segment]:
    return [segment for segment in segments if segment.text]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"
