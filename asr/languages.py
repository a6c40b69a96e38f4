"""The languages that Whisper models know, by the codes of their tokens and by name."""

from typing import Final

CANTONESE: Final = "yue"
"""The language that was added in large-v3."""

_MULTILINGUAL: Final = (
    "en english, zh chinese, de german, es spanish, ru russian, ko korean, fr french, ja japanese, pt portuguese, "
    "tr turkish, pl polish, ca catalan, nl dutch, ar arabic, sv swedish, it italian, id indonesian, hi hindi, "
    "fi finnish, vi vietnamese, he hebrew, uk ukrainian, el greek, ms malay, cs czech, ro romanian, da danish, "
    "hu hungarian, ta tamil, no norwegian, th thai, ur urdu, hr croatian, bg bulgarian, lt lithuanian, la latin, "
    "mi maori, ml malayalam, cy welsh, sk slovak, te telugu, fa persian, lv latvian, bn bengali, sr serbian, "
    "az azerbaijani, sl slovenian, kn kannada, et estonian, mk macedonian, br breton, eu basque, is icelandic, "
    "hy armenian, ne nepali, mn mongolian, bs bosnian, kk kazakh, sq albanian, sw swahili, gl galician, mr marathi, "
    "pa punjabi, si sinhala, km khmer, sn shona, yo yoruba, so somali, af afrikaans, oc occitan, ka georgian, "
    "be belarusian, tg tajik, sd sindhi, gu gujarati, am amharic, yi yiddish, lo lao, uz uzbek, fo faroese, "
    "ht haitian creole, ps pashto, tk turkmen, nn nynorsk, mt maltese, sa sanskrit, lb luxembourgish, my myanmar, "
    "bo tibetan, tl tagalog, mg malagasy, as assamese, tt tatar, haw hawaiian, ln lingala, ha hausa, ba bashkir, "
    "jw javanese, su sundanese"
)

LANGUAGE_NAMES: Final = {
    **{code: name for code, _, name in (entry.partition(" ") for entry in _MULTILINGUAL.split(", "))},
    CANTONESE: "cantonese",
}
"""English names in lower case by code, as in OpenAI's Whisper (``whisper/tokenizer.py``)."""

WHISPER_LANGUAGES: Final = tuple(code for code in LANGUAGE_NAMES if code != CANTONESE)
"""The codes of multilingual models in the order of the tokens, after the vocabulary of the published models."""

_CODES: Final = {name: code for code, name in LANGUAGE_NAMES.items()}


def language_code(language: str) -> str:
    """The code of a language that is given by its code or its English name; anything else is returned unchanged."""
    written = language.strip().lower()
    return _CODES.get(written, written)
