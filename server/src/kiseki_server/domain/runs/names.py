"""Names of runs: those that clients choose, and those that we make up."""

from __future__ import annotations

import random
import unicodedata

from kiseki_server.kit.errors import BadRequest

MAX_NAME = 128
_FORBIDDEN = frozenset("/\\#?%:")

_ADJECTIVES = """
amber autumn azure blissful bold brave breezy bright brisk calm candid cheerful chilly clear
clever cosmic cosy crimson crisp curious daring dawn deep deft dewy distant dreamy eager early
earnest easy electric elegant ember evening fair fancy fearless fiery fluent fond fragrant fresh
frosty gentle gilded glad gleaming golden graceful grand hardy hazy hidden honest hopeful humble
icy indigo ivory jolly keen kind lasting leafy light likely lilac lively loyal lucid lucky lunar
mellow merry mild misty modest morning mossy neat nimble noble olive opal patient placid plucky
polished proud quiet radiant rapid ripe robust rosy ruby rustic sandy scarlet serene sharp
silent silver sincere sleek smooth snowy solar solid sparkling spring steady still stellar
summer sunny swift tender tidy tranquil true upbeat vast velvet verdant vivid warm wavy wild
windy winter wise witty woven young zesty
"""
_NOUNS = """
acorn anchor arbor aspen aurora badger bamboo beacon birch bloom breeze bridge brook butterfly
canyon cedar cherry cliff cloud clover comet compass coral cove crane creek cricket dawn deer
delta dew dolphin dove dragonfly dune eagle ember falcon feather fern field finch fire firefly
fjord flame flower fog forest fountain fox galaxy garden glacier glade grove harbor hare haze
heron hill horizon island ivy jasmine lagoon lake lantern lark leaf lichen lily lotus lynx maple
marsh meadow meteor mist moon moss mountain nebula oak oasis ocean orbit orchid otter owl path
peak pebble pine plum pond poplar prairie puddle quartz rain rainbow raven reef ridge river
robin sea shadow shore sky snow sparrow spruce star stone storm stream summit sun surf swallow
swan temple thistle thunder tide trail tree tulip valley violet voyage water wave willow wind
wisteria wolf wood wren
"""


def check_name(name: str) -> str:
    """The name, if a client may give it to a run.

    Raises:
        BadRequest: With the reason.
    """
    if not name:
        raise BadRequest("A run's id is empty")
    if len(name) > MAX_NAME:
        raise BadRequest(
            f"The run id {name[:40]!r}… has {len(name)} characters; at most {MAX_NAME} are allowed"
        )
    for character in name:
        if character in _FORBIDDEN or _invisible(character):
            raise BadRequest(
                f"The run id {name!r} contains {character!r}",
                hint="Leave out / \\ # ? % : and control characters.",
            )
    if name in (".", "..") or name != name.strip():
        raise BadRequest(
            f"The run id {name!r} is a dot, two dots, or begins or ends with a space",
        )
    return name


def check_display_name(name: str) -> str:
    """The display name without spaces around it.

    Raises:
        BadRequest: It is empty, too long or holds control characters.
    """
    trimmed = name.strip()
    if not trimmed:
        raise BadRequest("A run's display name is empty")
    if len(trimmed) > MAX_NAME:
        raise BadRequest(
            f"The display name {trimmed[:40]!r}… has {len(trimmed)} characters; "
            f"at most {MAX_NAME} are allowed"
        )
    if any(_invisible(character) for character in trimmed):
        raise BadRequest(f"The display name {trimmed!r} contains a control character")
    return trimmed


def made_up(number: int) -> str:
    """A display name that no other number gives: two words and the number."""
    words = random.Random(number * 2654435761)  # noqa: S311 - nothing secret about it
    return f"{words.choice(_ADJECTIVES.split())}-{words.choice(_NOUNS.split())}-{number}"


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
