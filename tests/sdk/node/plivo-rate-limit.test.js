// Too many requests: one limit for a main account and all below it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { thrown, tollgate, wire } from './plivo-family.js';

const LIMIT = 3;
const WINDOW_SECONDS = 5;
const here = tollgate('--plivo-rate-limit', `${LIMIT}`);

/** A main account, and its subaccount, which was not made by a request that counts. */
async function family() {
  const main = await here.operator.openPrimary('Partner', '0');
  const sub = await here.operator.openSubaccount(main.auth_id, 'S1');
  return [main, sub].map(({ auth_id, auth_token }) => here.calling(auth_id, auth_token));
}

async function assertTooMany(promise) {
  const error = await thrown(promise);
  assert.deepEqual([wire.status, wire.body.error], [429, 'too many requests']);
  // The SDK has no class for it, and drops the server's text.
  assert.deepEqual([error.name, error.status], ['Error', undefined]);
  assert.match(error.message, /status code 429/);
}

async function exhaust({ sdk }) {
  // A window may end on the way, so it takes the requests of two to be sure.
  for (let n = 0; n <= 2 * LIMIT; n += 1) {
    const answer = sdk.accounts.get();
    await answer.catch(() => {});
    if (wire.status === 429) {
      await assertTooMany(answer);
      return;
    }
  }
  assert.fail(`${2 * LIMIT + 1} requests were taken`);
}

test('over the limit every operation is refused until the window ends', async () => {
  const [main] = await family();
  const { sdk } = main;
  for (const call of [
    () => sdk.accounts.get(),
    () => sdk.subaccounts.create('S2'),
    () => sdk.subaccounts.list(),
    () => sdk.applications.list(),
    () => sdk.endpoints.create('phone', 'secret', 'phone'),
    () => sdk.numbers.search('GB'),
  ]) {
    await exhaust(main);
    await assertTooMany(call());
  }
  const seconds = Number(wire.headers['retry-after']);
  assert.ok(seconds >= 1 && seconds <= WINDOW_SECONDS, wire.headers['retry-after']);

  const takenAgain = Date.now() + 3 * WINDOW_SECONDS * 1000;
  while (wire.status === 429) {
    assert.ok(Date.now() < takenAgain, 'it is refused still');
    await sdk.accounts.get().catch(() => {});
  }
  assert.equal(wire.body.name, 'Partner');
});

test("a subaccount's requests count for its main account, and for no other", async () => {
  const [main, sub] = await family();
  const [other] = await family();
  for (const [spender, held] of [
    [main, sub],
    [sub, main],
  ]) {
    // Had the window ended in between, the other one would be taken: then once more.
    for (let n = 0; n < 3; n += 1) {
      await exhaust(spender);
      await held.sdk.accounts.get().catch(() => {});
      if (wire.status === 429) break;
    }
    assert.deepEqual([wire.status, wire.body.error], [429, 'too many requests']);
  }
  assert.equal((await other.sdk.accounts.get()).name, 'Partner');
});
