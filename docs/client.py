"""What a back end does with the watermark document: see docs/client.md.

`place` needs nothing but the language; `read` needs the package `cryptography`.
"""

import base64
import datetime
import json


def place(document, name, number):
    """Place, estimate, outlook and the next look of a number, from the document alone."""
    line, poll = next(it for it in document["lines"] if it["class"] == name), document["poll"]
    if number is None:
        return _drawn(document, line)
    vacant = (min(to, number - 1) - max(since - 1, line["watermark"]) for since, to in line["vacant"])
    ahead = max(0, number - 1 - line["watermark"] - sum(max(0, it) for it in vacant))
    is_admitted = line["state"] == "waiting" and number <= line["watermark"]
    state = "admitted" if is_admitted else line["state"]
    is_over, likely, possible = state in ("sold_out", "closed"), line["likely_to"], line["possible_to"]
    outlook = "no" if is_over else "likely" if number <= likely else "possible" if number <= possible else "unlikely"
    people, speed = int(ahead * line["present_percent"] / 100) + 1, line["speed_per_s"]
    is_known = state == "waiting" and speed and speed["p50"] and number <= possible
    eta = {"p10_s": people / speed["p90"], "p50_s": people / speed["p50"],
           "p90_s": people / speed["p10"] if speed["p10"] else 2 * people / speed["p50"]} if is_known else None
    times = [eta["p10_s"]] if eta else []
    times += [line["stock_ends_in_s"]["p10"]] if line["stock_ends_in_s"] else []
    if state == "lobby":
        opens_in = (_time(line["opens_at"]) - _time(document["at"])).total_seconds()
        after = max(opens_in * 10 * poll["share_of_wait_percent"], poll["lobby_ms"])
    elif state == "waiting":
        after = min(times) * 10 * poll["share_of_wait_percent"] if times else poll["still_ms"]
    elif state == "standby":
        after = min(ahead * 100, poll["still_ms"])
    else:
        after = 0 if is_admitted else poll["most_ms"]
    after = min(max(after, poll["least_ms"]), poll["most_ms"])
    return {"state": state, "ahead": ahead, "eta": eta, "outlook": outlook, "poll_after_ms": after}


def _drawn(document, line):
    """Who stands in a lobby that is drawn has no number: the same for all who are there."""
    lobby, poll = next(it for it in document["lobbies"] if it["class"] == line["class"]), document["poll"]
    state, after = "lobby" if line["state"] == "waiting" else line["state"], poll["most_ms"]
    if state == "lobby":
        opens_in = (_time(line["opens_at"]) - _time(document["at"])).total_seconds()
        after = max(opens_in * 10 * poll["share_of_wait_percent"], poll["lobby_ms"])
    after = min(max(after, poll["least_ms"]), poll["most_ms"])
    return {"state": state, "ahead": 0, "eta": None, "outlook": lobby["outlook"], "poll_after_ms": after}


def read(text, round_id, keys, last=None, now=None):
    """The text of a document as an object, if it is genuine, of this round, not old and not rolled back."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    document, signed = json.loads(text), text[: text.rindex(',"signature":')]
    key = next(it for it in keys["keys"] if it["kid"] == document["signature"]["kid"])
    key = Ed25519PublicKey.from_public_bytes(_bytes(key["x"]))
    key.verify(_bytes(document["signature"]["ed25519"]), signed.encode())
    if document["document"] != "openrun/watermark/v1" or document["round_id"] != round_id:
        raise ValueError("not genuine")
    now = now or datetime.datetime.now(datetime.timezone.utc)
    if now - _time(document["at"]) > datetime.timedelta(minutes=10):
        raise ValueError("older than ten minutes")
    version = lambda it: (it["epoch"], it["serial"])
    if last and version(document) < version(last):
        raise ValueError("rolled back")
    return document


def _time(text):
    return datetime.datetime.fromisoformat(text)


def _bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
