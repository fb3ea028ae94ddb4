// The operator's side of a story, over the native API: what no vendor's operation can do.

import assert from 'node:assert/strict';

export class Operator {
  #base;
  #token;

  constructor({ base, operatorToken }) {
    this.#base = base;
    this.#token = operatorToken;
  }

  openPrimary(name, creditLimit) {
    return this.#created('/api/v1/accounts', { name, credit_limit: creditLimit });
  }

  openSubaccount(parent, name) {
    return this.#created('/api/v1/accounts', { name, parent });
  }

  pay(account, amount) {
    return this.#created(`/api/v1/accounts/${account}/payments`, { amount });
  }

  charge(account, amount) {
    return this.#created('/api/v1/charges', { account, amount });
  }

  /** The status and the stable code of a charge that must not happen. */
  async refusedCharge(account, amount) {
    const { status, answer } = await this.#post('/api/v1/charges', { account, amount });
    assert.ok(status >= 400, JSON.stringify(answer));
    return [status, answer.code];
  }

  giveNumber(account, country, msisdn) {
    return this.#created('/api/v1/numbers', { account, country, msisdn });
  }

  /** A number that anybody may rent. */
  stock(country, msisdn, terms = {}) {
    return this.#created('/api/v1/numbers', { country, msisdn, ...terms });
  }

  async #created(path, body) {
    const { status, answer } = await this.#post(path, body);
    assert.equal(status, 201, `POST ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async #post(path, body) {
    const response = await fetch(this.#base + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, answer: await response.json() };
  }
}

// One server for all tests of a file, so every number is given out once.
let numbersGiven = 0;

export function freshNumber(prefix = '447700') {
  numbersGiven += 1;
  return prefix + String(numbersGiven).padStart(6, '0');
}
