"""What is searched for: a message, and what was spoken of before it."""

from dataclasses import dataclass

ALONE = 1.0  # own share of a message that stands alone


@dataclass(frozen=True)
class Query:
    """A visitor's message with the topic that it may go on from."""

    message: str
    topic: str = ""  # the visitor's own words before it; "" where the message stands alone
    own_share: float = ALONE  # what the message by itself counts beside topic and message read together
    leans: bool = False  # whether it cannot be understood without the topic

    @property
    def whole(self) -> str:
        """Topic and message."""
        return f"{self.topic} {self.message}" if self.topic else self.message

    @property
    def question(self) -> str:
        """The question in words that stand alone, for whoever can compare nothing but words."""
        return self.whole if self.leans else self.message
