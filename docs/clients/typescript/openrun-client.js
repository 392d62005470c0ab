// A client of openrun for channel apps: from joining the line to one purchase, whatever happens on
// the way. It follows every rule of docs/channels.md and needs nothing but fetch and WebCrypto.
//
// What is known is kept in a `Keep` before it is needed: the ticket, the pass, and the attempt with
// its key before the purchase is sent. So the program may end at any moment; a new one with the
// same `Keep` goes on where this one was, and buys once. Nothing here draws a screen or asks
// anybody.
import { place as work, read, stray } from "../../client.js";
/** A request that is not answered within this time is sent again; a purchase answers within 5 s. */
const PATIENCE_MS = 12_000;
/** Between two tries of what did not get through: from half a second, doubled up to this. */
const PAUSE_MS = { first: 500, most: 15_000 };
/** How often a payment that is under way is asked about, before jitter. */
const PAYING_MS = 2_000;
/** The keys are read again for an unknown `kid`, once a minute at most. */
const KEYS_AGAIN_MS = 60_000;
/** When no document was read yet that says how often to look. */
const STILL_MS = 5_000;
const PROBLEM = "application/problem+json";
const OVER = ["sold_out", "closed", "left"];
export class OpenrunClient {
    options;
    path;
    kept = {};
    /** What to add to this device's clock to get the server's. */
    clock_ms = 0;
    last = null;
    keys = null;
    constructor(options) {
        this.options = options;
        this.path = `/v1/rounds/${encodeURIComponent(options.round)}`;
    }
    /** Joins, waits, claims and buys; or goes on with what an earlier run began. */
    async buy(amount_won) {
        this.kept = await this.options.keep.load();
        for (;;) {
            const { purchase, attempt } = this.kept;
            if (purchase)
                return { state: "bought", purchase };
            const ended = attempt
                ? await this.send_attempt(attempt)
                : this.pass()
                    ? null
                    : await this.wait_for_pass();
            if (ended)
                return ended;
            // Whether a pass came too late is for the server to say.
            if (!attempt)
                await this.keep({ attempt: { key: crypto.randomUUID(), amount_won } });
        }
    }
    /** Signs the person up: days before a sale, because at its opening this may be suspended. */
    async sign_up(account) {
        const body = { accepted_terms: true, account };
        return problem_of(await this.send("POST", "/v1/people", { body, with_token: true }));
    }
    /** Gives the place up. */
    async leave() {
        this.kept = await this.options.keep.load();
        const { ticket } = this.kept;
        if (ticket)
            await this.send("DELETE", `${this.path}/tickets/me`, { ticket });
    }
    // --- the line -------------------------------------------------------------------------------
    async wait_for_pass() {
        let place = await this.where_am_i();
        let came_back = false;
        // After a turn that was missed only where-am-I knows when the next one is.
        let by_document = true;
        for (;;) {
            if ("code" in place)
                return this.refused(place);
            this.tell(place);
            if (place.pass)
                return null;
            if (OVER.includes(place.state))
                return { state: place.state };
            if (place.state === "bought")
                return this.bought_elsewhere();
            if (place.state === "lapsed") {
                if (came_back)
                    return { state: "lapsed" };
                came_back = true;
                place = await this.join();
                by_document = false;
            }
            else if (place.state === "admitted") {
                const claimed = await this.claim();
                if (claimed && "code" in claimed)
                    return this.refused(claimed);
                by_document = false;
                place = claimed ?? (await this.look_again(STILL_MS * (0.8 + 0.4 * Math.random())));
            }
            else if (by_document && place.class !== null) {
                const seen = await this.watch(place, place.class);
                place = seen === "admitted" ? { ...place, state: seen } : await this.where_am_i();
            }
            else {
                place = await this.look_again(place.poll_after_ms);
            }
        }
    }
    async look_again(after_ms) {
        await sleep(after_ms);
        return this.where_am_i();
    }
    /** Where the ticket stands; who has none joins. Needs no token: waiting logs nobody out. */
    async where_am_i() {
        const { ticket } = this.kept;
        if (!ticket)
            return this.join();
        const answer = await this.send("GET", `${this.path}/tickets/me`, { ticket });
        const problem = problem_of(answer);
        if (problem?.code === "ticket-invalid") {
            await this.keep({ ticket: undefined });
            return this.join();
        }
        return problem ?? this.keep_place(answer);
    }
    /** The same place on every device; the ticket comes along, for rounds that ask for it. */
    async join() {
        for (;;) {
            const ticket = this.kept.ticket;
            const answer = await this.send("POST", `${this.path}/tickets`, { ticket, with_token: true });
            const problem = problem_of(answer);
            if (!problem)
                return this.keep_place(answer);
            const retry_ms = retry_after_ms(answer);
            if (problem.code !== "round-not-open" || retry_ms === null)
                return problem;
            // Its lobby is not open yet.
            await sleep(retry_ms);
        }
    }
    /** The right to buy; null when the turn has not come after all, or the sale stands still. */
    async claim() {
        const ticket = this.kept.ticket;
        const answer = await this.send("POST", `${this.path}/passes`, { ticket });
        const problem = problem_of(answer);
        if (!problem) {
            const place = await this.keep_place(answer);
            return place.state === "admitted" && !place.pass ? null : place;
        }
        const retry_ms = retry_after_ms(answer);
        if (retry_ms !== null)
            await sleep(retry_ms);
        // What became of the place is where-am-I's to say: perhaps it was used on another device.
        const is_known = ["not-yet", "turn-passed", "sold-out", "round-not-open"];
        return is_known.includes(problem.code) ? null : problem;
    }
    /** Reads the one document that everybody reads, until it says something new of this place. */
    async watch(place, line) {
        let after_ms = place.poll_after_ms;
        for (;;) {
            await sleep(after_ms);
            const document = await this.document();
            // Nothing to believe, and no way to: the server itself is asked.
            if (document === null)
                return "unknown";
            const seen = work(document, line, place.number);
            this.tell({ ...place, ...seen }, document);
            const drawn = document.lobbies?.find((it) => it.class === line)?.state === "drawn";
            if (drawn && place.number === null) {
                await sleep(Math.random() * document.poll.lobby_ms);
                return "drawn";
            }
            if (seen.state !== place.state)
                return seen.state;
            after_ms = stray(seen.poll_after_ms, document.poll);
        }
    }
    /** The last document that can be believed; null when there is none. */
    async document() {
        const etag = this.last?.etag ?? undefined;
        const answer = await this.send("GET", `${this.path}/watermark`, { etag });
        if (answer.status === 200) {
            try {
                const keys = await this.keys_for(answer.text);
                const known = this.last?.document ?? null;
                const now = Date.now() + this.clock_ms;
                const document = await read(answer.text, this.options.round, keys, known, now);
                this.last = { etag: answer.headers.get("etag"), document };
            }
            catch (error) {
                // A document that is refused changes nothing.
                this.options.note?.(`a document was not believed: ${message_of(error)}`);
            }
        }
        return this.last?.document ?? null;
    }
    async keys_for(text) {
        const { signature } = JSON.parse(text);
        const has = this.keys?.of.keys.some((key) => key.kid === signature.kid);
        const is_due = !this.keys || (!has && Date.now() - this.keys.read_at > KEYS_AGAIN_MS);
        if (is_due) {
            const answer = await this.send("GET", "/.well-known/jwks.json", {});
            this.keys = { of: JSON.parse(answer.text), read_at: Date.now() };
        }
        return this.keys?.of ?? { keys: [] };
    }
    // --- buying ---------------------------------------------------------------------------------
    /** Sends an attempt until it has a definite answer: always with the key that was kept. */
    async send_attempt(attempt) {
        const body = { amount_won: attempt.amount_won, payment: { method: "account" } };
        const pass = this.kept.pass?.token;
        const asked = { body, pass, key: attempt.key, with_token: true };
        const answer = await this.send("POST", `${this.path}/purchases`, asked);
        const problem = problem_of(answer);
        if (problem)
            return this.attempt_refused(problem, retry_after_ms(answer));
        let purchase = JSON.parse(answer.text);
        while (is_paying(purchase)) {
            this.tell_state("paying");
            await sleep(PAYING_MS * (0.8 + 0.4 * Math.random()));
            const looked = await this.send("GET", `/v1/purchases/${purchase.id}`, { with_token: true });
            const lost = problem_of(looked);
            if (lost)
                return this.refused(lost);
            purchase = JSON.parse(looked.text);
        }
        if (purchase.state === "voided") {
            await this.keep({ attempt: undefined });
            return this.refused({ code: "payment-declined", title: "", detail: "" });
        }
        await this.keep({ attempt: undefined, pass: undefined, purchase });
        return { state: "bought", purchase };
    }
    /** A definite no: the key is used up. Some of them need nobody's decision. */
    async attempt_refused(problem, retry_ms) {
        if (problem.code === "unauthenticated")
            return this.refused(problem);
        await this.keep({ attempt: undefined });
        switch (problem.code) {
            case "not-registered": {
                const { account } = this.options;
                const refused = account ? await this.sign_up(account) : problem;
                return refused && this.refused(refused);
            }
            case "pass-used":
                return this.bought_elsewhere();
            case "pass-required":
            case "pass-invalid":
            case "pass-expired":
                await this.keep({ pass: undefined });
                await sleep(PAUSE_MS.first * (0.5 + Math.random()));
                return null;
            case "round-not-open":
                if (retry_ms === null)
                    return this.refused(problem);
                await sleep(retry_ms);
                return null;
            default:
                return this.refused(problem);
        }
    }
    /** The turn was used: on another device, or by an attempt whose key was lost. */
    async bought_elsewhere() {
        for (;;) {
            const answer = await this.send("GET", "/v1/purchases?limit=100", { with_token: true });
            const problem = problem_of(answer);
            if (problem)
                return this.refused(problem);
            const { purchases } = JSON.parse(answer.text);
            const here = purchases.filter((it) => it.round_id === this.options.round);
            const purchase = here.find((it) => it.state === "issued");
            if (purchase) {
                await this.keep({ attempt: undefined, pass: undefined, purchase });
                return { state: "bought", purchase };
            }
            if (!here.some(is_paying))
                return { state: "lapsed" };
            await sleep(PAYING_MS * (0.8 + 0.4 * Math.random()));
        }
    }
    // --- what is kept, shown and sent -----------------------------------------------------------
    async keep(change) {
        const all = Object.entries({ ...this.kept, ...change });
        this.kept = Object.fromEntries(all.filter(([, value]) => value !== undefined));
        await this.options.keep.save(this.kept);
        return null;
    }
    /** Ticket and pass of an answer, kept before anything else is done with it. */
    async keep_place(answer) {
        const place = JSON.parse(answer.text);
        const { ticket, pass: token, pass_expires_at: expires_at } = place;
        const given = token && expires_at ? { token, expires_at } : undefined;
        await this.keep({ ticket: ticket ?? this.kept.ticket, pass: given ?? this.kept.pass });
        return place;
    }
    /** The pass, if there is time to use it. */
    pass() {
        const pass = this.kept.pass;
        const now = Date.now() + this.clock_ms;
        return pass && Date.parse(pass.expires_at) > now ? pass.token : null;
    }
    tell(place, document) {
        const { state, number, ahead, eta, outlook } = place;
        const as_of = document ? new Date(document.at) : new Date(Date.now() + this.clock_ms);
        const notices = (document?.notices ?? []).map((it) => it.message);
        const interruption = document?.interruption?.message ?? null;
        this.options.show?.({ state, number, ahead, eta, outlook, as_of, notices, interruption });
    }
    tell_state(state) {
        const as_of = new Date(Date.now() + this.clock_ms);
        const nothing = { number: null, ahead: null, eta: null, outlook: null, interruption: null };
        this.options.show?.({ state, as_of, notices: [], ...nothing });
    }
    refused(problem) {
        const { code, title, detail } = problem;
        return { state: "refused", code, title, detail, problem };
    }
    /**
     * Sends until there is an answer. Every call of a client can be sent again: a place belongs to
     * the person, and a purchase carries its key.
     */
    async send(method, path, asked) {
        let token = asked.with_token ? await this.options.token(false) : null;
        for (let tries = 0, renewed = false;; tries += 1) {
            const answer = await this.send_once(method, path, asked, token);
            if (answer?.status === 401 && asked.with_token && !renewed) {
                renewed = true;
                token = await this.options.token(true);
                continue;
            }
            if (answer && is_definite(answer))
                return answer;
            this.options.note?.(`${method} ${path}: ${answer ? answer.status : "no answer"}`);
            const pause_ms = Math.min(PAUSE_MS.first * 2 ** Math.min(tries, 10), PAUSE_MS.most);
            const told_ms = answer ? retry_after_ms(answer) : null;
            // Everybody strays, so that a crowd does not come back as one.
            await sleep(told_ms ?? pause_ms * (0.5 + Math.random()));
        }
    }
    async send_once(method, path, asked, token) {
        const headers = new Headers({ "accept-language": this.options.language ?? "ko" });
        if (token)
            headers.set("authorization", `Bearer ${token}`);
        if (asked.ticket)
            headers.set("openrun-ticket", asked.ticket);
        if (asked.pass)
            headers.set("openrun-pass", asked.pass);
        if (asked.key)
            headers.set("idempotency-key", asked.key);
        if (asked.etag)
            headers.set("if-none-match", asked.etag);
        if (asked.body)
            headers.set("content-type", "application/json");
        const body = asked.body ? JSON.stringify(asked.body) : null;
        const control = new AbortController();
        // Not AbortSignal.timeout: its timer lets node end while a call that was cut still waits.
        const timer = setTimeout(() => control.abort(), PATIENCE_MS);
        try {
            const asks = { method, headers, body, signal: control.signal, redirect: "error" };
            const response = await fetch(this.options.base + path, asks);
            const text = await response.text();
            this.set_clock(response.headers);
            return { status: response.status, text, headers: response.headers };
        }
        catch {
            return null;
        }
        finally {
            clearTimeout(timer);
        }
    }
    /** What was made for this person alone comes from no cache: its date is the server's time. */
    set_clock(headers) {
        const at = Date.parse(headers.get("date") ?? "");
        const is_own = headers.get("cache-control")?.includes("no-store");
        if (is_own && !Number.isNaN(at))
            this.clock_ms = at - Date.now();
    }
}
/** Whether the server itself said yes or no: not somebody on the way, and not "ask again". */
function is_definite({ status, headers }) {
    const type = headers.get("content-type") ?? "";
    if (status === 304)
        return true;
    return status < 400 ? type.startsWith("application/json") : status < 500 && type === PROBLEM;
}
function is_paying(purchase) {
    return purchase.state === "held" || purchase.state === "paying";
}
function problem_of(answer) {
    return answer.status < 400 ? null : JSON.parse(answer.text);
}
/** What Retry-After says, if anything; none is no pause. */
function retry_after_ms(answer) {
    const seconds = Number.parseInt(answer.headers.get("retry-after") ?? "", 10);
    return Number.isNaN(seconds) ? null : Math.max(seconds * 1_000, PAUSE_MS.first);
}
function message_of(error) {
    return error instanceof Error ? error.message : String(error);
}
function sleep(ms) {
    return new Promise((wake) => setTimeout(wake, Math.max(0, ms)));
}
