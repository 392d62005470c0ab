// Everybody else: people who come by their app's own HTTP calls and make the line long.

import { randomUUID } from "node:crypto";

import { allowed, call, eventually } from "./wire.mjs";

/** Somebody with a token of their channel, as `POST /dev/people` makes them. */
export class Buyer {
  constructor(server, made) {
    this.server = server;
    Object.assign(this, made);
  }

  /** `about` may name person, birthdate, channel and district. */
  static async make(server, about = {}) {
    const json = { birthdate: "1991-03-01", channel: "seoul-pay", ...about };
    return new Buyer(server, await allowed("POST", `${server.url}/dev/people`, { json }));
  }

  /** Signed up already. */
  static async registered(server, about = {}) {
    const buyer = await Buyer.make(server, about);
    await buyer.signUp();
    return buyer;
  }

  round(round, path = "") {
    return `${this.server.url}/v1/rounds/${round}${path}`;
  }

  signUp() {
    const json = { accepted_terms: true, account: "110-000-000000" };
    return allowed("POST", `${this.server.url}/v1/people`, { token: this.token, json });
  }

  async join(round) {
    const place = await allowed("POST", this.round(round, "/tickets"), { token: this.token });
    this.ticket = place.ticket;
    this.pass = place.pass ?? this.pass;
    return place;
  }

  where(round) {
    const headers = { "openrun-ticket": this.ticket };
    return allowed("GET", this.round(round, "/tickets/me"), { headers });
  }

  async leave(round) {
    const headers = { "openrun-ticket": this.ticket };
    return allowed("DELETE", this.round(round, "/tickets/me"), { headers });
  }

  /** Claims as soon as the turn has come. */
  async claim(round) {
    const headers = { "openrun-ticket": this.ticket };
    await eventually(`${this.person} has a pass`, async () => {
      const answer = await call("POST", this.round(round, "/passes"), { headers });
      this.pass = answer.status === 200 ? answer.body.pass : null;
      return this.pass;
    });
  }

  buy(round, amount_won) {
    const headers = { "openrun-pass": this.pass, "idempotency-key": randomUUID() };
    const json = { amount_won, payment: { method: "account" } };
    return allowed("POST", this.round(round, "/purchases"), { token: this.token, headers, json });
  }

  async purchases() {
    const url = `${this.server.url}/v1/purchases`;
    return (await allowed("GET", url, { token: this.token })).purchases;
  }
}

/** So many people in line, a few at a time: signed up, unless they are made otherwise. */
export async function crowd(server, round, count, make = Buyer.registered) {
  const people = [];
  const one = async () => {
    while (people.length < count) {
      const index = people.push(null) - 1;
      people[index] = await make(server);
      await people[index].join(round);
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  return people;
}

/** Sells so much to others, who buy as much as one may. */
export async function sell(server, round, won, each_won = 400_000) {
  for (let left = won; left > 0; left -= each_won) {
    const buyer = await Buyer.registered(server);
    await buyer.join(round);
    await server.staff.letIn(round, 1);
    await buyer.claim(round);
    await buyer.buy(round, Math.min(left, each_won));
  }
}
