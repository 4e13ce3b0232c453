"""Yes and no: said only where the first sentence of the answer carries it."""

import pytest

from bot.answering.yesno import leading_word


@pytest.mark.parametrize(
    ("question", "sentence", "word"),
    [
        ("Does massage release toxins?", "Massage does not release toxins.", "No."),
        ("does massage flush lactic acid?", "There is no good evidence that massage flushes lactic acid.", "No."),
        ("Is it safe to massage a sunburn?", "It is not safe to massage a sunburn.", "No."),
        ("Is it dangerous to press on the spine?", "Pressing on the spine is dangerous.", "Yes."),
        ("Is a daily back massage bad?", "A light daily back massage is fine for most people.", "Usually not."),
        ("Is a daily back massage safe?", "A light daily back massage is safe for most people.", "Usually."),
        ("Is a massage after a run good?", "Whether a massage after a run is good depends on the run.", "It depends."),
        ("Should I drink water after a massage?", "You need no extra water after a massage.", "No."),
        ("Should I avoid oil on my skin?", "There is no need to avoid oil on healthy skin, and no proof of harm.", ""),
        ("Can massage cure scoliosis?", "Massage may ease the ache that comes with scoliosis.", ""),
        ("Does massage help back pain?", "Massage may help low back pain a little.", ""),  # says how much
        ("Is it better before or after sport?", "Massage before sport is fine.", ""),
        ("How often is a back massage good?", "A back massage once a week is good.", ""),
        ("Isn't a back massage bad?", "A back massage is not bad.", ""),
        ("Can I massage daily?", "Daily deep massage is harmful.", ""),  # a warning about something narrower
        ("Can I massage daily?", "Daily light massage is fine.", "Yes."),
        ("Can I use a rolling pin for a massage?", "A rolling pin is a clumsy thing for a massage.", ""),
        ("Is a rolling pin good for a massage?", "A rolling pin is a poor tool for a massage.", "No."),
    ],
)
def test_the_word_follows_from_the_sentence(question: str, sentence: str, word: str) -> None:
    assert leading_word(question, sentence) == word
