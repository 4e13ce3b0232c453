"""Does somebody have it now, by the rules alone? Pairs of messages that differ by a word, a tense or a person."""

import pytest

from bot.guard.guard import Guard
from bot.reply import Route


def found(guard: Guard, message: str) -> set[str]:
    return {flag.id for flag in guard.check([message]).flags}


# flag, somebody has it, somebody says that it is absent
DENIED = [
    ("numbness", "I have numbness in my legs", "I have no numbness in my legs"),
    ("numbness", "I'm numb in my left foot, and stiff", "I'm not numb in my left foot, just stiff"),
    ("numbness", "He has numb feet", "He never has numb feet"),
    ("numbness", "numbness in my heel: yes, lots", "numbness: none"),
    ("tingling", "I've got pins and needles in my feet", "I haven't got pins and needles in my feet"),
    ("tingling", "My client is experiencing tingling in the legs", "My client isn't experiencing tingling in the legs"),
    ("tingling", "I have any amount of tingling in my hand", "I don't have any tingling in my hand"),
    ("weakness", "There is weakness in my arm", "There is no weakness in my arm"),
    ("chest-pain", "I have chest pain", "I have never had chest pain"),
    ("chest-pain", "The client reports chest pain", "The client denies chest pain"),
    ("major-trauma", "I have had a car accident", "I haven't had a car accident"),
    ("bladder-or-bowel-change", "I have lost control of my bladder", "I haven't lost control of my bladder"),
    ("suicidal-thoughts", "I am suicidal", "I am not suicidal"),
    ("pregnancy", "I am pregnant", "I am not pregnant"),
]


@pytest.mark.parametrize(("flag", "said", "denied"), DENIED)
def test_a_sign_is_there_unless_it_is_denied(guard: Guard, flag: str, said: str, denied: str) -> None:
    assert flag in found(guard, said)
    assert flag not in found(guard, denied)


@pytest.mark.parametrize(
    ("flag", "said", "denied"),
    [
        ("numbness", "My foot is numb", "My foot is not numb"),
        ("numbness", "My foot's numb", "My foot isn't numb"),
        ("numbness", "My leg is stiff and numb", "My leg is stiff but not numb"),
        ("numbness", "My back is stiff with some numbness", "My back is stiff, no numbness"),
        (
            "numbness",
            "I have lower back pain and some numbness in my legs",
            "I have lower back pain but no numbness in my legs",
        ),
        ("tingling", "My hands are tingling", "My hands are not tingling"),
        ("tingling", "My back aches and there is tingling", "My back aches but there is no tingling"),
    ],
)
def test_a_denial_between_the_part_of_the_body_and_the_sign_counts(
    guard: Guard, flag: str, said: str, denied: str
) -> None:
    assert flag in found(guard, said)
    assert flag not in found(guard, denied)


@pytest.mark.parametrize(
    ("said", "denied"),
    [
        ("I have numbness, tingling and weakness in my arm", "I have no numbness, tingling or weakness in my arm"),
        (
            "She reports chest pain, numbness and leg weakness",
            "She denies chest pain, numbness and leg weakness",
        ),
        ("Numbness, chest pain, tingling down the leg", "No numbness, chest pain, or tingling down the leg"),
        ("fever, tingling in the hands and numbness", "without fever, tingling in the hands or numbness"),
    ],
)
def test_one_denial_covers_a_whole_list(guard: Guard, said: str, denied: str) -> None:
    assert len(found(guard, said)) >= 2
    assert found(guard, denied) == set()


@pytest.mark.parametrize(
    ("message", "flag"),
    [
        ("No pain but my foot is numb", "numbness"),
        ("No pain, although my hands tingle", "tingling"),
        ("No pain, only tingling in my toes", "tingling"),
        ("No numbness or tingling but my leg gives way", "weakness"),
        ("There was no numbness before, now my foot is dead", "numbness"),
        ("I had no trouble until Monday, since then I have had chest pain", "chest-pain"),
        ("No fever. My foot is numb.", "numbness"),
        ("no fever\nnumb foot", "numbness"),
        ("I have no pain, my foot is numb", "numbness"),  # a statement of its own ends the list
        ("No pain, have numbness in my foot", "numbness"),
        ("no fever, feel tingling in my toes", "tingling"),
        ("No, numbness in my foot", "numbness"),  # the answer no, and no list
        ("I don't smoke, numb left foot for two days", "numbness"),  # smoking opens no list of complaints
        ("The client denies chest pain but reports numb toes", "numbness"),
    ],
)
def test_what_ends_the_reach_of_a_denial(guard: Guard, message: str, flag: str) -> None:
    assert flag in found(guard, message)


@pytest.mark.parametrize(
    ("passing", "ending"),
    [
        ("no sign of any numbness", "no doctor for my numbness"),
        ("I have not had any real tingling in my feet", "I have not told her about the tingling in my feet"),
        ("no chest pain at all", "no rest from chest pain at all"),
        ("without any weakness in the arm", "without help for the weakness in the arm"),
    ],
)
def test_only_small_words_may_stand_between_a_denial_and_the_sign(guard: Guard, passing: str, ending: str) -> None:
    assert found(guard, passing) == set()
    assert guard.check([ending]).route.refers


@pytest.mark.parametrize(
    ("flag", "present", "absent"),
    [
        ("numbness", "I can't feel my foot", "I can feel my foot"),
        ("numbness", "I'm not able to feel my foot", "I am able to feel my foot"),
        ("numbness", "I have no feeling in my toes", "I have full feeling in my toes"),
        ("numbness", "I do not feel my toes", "I do feel my toes"),
        ("numbness", "my leg isn't mine any more", "my leg is mine"),
        ("saddle-numbness", "I don't feel anything between my legs", "I feel everything between my legs"),
        ("bladder-or-bowel-change", "I can't pee", "I can pee"),
        ("bladder-or-bowel-change", "I have not peed since yesterday", "I have peed twice since yesterday"),
        ("bladder-or-bowel-change", "I have no control over my bladder", "I have control over my bladder"),
        ("weakness", "I have no strength in my arm", "I have strength in my arm"),
        ("weakness", "My toes won't lift", "My toes lift well"),
        ("leg-weakness-worsening", "My legs won't hold me", "My legs hold me well"),
        ("persistent-pain", "The ache won't go away", "The ache goes away"),
        ("breathlessness", "I can't breathe", "I can breathe"),
        ("collapse", "She won't wake up", "She will wake up"),
        ("suicidal-thoughts", "I don't want to live", "I want to live"),
        ("pregnancy-bleeding-or-fluid", "My baby hasn't moved today", "My baby has moved today"),
    ],
)
def test_a_negation_that_is_the_sign(guard: Guard, flag: str, present: str, absent: str) -> None:
    assert flag in found(guard, present)
    assert flag not in found(guard, absent)


@pytest.mark.parametrize(
    ("message", "flag"),
    [
        ("I have no appetite and numbness in my foot", "numbness"),
        ("no feeling in my thumb, tingling in my hand", "tingling"),
        ("no control over my bladder or weakness in my leg", "weakness"),
        ("I never felt the cut on my heel, tingling in my toes", "tingling"),
    ],
)
def test_a_negation_that_is_a_sign_does_not_deny_the_next_one(guard: Guard, message: str, flag: str) -> None:
    assert flag in found(guard, message)


@pytest.mark.parametrize(
    ("message", "flag"),
    [
        ("I haven't got any feeling in my foot", "numbness"),
        ("I don't have any feeling in my left foot", "numbness"),
        ("There isn't any feeling in my toes", "numbness"),
        ("there is not any sensation in my left hand", "numbness"),
        ("I don't have any feeling between my legs", "saddle-numbness"),
        ("I don't have any strength in my arm", "weakness"),
    ],
)
def test_not_any_is_the_same_as_no(guard: Guard, message: str, flag: str) -> None:
    assert flag in found(guard, message)


@pytest.mark.parametrize(
    ("message", "flag"),
    [
        ("Not sure if my foot is numb", "numbness"),
        ("No idea why my foot is numb", "numbness"),
        ("I don't know why my foot is numb", "numbness"),
        ("I don't care that my foot is numb", "numbness"),
        ("Not only is my foot numb", "numbness"),
        ("No joke, my legs are numb", "numbness"),
        ("No improvement in my numb foot", "numbness"),
        ("Don't tell me to see a doctor about my numb foot", "numbness"),
        ("tingling in my leg, no matter what I do", "tingling"),
        ("numbness, no relief at all", "numbness"),
    ],
)
def test_a_negation_that_denies_nothing(guard: Guard, message: str, flag: str) -> None:
    assert flag in found(guard, message)


@pytest.mark.parametrize(
    ("message", "flag"),
    [
        ("I haven't told anyone that I can't feel my legs", "numbness"),
        ("I haven't seen a doctor about the numbness in my foot", "numbness"),
        ("I haven't been to hospital with my chest pain", "chest-pain"),
        ("Nobody can tell me why my legs are numb", "numbness"),
        ("Nobody believes that I can't feel my legs", "numbness"),
        ("My doctor doesn't believe that my leg is numb", "numbness"),
        ("No doctor has looked at my numb foot yet", "numbness"),
        ("My physio didn't mention the numbness in my foot", "numbness"),
        ("Nothing helps the numbness in my foot", "numbness"),
        ("Nothing takes away the tingling in my hand", "tingling"),
        ("It isn't normal that my foot is numb", "numbness"),
        ("I don't like the numb feeling in my leg", "numbness"),
        ("I did not sleep with the tingling in my arm", "tingling"),
        ("I'm not worried about the numbness in my foot", "numbness"),
        ("I don't think the numbness in my foot is serious", "numbness"),
        ("I have never had such numbness in my leg", "numbness"),
        ("Without warning my leg goes numb", "numbness"),
        ("Without warning my legs give way", "weakness"),
    ],
)
def test_a_negation_of_something_else_leaves_the_sign_standing(guard: Guard, message: str, flag: str) -> None:
    assert flag in found(guard, message)


@pytest.mark.parametrize(
    ("denial", "exception", "flag"),
    [
        ("No chest pain", "No chest pain except when I climb the stairs", "chest-pain"),
        ("No chest pain", "No chest pain unless I climb the stairs", "chest-pain"),
        ("No numbness", "No numbness except in my left foot", "numbness"),
        ("no tingling", "no tingling apart from my right hand", "tingling"),
        ("I had no numbness", "I had no numbness until yesterday", "numbness"),
    ],
)
def test_an_exception_behind_a_denial_is_the_sign(guard: Guard, denial: str, exception: str, flag: str) -> None:
    assert flag not in found(guard, denial)
    assert flag in found(guard, exception)


# The same story: finished, and not finished.
@pytest.mark.parametrize(
    ("flag", "over", "not_over"),
    [
        (
            "numbness",
            "Two years ago my foot went numb, but it is completely gone now",
            "Two years ago my foot went numb",
        ),
        (
            "numbness",
            "Years ago I had numbness in my hand, fully healed since",
            "Years ago I had numbness in my hand, still not healed",
        ),
        (
            "tingling",
            "Last winter I had tingling in my leg; it went away for good",
            "Last winter I had tingling in my leg; it went away but is back again",
        ),
        (
            "tingling",
            "Last winter I had tingling in my leg. It cleared up.",
            "Last winter I had tingling in my leg. It comes and goes.",
        ),
        (
            "chest-pain",
            "My chest hurt last year, it turned out to be a strain and never came back",
            "My chest hurt last year, it turned out to be a strain and came back",
        ),
        (
            "numbness",
            "Ten years ago my hand was numb but it has healed",
            "Ten minutes ago my hand was numb but it has healed",
        ),
        (
            "major-trauma",
            "I fell off a ladder ten years ago, healed completely",
            "I fell off a ladder, my back hurts",
        ),
    ],
)
def test_an_episode_is_over_only_when_it_is_past_and_gone(guard: Guard, flag: str, over: str, not_over: str) -> None:
    assert flag not in found(guard, over)
    assert flag in found(guard, not_over)


@pytest.mark.parametrize("message", ["I had chest pain yesterday", "My foot went numb last week"])
def test_past_alone_is_not_over(guard: Guard, message: str) -> None:
    assert guard.check([message]).route.refers


@pytest.mark.parametrize(
    ("over", "not_over"),
    [
        (
            "I used to have tingling in my hands. It has disappeared.",
            "I used to have tingling in my hands. It has not disappeared.",
        ),
        ("My foot went numb last year. It resolved.", "My foot went numb last year. It hasn't resolved."),
        ("My foot was numb last year. It is fine now.", "My foot was numb last year. It isn't fine now."),
    ],
)
def test_gone_that_is_denied_is_not_gone(guard: Guard, over: str, not_over: str) -> None:
    assert guard.check([over]).route is Route.ANSWER
    assert guard.check([not_over]).route is Route.PROFESSIONAL


@pytest.mark.parametrize(
    ("message", "flag"),
    [
        ("My leg went numb this morning. Apart from that I'm fine.", "numbness"),
        ("My foot went dead after the run. I'm okay otherwise.", "numbness"),
        ("I got numb fingers after the session. Everything else is fine.", "numbness"),
        ("My arm went numb today. I'm ok to have a massage, right?", "numbness"),
        ("I was fine yesterday, today my foot is numb", "numbness"),
        ("I was fine until I lost feeling in my foot", "numbness"),
        ("I had a bath and could not feel the water between my legs. My back is fine.", "saddle-numbness"),
        ("My chest hurt when I got up, but I'm okay for a massage", "chest-pain"),
        ("I had numbness in my foot last week, and the cut on my hand has healed", "numbness"),
        ("I got hit by a car this morning. I'm fine.", "major-trauma"),
        ("I tried to kill myself last week, I'm ok now", "suicidal-thoughts"),
        ("My aunt went numb between the legs; I'm just stiff", "saddle-numbness"),
    ],
)
def test_being_fine_otherwise_is_no_end_of_the_sign(guard: Guard, message: str, flag: str) -> None:
    assert flag in found(guard, message)


@pytest.mark.parametrize(
    "message",
    [
        "My face drooped on one side this morning, all gone now",
        "My speech was slurred an hour ago, it's fine now",
    ],
)
def test_a_stroke_sign_of_today_that_passed_is_still_an_emergency(guard: Guard, message: str) -> None:
    """One that passes within hours may be a transient ischaemic attack: an ambulance, as for any stroke sign."""
    assert guard.check([message]).route is Route.EMERGENCY


# A question in general, and the same question by somebody who has it.
@pytest.mark.parametrize(
    ("flag", "general", "own"),
    [
        (
            "tingling",
            "Can massage cause tingling in the hands?",
            "Can massage cause the tingling in my hands?",
        ),
        ("saddle-numbness", "What causes numbness between the legs?", "What causes numbness between my legs?"),
        ("swollen-leg", "Is it dangerous to massage a swollen calf?", "Is it dangerous to massage my swollen calf?"),
        ("chest-pain", "Does chest pain mean a heart attack?", "Does my chest pain mean a heart attack?"),
        ("numbness", "Can you massage numb legs?", "Can you massage my husband's numb legs?"),
        ("numbness", "So is it safe to massage a numb foot?", "So is it safe to massage a numb foot since Monday?"),
        ("weakness", "What does weakness in the arm mean?", "What does weakness in the arm mean? She has it"),
        ("chest-pain", "Should people with chest pain be massaged?", "Should people be massaged? I have chest pain"),
        (
            "numbness",
            "Just curious, is a numb foot dangerous? I have a desk job.",
            "Just curious, is my numb foot dangerous? I have a desk job.",
        ),
    ],
)
def test_a_general_question_is_no_sign(guard: Guard, flag: str, general: str, own: str) -> None:
    assert flag not in found(guard, general)
    assert flag in found(guard, own)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("suicidal-thoughts", "Is wanting to die normal?"),
        ("suicidal-thoughts", "Just curious, is there help for somebody who wants to die?"),
        ("suicidal-thoughts", "I tried to kill myself two years ago, all gone now"),
        ("overdose", "Is a paracetamol overdose dangerous?"),
    ],
)
def test_suicide_and_overdose_count_however_they_are_put(guard: Guard, flag: str, message: str) -> None:
    assert guard.red_flags.flags[flag].always
    assert flag in found(guard, message)


@pytest.mark.parametrize(
    "message",
    ["What is the point of living?", "What's the point in going on?", "What is the point of being alive"],
)
def test_despair_put_as_a_question_is_no_general_question(guard: Guard, message: str) -> None:
    assert found(guard, message) == {"suicidal-thoughts"}


@pytest.mark.parametrize(
    ("message", "flag"),
    [
        ("Generally I sleep well but since Monday I can't feel my left foot", "numbness"),
        ("I am generally healthy, but I wet myself this morning without feeling it", "bladder-or-bowel-change"),
        ("In general my health is good but I lost control of my bladder", "bladder-or-bowel-change"),
        ("Just curious, my foot has gone numb, is a massage ok?", "numbness"),
        ("No problem at all walking, but my left hand has gone numb", "numbness"),
        ("I am on my feet for a class all day and my toes are numb", "numbness"),
    ],
)
def test_a_word_of_curiosity_does_not_hide_a_sign_that_somebody_has(guard: Guard, message: str, flag: str) -> None:
    assert flag in found(guard, message)


@pytest.mark.parametrize(
    ("message", "flag"),
    [
        ("Did not feel the toilet paper when wiping", "saddle-numbness"),
        ("Could not feel the toilet seat", "saddle-numbness"),
        ("Can not pee at all", "bladder-or-bowel-change"),
        ("Could hardly feel left foot after the session", "numbness"),
        ("Do not feel toes", "numbness"),
    ],
)
def test_a_statement_without_a_subject_is_no_question(guard: Guard, message: str, flag: str) -> None:
    assert flag in found(guard, message)


PEOPLE = ["I have", "My aunt has", "My neighbour has", "My client has", "Dad has", "We both have", "Someone here has"]


@pytest.mark.parametrize("who", PEOPLE)
def test_whoever_has_the_sign_it_is_a_sign(guard: Guard, who: str) -> None:
    assert "tingling" in found(guard, f"{who} pins and needles in one foot")


@pytest.mark.parametrize("who", ["I am", "My husband is", "She is", "My client is"])
def test_whoever_denies_the_sign_it_is_denied(guard: Guard, who: str) -> None:
    assert found(guard, f"{who} not numb anywhere, just stiff") == set()


@pytest.mark.parametrize(
    ("message", "route"),
    [
        ("I've gone numb between my legs since the massage", Route.EMERGENCY),
        ("I'm not numb anywhere, just stiff since the massage", Route.ANSWER),
        ("my aunt went numb between the legs years ago; I'm just stiff", Route.ANSWER),
        ("my aunt has been numb between the legs for years; I'm just stiff", Route.EMERGENCY),
    ],
)
def test_saddle_numbness_is_somebodys_and_now(guard: Guard, message: str, route: Route) -> None:
    assert guard.check([message]).route is route
