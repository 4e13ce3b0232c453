"""The visitor page: a chat whose citation marks open the article at the cited sentence."""

import re
from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr
from markdown_it import MarkdownIt

from bot.errors import MessageError
from bot.reply import Reply, Route
from bot.settings import Settings
from bot.web.articles import EVIDENCE, TEMPLATES
from bot.web.conversations import Conversations
from bot.web.feedback import COMMENT_LIMIT, REASONS

HEAD = (
    '<link rel="stylesheet" href="/site/page.css"><script src="/site/page.js" defer></script>'
    '<script src="/site/feedback.js" type="module"></script>'
)
TITLE = "Back massage: answers you can check"
EXAMPLES = (
    "Is it good to massage your back daily?",
    "How do I give a back massage?",
    "Who should not have a back massage?",
)
OFFERS = 3  # buttons under the chat
KIND = {  # words above the replies that must not be mistaken for an answer
    Route.EMERGENCY: "Emergency: get help now",
    Route.PROFESSIONAL: "See a professional first",
    Route.CAUTION: "Take care",
}
FAILURE = (
    "Something went wrong here, so your message could not be answered. If you have a symptom that worries you, such as "
    "numbness, tingling, weakness or strong pain, please see a health professional instead of having a massage."
)

Messages = list[dict[str, Any]]

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_MARK = re.compile(r"(?<!\\)\[(\d+)\]")


def visitor_page(conversations: Conversations) -> gr.Blocks:
    """The page, to be mounted at /. The id of the conversation lives in the visitor's page, not here."""

    settings = conversations.bot.settings
    kept = bool(conversations.recorder)  # where there is no database nothing of all this can be offered
    ticked = kept and settings.keep_conversations > 0

    def respond(message: str, shown: Messages, conversation_id: str, keep: bool) -> Iterator[tuple[Any, ...]]:
        """Shows the message, then the reply line by line; a message that cannot be taken stays in the box."""
        if not message.strip():
            yield (gr.skip(),) * (3 + OFFERS)
            return
        asked = [*shown, {"role": "user", "content": literal(message)}]
        try:
            reply = conversations.say(message, conversation_id or None, consented=keep)
        except MessageError as error:
            if error.code == "unknown_conversation":  # dropped after a long silence: go on in a new one
                yield from respond(message, [], "", keep)
                return
            problem = {"role": "assistant", "content": f'<div class="reply problem">{escape(str(error))}</div>'}
            yield [*asked, problem], message, conversation_id, *_offers(())
            return
        except Exception:
            problem = {"role": "assistant", "content": f'<div class="reply professional">{FAILURE}</div>'}
            yield [*asked, problem], message, conversation_id, *_offers(())
            raise
        for so_far in growing(reply):
            yield [*asked, {"role": "assistant", "content": so_far}], "", reply.conversation_id, *(gr.skip(),) * OFFERS
        yield gr.skip(), gr.skip(), gr.skip(), *_offers(reply.suggestions)

    page: gr.Blocks
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        gr.HTML(
            f"<header><h1>{TITLE}</h1><p>Each number opens the article it comes from. "
            '<a href="/articles">All articles</a></p></header>',
            elem_id="top",
        )
        chat = gr.Chatbot(
            elem_id="chat",
            show_label=False,
            label="Conversation",
            layout="bubble",
            buttons=[],
            autoscroll=False,  # page.js shows the beginning of a reply, not its end
            feedback_options=None,
            latex_delimiters=[],
            placeholder="Ask about back massage, or choose a question below.",
        )
        with gr.Row(elem_classes="offers"):
            offers = [gr.Button(example, size="sm", min_width=100) for example in EXAMPLES]
        with gr.Row(elem_id="asking"):
            box = gr.Textbox(
                elem_id="ask",
                label="Your question",
                placeholder="Type your question",
                lines=1,
                max_lines=6,
                scale=5,
                autofocus=True,
            )
            send = gr.Button("Ask", variant="primary", elem_id="send", scale=0, min_width=80)
        keep = gr.Checkbox(False, label=_offer_to_keep(settings.keep_conversations), elem_id="keep", visible=ticked)
        gr.HTML(
            '<p id="standing">Information, not medical advice; nobody here can examine you. In an emergency call '
            f"{escape(conversations.bot.referrals.emergency_number)}. {_stored(settings, kept)}</p>"
            + (_thumbs(settings) if kept else "")
        )
        conversation_id = gr.Textbox(visible="hidden", label="Conversation")  # unlike gr.State it outlives the server
        inputs, outputs = [chat, conversation_id, keep], [chat, box, conversation_id, *offers]
        for trigger in (box.submit, send.click):
            trigger(respond, [box, *inputs], outputs, api_visibility="private", show_progress="hidden")
        # A new conversation, also for the guard, and another one to agree to. It is done in the browser: by way of the
        # server a question asked at once would still go to the conversation before.
        chat.clear(None, None, [conversation_id, keep], js="() => ['', false]", api_visibility="private")
        for offer in offers:
            offer.click(respond, [offer, *inputs], outputs, api_visibility="private", show_progress="hidden")
    return page


def literal(message: str) -> str:
    """What a visitor typed as one HTML block, in which neither HTML nor Markdown means anything."""
    return f'<div class="said">{escape(message).replace(chr(10), "<br>")}</div>'


def growing(reply: Reply) -> Iterator[str]:
    """The reply as HTML, one line more each time; the last one is whole, and has the id that feedback.js looks for."""
    lines = [match.end() for match in re.finditer(r"\[\d+\](?=\s|$)|\n", reply.answer)]
    for end in lines[:-1]:
        yield as_html(reply, reply.answer[:end])
    yield as_html(reply, reply.answer, f"reply-{reply.id}-{reply.conversation_id}")


def as_html(reply: Reply, markdown: str, id: str = "") -> str:
    """The Markdown as one HTML block dressed for its route, each [n] a link to its article; literal HTML stays text."""
    links = {str(citation.number): citation for citation in reply.citations}

    def link(mark: re.Match[str]) -> str:
        citation = links.get(mark.group(1))
        return f'[{mark.group(1)}]({citation.url} "{escape(citation.title)}")' if citation else mark.group()

    body = _MARKDOWN.render(_MARK.sub(link, markdown)).replace("\n", " ")
    body = body.replace('<a href="/articles/', '<a class="cite" href="/articles/')
    kind = f'<span class="kind">{KIND[reply.route]}</span>' if reply.route in KIND else ""
    named = f' id="{id}"' if id else ""
    return f'<div class="reply {reply.route}"{named}>{kind}{body}{_grade(reply)}</div>'


def _grade(reply: Reply) -> str:
    """How well what the answer rests on most is supported; nothing beside a referral, or where it is not said."""
    told = EVIDENCE.get(reply.citations[0].evidence) if reply.citations and not reply.route.refers else None
    return f'<p class="grade">Source [1]: {told.lower()}.</p>' if told else ""


def _offers(suggestions: tuple[str, ...]) -> list[Any]:
    """Updates of the buttons under the chat: what to ask next, the rest hidden."""
    padded = [*suggestions[:OFFERS], *[""] * (OFFERS - len(suggestions[:OFFERS]))]
    return [gr.update(value=text, visible=bool(text)) for text in padded]


def _offer_to_keep(days: int) -> str:
    return f"Keep this conversation, without names and contact details, for {_days(days)} to improve the answers"


def _stored(settings: Settings, kept: bool) -> str:
    """What happens to a visitor's words, in every case that the settings allow."""
    if not kept:
        return "What you type is not stored."
    ways = []
    if settings.keep_conversations:
        ways.append("while you tick \u201cKeep this conversation\u201d")
    if settings.keep_feedback:
        ways.append("when you send them along with a thumb")
    if not ways:
        return "Of what you type no words are stored, only which kind of reply it got."
    return f"Your words are stored only {' or '.join(ways)}; otherwise only which kind of reply they got."


def _thumbs(settings: Settings) -> str:
    """The thumbs and their form as a template element, which feedback.js puts under the latest reply."""
    template = TEMPLATES.get_template("feedback.html")
    return template.render(reasons=REASONS, limit=COMMENT_LIMIT, days=settings.keep_feedback)


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"
