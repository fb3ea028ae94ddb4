// Deleting a subaccount, and what becomes of what it owns; and wrong credentials, in every operation of the SDK.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshNumber } from './operator.js';
import {
  APP_ID_UNKNOWN,
  ENDPOINT_ID_UNKNOWN,
  notFound,
  NUMBER_UNKNOWN,
  refuses,
  SUBACCOUNT_ID_UNKNOWN,
  tollgate,
  unauthorized,
  wire,
} from './plivo-family.js';

const here = tollgate('--plivo-rate-limit', '0');

/** A subaccount, and what it owns. */
async function estate(partner) {
  const sub = await here.subOf(partner, 'S1');
  const appId = await sub.opensApplication('theirs');
  const endpointId = await sub.opensEndpoint('theirs', appId);
  const [rented, brought] = [freshNumber(), freshNumber('1510')];
  const { numbers } = partner.sdk;
  await here.operator.stock('GB', rented);
  await numbers.buy(rented);
  await numbers.update(rented, { subAccount: sub.authId });
  await sub.sdk.numbers.update(rented, { appId });
  await numbers.addOwnNumber(brought, 'C1', 'Oakland', { subaccount: sub.authId });
  return { sub, appId, endpointId, rented, brought };
}

async function isGone(partner, { sub }) {
  const { subaccounts } = partner.sdk;
  await refuses(subaccounts.get(sub.authId), notFound);
  await refuses(subaccounts.update(sub.authId, 'Back', true), notFound);
  await refuses(subaccounts.delete(sub.authId), notFound);
  assert.deepEqual([...(await subaccounts.list())], []);
  await refuses(sub.sdk.accounts.get(), unauthorized);
  await refuses(sub.sdk.applications.list(), unauthorized);
}

test('a deleted subaccount leaves everything to the main account unless told otherwise', async () => {
  for (const cascade of [undefined, false]) {
    const partner = await here.partner();
    const owned = await estate(partner);
    const { sdk, uri } = partner;
    assert.equal(await sdk.subaccounts.delete(owned.sub.authId, cascade), true);
    assert.equal(wire.status, 204);
    assert.deepEqual(wire.sent, cascade === undefined ? {} : { cascade: 'false' });

    const application = await sdk.applications.get(owned.appId);
    const applicationUri = `${uri}Application/${owned.appId}/`;
    assert.deepEqual([application.subAccount, application.resourceUri], [null, applicationUri]);
    const endpoint = await sdk.endpoints.get(owned.endpointId);
    assert.deepEqual([endpoint.subAccount, endpoint.application], [null, applicationUri]);
    const [rented, brought] = [await sdk.numbers.get(owned.rented), await sdk.numbers.get(owned.brought)];
    assert.deepEqual([rented.subAccount, rented.application], [null, applicationUri]);
    assert.deepEqual([brought.subAccount, brought.carrier], [null, 'C1']);
    await isGone(partner, owned);
  }
});

test('a subaccount deleted with cascade takes everything with it', async () => {
  const partner = await here.partner();
  const stranger = await here.partner();
  const owned = await estate(partner);
  const { sdk } = partner;
  const main = await partner.opensApplication('main');
  assert.equal(await sdk.subaccounts.delete(owned.sub.authId, true), true);
  assert.deepEqual([wire.status, wire.sent], [204, { cascade: 'true' }]);

  await refuses(sdk.applications.get(owned.appId), notFound);
  await refuses(sdk.endpoints.get(owned.endpointId), notFound);
  await refuses(sdk.numbers.get(owned.rented), notFound);
  await refuses(sdk.numbers.get(owned.brought), notFound);
  assert.equal((await sdk.applications.get(main)).appName, 'main');
  await isGone(partner, owned);

  // What came from the stock is back there; what the customer brought is not.
  assert.equal((await stranger.sdk.numbers.buy(owned.rented)).status, 'fulfilled');
  await refuses(stranger.sdk.numbers.buy(owned.brought), notFound);
});

function everyOperation({ accounts, applications, endpoints, numbers, subaccounts }) {
  return [
    () => accounts.get(),
    () => accounts.update({ name: 'Name' }),
    () => subaccounts.create('Name', true),
    () => subaccounts.get(SUBACCOUNT_ID_UNKNOWN),
    () => subaccounts.list(),
    () => subaccounts.update(SUBACCOUNT_ID_UNKNOWN, 'Name', true),
    () => subaccounts.delete(SUBACCOUNT_ID_UNKNOWN, true),
    () => applications.create('name'),
    () => applications.get(APP_ID_UNKNOWN),
    () => applications.list(),
    () => applications.update(APP_ID_UNKNOWN, { answerUrl: 'https://example.com/a' }),
    () => applications.delete(APP_ID_UNKNOWN),
    () => endpoints.create('phone', 'secret', 'phone'),
    () => endpoints.get(ENDPOINT_ID_UNKNOWN),
    () => endpoints.list(),
    () => endpoints.update(ENDPOINT_ID_UNKNOWN, { alias: 'phone' }),
    () => endpoints.delete(ENDPOINT_ID_UNKNOWN),
    () => numbers.search('GB'),
    () => numbers.buy(NUMBER_UNKNOWN),
    () => numbers.addOwnNumber(NUMBER_UNKNOWN, 'C1', 'London'),
    () => numbers.get(NUMBER_UNKNOWN),
    () => numbers.list(),
    () => numbers.update(NUMBER_UNKNOWN, { alias: 'Name' }),
    () => numbers.unrent(NUMBER_UNKNOWN),
  ];
}

// Of the statuses that the SDK tells apart, the server never sends 406, 409 and 422 on these routes, and 500 only for a
// fault of its own, which no request brings about.

test('a wrong token is unauthorized in every operation', async () => {
  const { authId } = await here.partner();
  for (const call of everyOperation(here.calling(authId, 'wrong'.repeat(8)).sdk)) {
    await refuses(call(), unauthorized);
    assert.match(wire.headers['www-authenticate'], /^Basic realm=/);
  }
});

test("an unknown id, and another account's token, are refused as a wrong token is", async () => {
  const { authId, sdk } = await here.partner();
  const { authId: subId, authToken } = await sdk.subaccounts.create('S1', true);
  for (const id of [`MA${'0'.repeat(18)}`, SUBACCOUNT_ID_UNKNOWN, authId]) {
    await refuses(here.calling(id, authToken).sdk.subaccounts.list(), unauthorized);
  }
  assert.equal((await here.calling(subId, authToken).sdk.accounts.get()).name, 'S1');
});

test('an id that cannot be one is refused with what an id looks like', async () => {
  const { authId } = await here.partner();
  // This SDK sends whatever it is given.
  for (const id of [authId.toLowerCase(), authId.slice(0, -1), 'YOUR_AUTH_ID']) {
    await refuses(here.calling(id, 'wrong'.repeat(8)).sdk.accounts.get(), [401, /^authentication failed: ./]);
  }
});
