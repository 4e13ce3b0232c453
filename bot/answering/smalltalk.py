"""Greetings, thanks and questions about the bot itself: short human replies without citations."""

import re

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), reply)
    for pattern, reply in (
        (
            r"(hi|hello|hey|hiya|howdy|yo|greetings|good (morning|afternoon|evening|day))( there| you| all| everyone| bot)?( how are you( doing)?( today)?)?|how are you( doing)?( today)?",
            "Hello! Ask me anything about back massage, and I will answer from our articles and show you where each sentence comes from.",
        ),
        (
            r"(ok |okay |great |perfect |cool |super |alright |all right |wonderful |awesome )*(many )?(thanks|thank you|thx|ty|cheers|thank u|tysm|much appreciated)( so much| a lot| very much| again| you| for (your|the) help| that (was|is|s) (very |really |so )?(helpful|useful|kind|great)| that helps?( a lot)?)*|that (was|is|s) (very |really |so )?(helpful|useful|great)( thanks| thank you)?",
            "You are welcome. Ask again whenever you like.",
        ),
        (
            r"(ok|okay|great|perfect|cool|alright|all right|got it|i see|understood|fine|nice|good|awesome|super)( then| thanks| thank you)?",
            "Good. Is there anything else you would like to know about back massage?",
        ),
        (
            r"(good ?bye|bye|bye bye|see you( later)?|good night|have a (nice|good) (day|evening|one)|take care)( then| now| thanks| and thanks)?",
            "Goodbye, and take care of your back.",
        ),
        (
            r"(who|what) (are|r) (you|u)|what is this( (bot|page|site|website|chat))?|what can (you|u) do( for me)?|what can i ask( you)?|how (do|does) (you|this) work|help|what do you know( about)?|(are you|is this) (a |an )?(bot|robot|ai|human|real person|person|chatgpt|machine|computer|program)( or (a |an )?(bot|robot|human|real person|person|machine))?|am i (talking|speaking|chatting) (to|with) a (bot|human|robot|real person|person|machine)|do you have a name|what is your name|whats your name",
            "I am a program that answers questions about back massage from a small library of articles. Each sentence carries a "
            "number that opens the article at that place. I cannot examine you or say what is wrong.",
        ),
        (
            r"(are|r) (you|u) (a |an )?(real )?(doctor|physician|therapist|massage therapist|nurse|physio|physiotherapist|professional|chiropractor|medic)( or (a |an )?\w+)?|can you (diagnose|examine) me|do you give medical advice|is this medical advice",
            "No. I am a program, and this is general information, not medical advice. For anything that worries you, please ask "
            "a doctor or another health professional.",
        ),
    )
)
_POLITE = re.compile(r"\b(please|pls|friend|mate|dear|sir|madam|maam|bot)\b")


def small_talk(message: str) -> str | None:
    """A reply if the whole message is small talk; None otherwise."""
    plain = message.lower().replace("'", "").replace("’", "").replace("whats", "what is")
    plain = " ".join(re.sub(r"[^a-z ]+", " ", _POLITE.sub(" ", plain)).split())
    return next((reply for pattern, reply in _PATTERNS if pattern.fullmatch(plain)), None)
