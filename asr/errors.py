"""What can go wrong while hearing.

HearsayError
└── AsrError
    ├── AudioError         bytes that are no sound we can read
    │   ├── NotAudio       not a format that we know, or not sound at all
    │   ├── EmptyAudio     no bytes, or no samples
    │   └── AudioTooLong   more seconds than the settings allow
    ├── ModelUnavailable   the weights or the library cannot be had here
    ├── BadSource          the folder or table of clips is not what was said
    ├── BadSettings        a setting holds what it cannot hold
    └── PortTaken          something else listens where the API should
"""

from clips.errors import HearsayError


class AsrError(HearsayError):
    """Something went wrong between the audio and its row."""


class AudioError(AsrError):
    """The bytes given are no sound that can be heard."""


class NotAudio(AudioError):
    """Not an audio format that we know, or damaged beyond its first sample."""


class EmptyAudio(AudioError):
    """No bytes, or no samples in them."""


class AudioTooLong(AudioError):
    """More seconds than the settings allow."""


class ModelUnavailable(AsrError):
    """A model's weights, or the library that runs them, cannot be had here."""


class BadSource(AsrError):
    """The folder or table of clips is not what the command was told."""


class BadSettings(AsrError):
    """A setting holds what it cannot hold."""


class PortTaken(AsrError):
    """Something else listens where the API should."""
