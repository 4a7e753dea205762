"""The language of a subtitle track, by the code that players show."""

from __future__ import annotations

import re

from airflow_provider_omnihuman.captions.tokens import is_wide_text

__all__ = ["track_language"]

# ISO 639-1 to 639-2/T, which MP4 uses: the languages of the API, their neighbours, and those of Europe.
_CODES = {
    code[:2]: code[3:]
    for code in (
        *("en-eng", "zh-zho", "ja-jpn", "ko-kor", "es-spa", "id-ind", "pt-por", "fr-fra"),
        *("de-deu", "it-ita", "ru-rus", "ar-ara", "th-tha", "vi-vie", "ms-msa", "hi-hin"),
        *("bn-ben", "fa-fas", "he-heb", "jv-jav", "kk-kaz", "km-khm", "lo-lao", "mn-mon"),
        *("my-mya", "ne-nep", "pa-pan", "si-sin", "ta-tam", "te-tel", "tl-tgl", "tr-tur"),
        *("ug-uig", "ur-urd", "uz-uzb", "bo-bod", "ka-kat", "hy-hye", "az-aze", "sw-swa"),
        *("bg-bul", "ca-cat", "cs-ces", "cy-cym", "da-dan", "el-ell", "et-est", "eu-eus"),
        *("fi-fin", "ga-gle", "gl-glg", "hr-hrv", "hu-hun", "is-isl", "lt-lit", "lv-lav"),
        *("mk-mkd", "mt-mlt", "nb-nob", "nl-nld", "no-nor", "pl-pol", "ro-ron", "sk-slk"),
        *("sl-slv", "sq-sqi", "sr-srp", "sv-swe", "uk-ukr", "be-bel", "bs-bos", "af-afr"),
    )
}
_CODE = re.compile("[a-z]{3}")
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")


def track_language(given: str | None, text: str) -> str | None:
    """Return the code of three letters; ``und`` where nobody knows, None where what is given is none.

    :param given: ``en``, ``zh-CN`` or ``eng``; None to tell it by the script of the text, where that can be told
    :param text: of the captions
    """
    if given:
        first = given.strip().lower().replace("_", "-").partition("-")[0]
        return _CODES.get(first) or (first if _CODE.fullmatch(first) else None)
    if _KANA.search(text):
        return "jpn"
    if _HANGUL.search(text):
        return "kor"
    return "zho" if text and is_wide_text(text) else "und"
