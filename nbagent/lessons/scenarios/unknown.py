"""What is answered to a prompt that no scenario knows: what this is, and what it can do."""

from __future__ import annotations

from nbagent.lessons.story import Chat, Story, Turn

ANSWER = """\
I am a scripted stand-in, not Kimi: people wrote my replies, and I do not understand this request. \
I can only describe, count and plot your variables, and mend or outline a cell by rule. For \
example, with a table `df`:

- `describe df`, `what is in df`, `first rows of df`
- `how many rows has df`, `columns of df`, `missing values in df`
- `mean of price by city`, `how many of each city in df`, `correlation of price and size in df`
- `plot df`, `plot price of df`, `plot price against size in df`
- `what variables are there`
- `fix @cell:ID`, `explain @cell:ID`, `write a cell that plots df`

`%kimi login` connects the real model. Nothing left this machine."""

REASONING = (
    "This is none of the requests that I have a script for. "
    "A guess would look like an answer, so I say what I am and what I can do."
)


def unknown(_: Chat) -> Story:
    """Say honestly that there is no script for this."""
    yield from ()
    return Turn(REASONING, ANSWER)
