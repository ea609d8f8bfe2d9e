"""Ordinary text of several kinds, from which the sizes of a model's activations are learned when it is quantized.

Written for this purpose. What counts is that letters, figures, code, lists and names occur, not what is said.
"""

from __future__ import annotations

from typing import Final

TEXTS: Final = (
    """Hello Maria,

thank you for the quick answer. I have looked at the three offers, and the second one seems best to me: it costs about
€ 1,250 a month, leaves us room for two more people, and can be ended every six months. Could you ask them whether the
price includes heating? If we hear from them before Thursday, we can sign on Friday at 10:30. I will be in the office
all day; otherwise call me on my mobile.

Best wishes,
Jonathan

P.S. Don't forget that Peter's train arrives at a quarter past eight.""",
    """# Changelog

## 2.4.1 - 2023-05-17

- Fixed a crash when `load_table(path, sep=";")` met an empty file (#812).
- The cache is now bounded: `max_bytes=64 * 1024 ** 2` by default.
- *Breaking:* `Client.close()` no longer waits; call `await client.drain()` first.

```python
def mean(values: list[float]) -> float:
    # An empty list has no mean.
    return sum(values) / len(values) if values else float("nan")
```

See https://example.org/docs/caching for details, or run `tool --help | less`.""",
    """The old lighthouse had not been lit for forty years, and yet that night every window along the harbour caught its
beam. "It can't be," said the ferryman, pulling his cap down over his ears. "Nobody has the key." The girl beside him
laughed. She had counted the turns: one, two, three, and then a pause, as though somebody up there were thinking. Far
out, where the water was black, a second light answered. What would you have done? They ran, of course, along the wet
stones, past the nets and the sleeping dogs, until the tower stood above them, taller than either remembered.""",
    """ok so i'm gonna be like 10 min late, sorry!! traffic is awful :( can u order me the soup and a coffee pls? btw
did you see the game last night?? 3-2 in the last minute, I couldn't believe it lol. anyway see you soon x

Question: Which of the following statements about photosynthesis is true? Answer: Plants take up carbon dioxide and
water and, with energy from sunlight, form glucose and oxygen; about 1 % of the light is stored. In 1779 Jan Ingenhousz
showed that only the green parts do so. Température, naïve, Zürich, São Paulo, Москва, 東京.""",
)
