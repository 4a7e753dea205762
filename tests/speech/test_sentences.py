"""A long text in pieces: at sentences where that goes, whole otherwise, and nothing lost."""

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_omnihuman.speech.errors import SpeechInputError
from airflow_provider_omnihuman.speech.graphemes import is_cluster_start
from airflow_provider_omnihuman.speech.limits import TextLimit, TextUnit
from airflow_provider_omnihuman.speech.sentences import is_speakable, sentences, split_text

FAMILY = "👨‍👩‍👧‍👦"
FLAGS = "🇯🇵🇰🇷🇮🇩"
TEXTS = st.text(
    st.sampled_from("ab Zé。！？；…，、,;: .!?“”「」()\n\t0。한글ひら漢字é́👍🏽‍👩🇯🇵\u0301\ufe0f")
    | st.characters(exclude_categories=["Cs"]),
    max_size=120,
)
LIMITS = st.builds(TextLimit, st.integers(30, 90), st.sampled_from(list(TextUnit)))


def characters(maximum):
    return TextLimit(maximum)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好！今天很好。真的吗？是的；再见", ["你好！", "今天很好。", "真的吗？", "是的；", "再见"]),
        ("他说：“走吧。”大家都走了。", ["他说：“走吧。”大家都走了。"]),
        ("「A。」「B。」", ["「A。」", "「B。」"]),
        ("「そうです。元気？」と言った。彼は笑った。", ["「そうです。元気？」と言った。", "彼は笑った。"]),
        ("版本2.0发布！Great!太好了", ["版本2.0发布！", "Great!", "太好了"]),
        ("我……我不知道。", ["我……我不知道。"]),
        ("안녕하세요. 반갑습니다! 네.", ["안녕하세요.", "반갑습니다!", "네."]),
        ("Mr. Smith paid $3.50 to J. R. Tolkien. He left.", ["Mr. Smith paid $3.50 to J. R. Tolkien.", "He left."]),
        ("The U.S. Army came at 5 p.m. on Monday.", ["The U.S. Army came at 5 p.m. on Monday."]),
        ('"Stop!" he said. "Go!" Then it ended.', ['"Stop!" he said.', '"Go!"', "Then it ended."]),
        ("See www.example.com, e.g. today. I did.", ["See www.example.com, e.g. today.", "I did."]),
        ("So did I. You did not.", ["So did I.", "You did not."]),
        ("He said no. See no. 5, and fig. 2. Yes.", ["He said no.", "See no. 5, and fig. 2.", "Yes."]),
        ("Well… maybe. Wait... What?", ["Well… maybe.", "Wait...", "What?"]),
        ("1. The first.\n2. The second. It is 2. Yes.", ["1. The first.", "2. The second.", "It is 2.", "Yes."]),
        ("¿Cómo está Ud. hoy? ¡Muy bien!¿Y tú?", ["¿Cómo está Ud. hoy?", "¡Muy bien!", "¿Y tú?"]),
        ("El Sr. García vive en EE. UU. desde 1999. Sí.", ["El Sr. García vive en EE. UU. desde 1999.", "Sí."]),
        ("Harga Rp. 5.000 per kg. Terima kasih, Bpk. Budi.", ["Harga Rp. 5.000 per kg.", "Terima kasih, Bpk. Budi."]),
        ("Perusahaan PT. Maju menang. Ya.", ["Perusahaan PT. Maju menang.", "Ya."]),
        ("On Jan. 5 see sec. 3. It was in Jan. Yes.", ["On Jan. 5 see sec. 3.", "It was in Jan.", "Yes."]),
        ("A heading\n\nThe text", ["A heading", "The text"]),
        ("(One. Two.) Three.", ["(One. Two.)", "Three."]),
        ("(One. Two.\n\nThree. Four.", ["(One. Two.", "Three.", "Four."]),
    ],
)
def test_sentences_of_the_languages_of_the_api(text, expected):
    assert sentences(text) == expected


def test_pieces_take_as_many_whole_sentences_as_fit():
    assert split_text("One. Two. Three. Four.", characters(12)) == ["One. Two.", "Three. Four."]


def test_a_text_within_the_limit_is_one_piece():
    assert split_text("  One. Two.  ", characters(9)) == ["One. Two."]


def test_nothing_gives_no_pieces():
    assert split_text(" \n ", characters(9)) == []


@pytest.mark.parametrize(
    ("text", "maximum", "pieces"),
    [
        ("Short. When the ships came back, everybody sang.", 32, ["Short.", "When the ships came back,", "everybody sang."]),
        ("none of these words has a comma", 12, ["none of", "these words", "has a comma"]),
        ("没有逗号的一句话", 3, ["没有逗", "号的一", "句话"]),
        ("“One. Two.” Three.", 10, ["“One.", "Two.”", "Three."]),
        ("It costs 1,000 or 2,500 euros.", 15, ["It costs 1,000", "or 2,500 euros."]),
    ],
)
def test_a_sentence_over_the_limit_is_cut_at_clauses_then_spaces_then_characters(text, maximum, pieces):
    assert split_text(text, characters(maximum)) == pieces


def test_bytes_are_counted_where_the_engine_counts_bytes():
    assert split_text("你好。再见。", TextLimit(9, TextUnit.BYTES)) == ["你好。", "再见。"]
    assert split_text("你好。再见。", TextLimit(18, TextUnit.BYTES)) == ["你好。再见。"]


@pytest.mark.parametrize("cluster", [FAMILY, "🇯🇵", "👍🏽", "é́", "क्ष", "각", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_no_character_is_cut_in_two(cluster):
    size = len(cluster.encode())
    assert split_text(cluster * 4, TextLimit(2 * size + 1, TextUnit.BYTES)) == [cluster * 2] * 2
    with pytest.raises(SpeechInputError, match="one character of the text, with its marks, is over the limit"):
        split_text(cluster * 4, TextLimit(size - 1, TextUnit.BYTES))


@given(TEXTS, LIMITS)
@example("a" * 100 + "。" * 40, TextLimit(30))
@example(f"{FAMILY}{FLAGS}" * 3, TextLimit(30, TextUnit.BYTES))
def test_nothing_is_lost_and_every_piece_fits(text, limit):
    try:
        pieces = split_text(text, limit)
    except SpeechInputError:
        assert max(limit.measure(cluster) for cluster in regex.findall(r"\X", text)) > limit.maximum
        return
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < limit.measure(piece) <= limit.maximum for piece in pieces)
    assert all(piece == piece.strip() for piece in pieces)


@given(TEXTS)
def test_sentences_lose_nothing_but_white_space(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(st.text(st.sampled_from("ae\u0301\u200d👩👧🇯🇵🏽\ufe0fकष्ᄀ각ᆨ가\r\n한ﾞ"), max_size=12))
def test_cuts_are_where_unicode_allows_them(text):
    """The regex package is another reading of the same annex; where in doubt, ours joins what that one cuts."""
    allowed = {match.start() for match in regex.finditer(r"\X", text)}
    ours = {at for at in range(len(text)) if is_cluster_start(text, at)}
    assert ours - allowed == set()


def test_what_has_no_sound_is_known():
    assert not is_speakable("… — 🎉")
    assert is_speakable("好")
