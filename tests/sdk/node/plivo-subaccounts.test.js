// Subaccounts and the account: create, get, list, update, and what enabled means.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  disabled,
  methodNotAllowed,
  notFound,
  refuses,
  SUBACCOUNT_ID_UNKNOWN,
  tollgate,
  walk,
  wire,
} from './plivo-family.js';

const here = tollgate('--plivo-rate-limit', '0');

const today = () => new Date().toISOString().slice(0, 10);

test('create says id and token and nothing else; get shows the whole subaccount', async () => {
  const { sdk, uri } = await here.partner();
  const before = today();
  const created = await sdk.subaccounts.create('Wayne Enterprises', true);
  assert.equal(wire.status, 201);
  assert.match(created.authId, /^SA[A-Z0-9]{18}$/);
  assert.match(created.authToken, /^[A-Za-z0-9]{40}$/);
  assert.deepEqual(wire.body, { auth_id: created.authId, auth_token: created.authToken, message: 'created' });
  assert.deepEqual({ ...created }, { apiId: wire.apiId, ...created, message: 'created' });

  const got = await sdk.subAccounts.get(created.authId);
  assert.equal(wire.status, 200);
  assert.deepEqual(wire.body, {
    account: uri,
    auth_id: created.authId,
    auth_token: created.authToken,
    created: got.created,
    enabled: true,
    modified: null,
    name: 'Wayne Enterprises',
    new_auth_token: created.authToken,
    resource_uri: `${uri}Subaccount/${created.authId}/`,
  });
  assert.ok([before, today()].includes(got.created));
  assert.deepEqual(
    [got.authId, got.authToken, got.enabled, got.modified, got.name],
    [created.authId, created.authToken, true, null, 'Wayne Enterprises'],
  );
});

test('a subaccount is disabled unless told otherwise', async () => {
  const { sdk } = await here.partner();
  const { authId, authToken } = await sdk.subaccounts.create('Robin');
  assert.deepEqual(wire.sent, { name: 'Robin' });
  assert.equal((await sdk.subaccounts.get(authId)).enabled, false);
  await refuses(here.calling(authId, authToken).sdk.accounts.get(), disabled);
});

test('enabled is set both ways by create and by update; the SDK sends it as a string', async () => {
  const { sdk } = await here.partner();
  for (const enabled of [true, false]) {
    const { authId } = await sdk.subaccounts.create('S1', enabled);
    assert.deepEqual(wire.sent, { name: 'S1', enabled: `${enabled}` });
    assert.equal((await sdk.subaccounts.get(authId)).enabled, enabled);
    for (const value of [!enabled, enabled, enabled]) {
      const answer = await sdk.subaccounts.update(authId, 'S1', value);
      assert.deepEqual(wire.sent, { name: 'S1', enabled: `${value}` });
      assert.deepEqual([wire.status, wire.body], [202, { message: 'changed' }]);
      assert.deepEqual({ ...answer }, { apiId: wire.apiId, message: 'changed' });
      assert.equal((await sdk.subaccounts.get(authId)).enabled, value);
    }
  }
});

test('a rename leaves enabled as it was', async () => {
  const { sdk } = await here.partner();
  for (const enabled of [true, false]) {
    const { authId } = await sdk.subaccounts.create('Before', enabled);
    const before = today();
    await sdk.subaccounts.update(authId, 'After');
    assert.deepEqual(wire.sent, { name: 'After' });
    const renamed = await sdk.subaccounts.get(authId);
    assert.deepEqual([renamed.name, renamed.enabled], ['After', enabled]);
    assert.ok([before, today()].includes(renamed.modified));
  }
});

test('a name comes back as it was sent', async () => {
  const { sdk } = await here.partner();
  for (const name of ['Zoë & Søn 株式会社 🦇', 'x'.repeat(255), ' leading and trailing ', 'a\nb']) {
    const { authId } = await sdk.subaccounts.create(name, true);
    assert.equal((await sdk.subaccounts.get(authId)).name, name);
  }
});

test('a name that cannot be is refused', async () => {
  const { sdk } = await here.partner();
  const { authId } = await sdk.subaccounts.create('Kept', true);
  for (const [name, text] of [
    [' \t\n', 'name is a required parameter'],
    ['x'.repeat(256), 'name must not exceed 255 characters'],
  ]) {
    await refuses(sdk.subaccounts.create(name), [400, text]);
    await refuses(sdk.subaccounts.update(authId, name), [400, text]);
  }
  // This SDK looks at the type of a name in an update alone.
  await refuses(sdk.subaccounts.create(17), [400, 'name must be a string']);
  assert.equal((await sdk.subaccounts.get(authId)).name, 'Kept');
});

test('what a list gave updates and deletes itself', async () => {
  const { sdk } = await here.partner();
  await sdk.subaccounts.create('S1', true);
  const [listed] = await sdk.subaccounts.list();
  assert.equal((await listed.update('S1 renamed', false)).message, 'changed');
  const got = await sdk.subaccounts.get(listed.id);
  assert.deepEqual([got.name, got.enabled], ['S1 renamed', false]);
  assert.equal(await listed.delete(), true);
  assert.equal(wire.status, 204);
  assert.deepEqual([...(await sdk.subaccounts.list())], []);
});

test('forty-five of them have three pages, newest first', async () => {
  const { sdk, uri } = await here.partner();
  for (let n = 0; n < 45; n += 1) await sdk.subaccounts.create(`S${n}`, n % 2 === 0);
  const newestFirst = Array.from({ length: 45 }, (_, n) => `S${44 - n}`);

  assert.deepEqual(await walk((page) => sdk.subaccounts.list(page), 'name'), newestFirst);
  for (const limit of [20, 7]) {
    const walked = [];
    for (let offset = 0; offset < 45 + 2 * limit; offset += limit) {
      const page = await sdk.subaccounts.list({ limit, offset });
      walked.push(...page.map(({ name }) => name));
      assert.deepEqual(wire.body.meta, {
        limit,
        next: offset + limit < 45 ? `${uri}Subaccount/?limit=${limit}&offset=${offset + limit}` : null,
        offset,
        previous: offset ? `${uri}Subaccount/?limit=${limit}&offset=${Math.max(0, offset - limit)}` : null,
        total_count: 45,
      });
      assert.equal(page.meta.totalCount, 45);
    }
    assert.deepEqual(walked, newestFirst);
  }

  const first = await sdk.subaccounts.list();
  assert.deepEqual(
    first.map(({ name, enabled }) => [name, enabled]),
    newestFirst.slice(0, 20).map((name) => [name, Number(name.slice(1)) % 2 === 0]),
  );
  assert.ok(wire.body.objects.every((it) => !('api_id' in it)));
  // `undefined` is sent as an empty value.
  assert.equal((await sdk.subaccounts.list({ limit: undefined, offset: 40 })).length, 5);
});

test('a listed subaccount is what get shows', async () => {
  const { sdk } = await here.partner();
  const { authId } = await sdk.subaccounts.create('S1', true);
  await sdk.subaccounts.list();
  const { objects } = wire.body;
  await sdk.subaccounts.get(authId);
  assert.deepEqual(objects, [wire.body]);
});

test('a page that cannot be is refused', async () => {
  const { sdk } = await here.partner();
  const lists = [
    (page) => sdk.subaccounts.list(page),
    (page) => sdk.applications.list(page),
    (page) => sdk.endpoints.list(page),
    (page) => sdk.numbers.list(page),
    (page) => sdk.numbers.search('GB', page),
  ];
  for (const list of lists) {
    for (const limit of [21, 0, -1, 'ten', 2.5]) {
      await refuses(list({ limit }), [400, 'limit must be an integer from 1 to 20']);
    }
    for (const offset of [-1, 'ten']) {
      await refuses(list({ offset }), [400, 'offset must be a non-negative integer']);
    }
  }
});

test('a disabled subaccount is refused until it is enabled again', async () => {
  const partner = await here.partner();
  const sub = await here.subOf(partner, 'S1');
  const appId = await sub.opensApplication();
  await partner.sdk.subaccounts.update(sub.authId, 'S1', false);
  await refuses(sub.sdk.accounts.get(), disabled);
  await refuses(sub.sdk.applications.list(), disabled);
  await refuses(sub.sdk.endpoints.create('phone', 'secret', 'phone'), disabled);
  assert.equal((await partner.sdk.applications.get(appId)).appName, 'app');

  await partner.sdk.subaccounts.update(sub.authId, 'S1', true);
  assert.equal((await sub.sdk.applications.get(appId)).appName, 'app');
});

test('a subaccount of nobody or of somebody else is not found', async () => {
  const { sdk } = await here.partner();
  const stranger = await here.partner();
  const { authId: theirs } = await stranger.sdk.subaccounts.create('Theirs', true);
  for (const authId of [SUBACCOUNT_ID_UNKNOWN, 'sa-no-id', theirs]) {
    await refuses(sdk.subaccounts.get(authId), notFound);
    await refuses(sdk.subaccounts.update(authId, 'Mine', true), notFound);
    await refuses(sdk.subaccounts.delete(authId, true), notFound);
  }
  assert.equal((await stranger.sdk.subaccounts.get(theirs)).name, 'Theirs');
});

test('a subaccount has no subaccounts', async () => {
  const partner = await here.partner();
  const { sdk, authId } = await here.subOf(partner, 'S1');
  await refuses(sdk.subaccounts.create('Nested', true), notFound);
  await refuses(sdk.subaccounts.list(), notFound);
  await refuses(sdk.subaccounts.get(authId), notFound);
  await refuses(sdk.subaccounts.delete(authId), notFound);
});

test('the account shows itself and its balance, and changes what is given', async () => {
  const { sdk, authId, uri } = await here.partner();
  const shown = {
    account_type: 'standard',
    address: '',
    auth_id: authId,
    auto_recharge: false,
    billing_mode: 'postpaid',
    cash_credits: '10.12345',
    city: '',
    name: 'Partner',
    resource_uri: uri,
    state: '',
    timezone: 'UTC',
  };
  await here.operator.pay(authId, '10.123459');
  const got = await sdk.accounts.get();
  assert.deepEqual(wire.body, shown);
  assert.deepEqual(
    [got.accountType, got.autoRecharge, got.billingMode, got.cashCredits, got.name, got.timezone],
    ['standard', false, 'postpaid', '10.12345', 'Partner', 'UTC'],
  );

  const answer = await sdk.accounts.update({ name: 'Lucius Fox', address: '1 Wayne Tower' });
  assert.deepEqual([wire.status, answer.message], [202, 'changed']);
  await sdk.accounts.update({ city: 'Gotham' });
  await sdk.accounts.get();
  assert.deepEqual(wire.body, { ...shown, name: 'Lucius Fox', address: '1 Wayne Tower', city: 'Gotham' });

  const nothing = [400, 'one of name, city, address and state is required'];
  await refuses(sdk.accounts.update({}), nothing);
  await refuses(sdk.accounts.update({ name: ' ' }), [400, 'name must not be blank']);
});

test('a subaccount sees itself and does not update itself', async () => {
  const partner = await here.partner();
  await here.operator.pay(partner.authId, '50');
  const { sdk, authId, uri } = await here.subOf(partner, 'S1');
  const got = await sdk.accounts.get();
  assert.deepEqual(
    [wire.body.auth_id, got.resourceUri, got.name, got.cashCredits],
    [authId, uri, 'S1', '0.00000'],
  );
  await refuses(sdk.accounts.update({ name: 'Main' }), methodNotAllowed);
  assert.equal(wire.headers.allow, 'GET');
});
