// What happens beside the browser: the operator's side and the gate's, over the native API.

import assert from 'node:assert/strict';

export class Operator {
  #base;
  #token;

  constructor({ base, operatorToken }) {
    this.#base = base;
    this.#token = operatorToken;
  }

  /** What opens the operator's pages. */
  get token() {
    return this.#token;
  }

  openPrimary(name, creditLimit = '0') {
    return this.post('/api/v1/accounts', { name, credit_limit: creditLimit });
  }

  openSubaccount(parent, name, balance = 'own') {
    return this.post('/api/v1/accounts', { name, parent, balance });
  }

  pay(account, amount, reference) {
    return this.post(`/api/v1/accounts/${account}/payments`, { amount, reference });
  }

  transfer(primary, kind, to, amount, reference) {
    return this.post(`/api/v1/accounts/${primary}/transfers`, { kind, to, amount, reference });
  }

  charge(account, amount, operation = 'sms.send', reference = undefined) {
    return this.post('/api/v1/charges', { account, amount, operation, reference });
  }

  close(account) {
    return this.#expect(200, 'POST', `/api/v1/accounts/${account}/close`, {});
  }

  hold(account, amount) {
    return this.post('/api/v1/holds', { account, amount, expires_in: 3_600 });
  }

  change(account, members) {
    return this.#expect(200, 'PATCH', `/api/v1/accounts/${account}`, members);
  }

  putPlan(name, plan) {
    return this.#expect(200, 'PUT', `/api/v1/price-plans/${name}`, plan);
  }

  /** The status and the stable code of a charge that must not happen. */
  async refusedCharge(account, amount) {
    const { status, answer } = await this.#send('POST', '/api/v1/charges', { account, amount, operation: 'sms.send' });
    assert.ok(status >= 400, JSON.stringify(answer));
    return [status, answer.code];
  }

  /** Balance, credit limit and so on, as programs read them. */
  account(account) {
    return this.#expect(200, 'GET', `/api/v1/accounts/${account}`);
  }

  /** As an account itself asks: a webhook is its who makes it. */
  makeWebhook({ api_key: name, secret }, url) {
    const authorization = `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
    return this.#expect(201, 'POST', '/api/v1/webhooks', { url }, authorization);
  }

  post(path, body) {
    return this.#expect(201, 'POST', path, body);
  }

  async #expect(expected, method, path, body, authorization) {
    const { status, answer } = await this.#send(method, path, body, authorization);
    assert.equal(status, expected, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async #send(method, path, body, authorization = `Bearer ${this.#token}`) {
    const response = await fetch(this.#base + path, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    return { status: response.status, answer: await response.json() };
  }
}
