"""A client of openrun for channel apps and their back ends: from joining the line to one purchase.

It follows every rule of docs/channels.md and needs the standard library alone; with the package
`cryptography` it reads the document that everybody reads, and without it says so and asks the
server where it stands, because a document that nothing proves is not believed.

What is known is kept (see `Keep`) before it is needed: the ticket, the pass, and the attempt with
its key before the purchase is sent. So the program may end at any moment; a new one with the same
`Keep` goes on where this one was, and buys once. One object serves one person in one round, on one
thread.
"""

import datetime
import email.utils
import http.client
import importlib.util
import json
import os
import pathlib
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import client as document_of  # noqa: E402  docs/client.py: place and read

PATIENCE_S = 12
"""A request that is not answered within this time is sent again; a purchase answers within 5 s."""
PAUSE_S = (0.5, 15)
"""Between two tries of what did not get through: from half a second, doubled up to the second."""
PAYING_S = 2
"""How often a payment that is under way is asked about, before jitter."""
KEYS_AGAIN_S = 60
"""The keys are read again for an unknown `kid`, once a minute at most."""
STILL_S = 5
"""When no document was read yet that says how often to look."""
OVER = ("sold_out", "closed", "left")
PAYING = ("held", "paying")


class Keep:
    """What is kept between two runs, in a file that is whole at any moment: `ticket`, `pass`,
    `attempt` (a purchase that was perhaps sent and has no definite answer) and `purchase`."""

    def __init__(self, path):
        self.path = path
        self.kept = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.kept = json.load(file)

    def save(self, **change):
        """Written beside the file, on disk, and then put in its place. None takes a thing out."""
        both = {**self.kept, **change}
        self.kept = {name: value for name, value in both.items() if value is not None}
        with open(os.open(f"{self.path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as file:
            json.dump(self.kept, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{self.path}.new", self.path)


class Refused(Exception):
    """The server said no, and the person has to decide something first: `code` says what."""

    def __init__(self, problem, retry_s=None):
        super().__init__(problem["code"])
        self.problem = problem
        self.code = problem["code"]
        self.retry_s = retry_s


class Answer:
    """An answer of the server. `retry_s` are the seconds of Retry-After, if it says any; none is
    no pause."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.text = body.decode("utf-8", "replace")
        seconds = headers.get("retry-after", "")
        self.retry_s = max(int(seconds), PAUSE_S[0]) if seconds.isdigit() else None

    def is_definite(self):
        """Whether the server itself said yes or no: not somebody on the way, nor "ask again"."""
        kind = self.headers.get("content-type", "")
        if self.status == 304:
            return True
        if self.status < 400:
            return kind.startswith("application/json")
        return self.status < 500 and kind == "application/problem+json"

    def json(self):
        """What it says; raises `Refused` when that is no."""
        said = json.loads(self.text)
        if self.status >= 400:
            raise Refused(said, self.retry_s)
        return said


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class OpenrunClient:
    """`token(again)` gives the person's token by the channel's back end; `again` says that the last
    one was refused. `show(view)` is told what can be shown, `note(text)` what went wrong on the
    way: never a token, a ticket or a pass. Who is not signed up at their purchase is signed up then
    if there is an `account`; they have accepted the terms."""

    def __init__(self, base, round_id, keep, token, account=None, language="ko",
                 show=lambda view: None, note=lambda text: None):
        self.base, self.round_id, self.keep, self.token = base, round_id, keep, token
        self.account, self.language, self.show, self.note = account, language, show, note
        self.path = "/v1/rounds/" + urllib.parse.quote(round_id, safe="")
        self.clock_s = 0.0  # What to add to this machine's clock to get the server's.
        self.last, self.etag = None, None
        self.keys, self.keys_read_at = None, 0.0
        self.opener = urllib.request.build_opener(_NoRedirect)
        self.can_verify = importlib.util.find_spec("cryptography") is not None
        if not self.can_verify:
            note("unverified: without the package `cryptography` no document can be believed")

    def buy(self, amount_won):
        """Joins, waits, claims and buys, or goes on with what an earlier run began. Answers with
        `(state, purchase)`: `bought` with the purchase, or `sold_out`, `closed`, `left` or `lapsed`
        without one. Raises `Refused`."""
        while True:
            kept = self.keep.kept
            if "purchase" in kept:
                return "bought", kept["purchase"]
            if "attempt" in kept:
                ended = self._send_attempt(kept["attempt"])
            else:
                ended = None if self._has_pass() else self._wait_for_pass()
                if not ended:  # Whether a pass came too late is for the server to say.
                    key = str(uuid.uuid4())
                    self.keep.save(attempt={"key": key, "amount_won": amount_won})
            if ended:
                return ended

    def sign_up(self, account):
        """Signs the person up: days before a sale, because at its opening this may be suspended."""
        body = {"accepted_terms": True, "account": account}
        return self._send("POST", "/v1/people", body=body, with_token=True).json()

    def leave(self):
        """Gives the place up."""
        if "ticket" in self.keep.kept:
            self._send("DELETE", f"{self.path}/tickets/me", with_ticket=True).json()

    # --- the line -------------------------------------------------------------------------------

    def _wait_for_pass(self):
        place, came_back, by_document = self._where_am_i(), False, self.can_verify
        while True:
            self._tell(place)
            state = place["state"]
            if place["pass"]:
                return None
            if state in OVER:
                return state, None
            if state == "bought":
                return self._bought_elsewhere()
            if state == "lapsed":
                if came_back:
                    return "lapsed", None
                # After a turn that was missed only where-am-I knows when the next one is.
                came_back, by_document = True, False
                place = self._join()
            elif state == "admitted":
                by_document = False
                place = self._claim() or self._look_again(STILL_S * random.uniform(0.8, 1.2))
            elif by_document and place["class"] is not None:
                seen = self._watch(place)
                place = {**place, "state": seen} if seen == "admitted" else self._where_am_i()
            else:
                place = self._look_again(place["poll_after_ms"] / 1_000)

    def _look_again(self, after_s):
        time.sleep(after_s)
        return self._where_am_i()

    def _where_am_i(self):
        """Where the ticket stands; who has none joins. Needs no token: waiting logs nobody out."""
        if "ticket" in self.keep.kept:
            try:
                return self._kept(self._send("GET", f"{self.path}/tickets/me", with_ticket=True))
            except Refused as refused:
                if refused.code != "ticket-invalid":
                    raise
                self.keep.save(ticket=None)
        return self._join()

    def _join(self):
        """The same place on every device; the ticket comes along, for rounds that ask for it."""
        while True:
            asked = {"with_token": True, "with_ticket": True}
            try:
                return self._kept(self._send("POST", f"{self.path}/tickets", **asked))
            except Refused as refused:
                if refused.code != "round-not-open" or refused.retry_s is None:
                    raise
                time.sleep(refused.retry_s)  # Its lobby is not open yet.

    def _claim(self):
        """The right to buy; None when the turn has not come after all, or the sale stands still."""
        try:
            place = self._kept(self._send("POST", f"{self.path}/passes", with_ticket=True))
            return None if place["state"] == "admitted" and not place["pass"] else place
        except Refused as refused:
            # What became of the place is where-am-I's to say: perhaps another device used it.
            if refused.code not in ("not-yet", "turn-passed", "sold-out", "round-not-open"):
                raise
            time.sleep(refused.retry_s or 0)
            return None

    def _watch(self, place):
        """Reads the document that everybody reads, until it says something new of this place."""
        after_s = place["poll_after_ms"] / 1_000
        while True:
            time.sleep(after_s)
            document = self._document()
            if document is None:  # Nothing to believe: the server itself is asked.
                return "unknown"
            seen = document_of.place(document, place["class"], place["number"])
            self._tell({**place, **seen}, document)
            poll = document["poll"]
            mine = [it for it in document.get("lobbies", []) if it["class"] == place["class"]]
            if place["number"] is None and mine and mine[0]["state"] == "drawn":
                time.sleep(random.random() * poll["lobby_ms"] / 1_000)
                return "drawn"
            if seen["state"] != place["state"]:
                return seen["state"]
            jitter = poll["jitter_percent"] / 100
            after_s = seen["poll_after_ms"] / 1_000 * random.uniform(1 - jitter, 1 + jitter)

    def _document(self):
        """The last document that can be believed; None when there is none."""
        answer = self._send("GET", f"{self.path}/watermark", etag=self.etag)
        if answer.status == 200:
            try:
                now = datetime.datetime.fromtimestamp(self._now(), datetime.timezone.utc)
                keys = self._keys_for(answer.text)
                self.last = document_of.read(answer.text, self.round_id, keys, self.last, now)
                self.etag = answer.headers.get("etag")
            except Exception as error:  # A document that is refused changes nothing.
                self.note(f"a document was not believed: {error or type(error).__name__}")
        return self.last

    def _keys_for(self, text):
        kid = json.loads(text)["signature"]["kid"]
        known = [key["kid"] for key in self.keys["keys"]] if self.keys else []
        is_old = time.monotonic() - self.keys_read_at > KEYS_AGAIN_S
        if self.keys is None or (kid not in known and is_old):
            self.keys = self._send("GET", "/.well-known/jwks.json").json()
            self.keys_read_at = time.monotonic()
        return self.keys

    # --- buying ---------------------------------------------------------------------------------

    def _send_attempt(self, attempt):
        """Sends an attempt until it has a definite answer: always with the key that was kept."""
        body = {"amount_won": attempt["amount_won"], "payment": {"method": "account"}}
        asked = {"key": attempt["key"], "body": body, "with_token": True, "with_pass": True}
        answer = self._send("POST", f"{self.path}/purchases", **asked)
        try:
            purchase = answer.json()
        except Refused as refused:
            return self._attempt_refused(refused)
        while purchase["state"] in PAYING:
            self._tell({"state": "paying"})
            time.sleep(PAYING_S * random.uniform(0.8, 1.2))
            looked = self._send("GET", f"/v1/purchases/{purchase['id']}", with_token=True)
            purchase = looked.json()
        if purchase["state"] == "voided":
            self.keep.save(attempt=None)
            raise Refused({"code": "payment-declined", "title": "", "detail": ""})
        return self._bought(purchase)

    def _attempt_refused(self, refused):
        """A definite no: the key is used up. Some of them need nobody's decision."""
        if refused.code == "unauthenticated":
            raise refused
        self.keep.save(attempt=None)
        if refused.code == "not-registered" and self.account:
            self.sign_up(self.account)
        elif refused.code == "pass-used":
            return self._bought_elsewhere()
        elif refused.code in ("pass-required", "pass-invalid", "pass-expired"):
            self.keep.save(**{"pass": None})
            time.sleep(PAUSE_S[0] * random.uniform(0.5, 1.5))
        elif refused.code == "round-not-open" and refused.retry_s is not None:
            time.sleep(refused.retry_s)
        else:
            raise refused
        return None

    def _bought_elsewhere(self):
        """The turn was used: on another device, or by an attempt whose key was lost."""
        while True:
            listed = self._send("GET", "/v1/purchases?limit=100", with_token=True).json()
            here = [it for it in listed["purchases"] if it["round_id"] == self.round_id]
            for purchase in here:
                if purchase["state"] == "issued":
                    return self._bought(purchase)
            if not any(it["state"] in PAYING for it in here):
                return "lapsed", None
            time.sleep(PAYING_S * random.uniform(0.8, 1.2))

    def _bought(self, purchase):
        self.keep.save(**{"attempt": None, "pass": None, "purchase": purchase})
        return "bought", purchase

    # --- what is kept, shown and sent -----------------------------------------------------------

    def _kept(self, answer):
        """Ticket and pass of an answer, kept before anything else is done with it."""
        place, kept = answer.json(), self.keep.kept
        given = {"token": place["pass"], "expires_at": place["pass_expires_at"]}
        new = {"ticket": place["ticket"] or kept.get("ticket"),
               "pass": given if place["pass"] else kept.get("pass")}
        self.keep.save(**new)
        return place

    def _now(self):
        return time.time() + self.clock_s

    def _has_pass(self):
        held = self.keep.kept.get("pass")
        until = held and datetime.datetime.fromisoformat(held["expires_at"]).timestamp()
        return bool(held) and until > self._now()

    def _tell(self, place, document=None):
        names = ("state", "number", "ahead", "eta", "outlook")
        view = {name: place.get(name) for name in names}
        at = datetime.datetime.fromtimestamp(self._now(), datetime.timezone.utc).isoformat()
        view["as_of"] = document["at"] if document else at
        view["notices"] = [it["message"] for it in document["notices"]] if document else []
        interruption = document and document["interruption"]
        view["interruption"] = interruption["message"] if interruption else None
        self.show(view)

    def _send(self, method, path, with_token=False, **asked):
        """Sends until there is an answer. Every call of a client can be sent again: a place belongs
        to the person, and a purchase carries its key."""
        token, renewed, tries = self.token(False) if with_token else None, False, 0
        while True:
            answer = self._send_once(method, path, token, **asked)
            if answer and answer.status == 401 and with_token and not renewed:
                token, renewed = self.token(True), True
                continue
            if answer and answer.is_definite():
                return answer
            self.note(f"{method} {path}: {answer.status if answer else 'no answer'}")
            pause_s = min(PAUSE_S[0] * 2 ** min(tries, 10), PAUSE_S[1]) * random.uniform(0.5, 1.5)
            tries += 1
            # Everybody strays, so that a crowd does not come back as one.
            time.sleep(answer.retry_s if answer and answer.retry_s is not None else pause_s)

    def _send_once(self, method, path, token, body=None, key=None, etag=None,
                   with_ticket=False, with_pass=False):
        kept = self.keep.kept
        headers = {
            "accept-language": self.language,
            "authorization": f"Bearer {token}" if token else None,
            "openrun-ticket": kept.get("ticket") if with_ticket else None,
            "openrun-pass": kept.get("pass", {}).get("token") if with_pass else None,
            "idempotency-key": key,
            "if-none-match": etag,
            "content-type": "application/json" if body else None,
        }
        headers = {name: value for name, value in headers.items() if value is not None}
        data = json.dumps(body).encode() if body else None
        url = self.base + path
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=PATIENCE_S) as response:
                answer = Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            try:
                answer = Answer(error.code, error.headers, error.read())
            except (OSError, http.client.HTTPException):
                return None
        except (OSError, http.client.HTTPException):
            return None
        # What was made for this person alone comes from no cache: its date is the server's time.
        if "no-store" in answer.headers.get("cache-control", "") and "date" in answer.headers:
            at = email.utils.parsedate_to_datetime(answer.headers["date"])
            self.clock_s = at.timestamp() - time.time()
        return answer
