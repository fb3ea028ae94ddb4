// The account's own side, and what a primary may do for its subaccount: balance and secrets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opensOwn, tollgate } from './family.js';
import {
  excessSecret,
  invalidSecret,
  lastSecret,
  refused,
  refuses,
  secretsOfUnknownKey,
  secretsUnauthorized,
  suspended,
  unauthorized,
  unknownKey,
  unknownSecret,
  unprovisioned,
} from './refusals.js';

const here = tollgate();

const SECRET = 'Password123';
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

async function secretsOf(caller, apiKey) {
  return (await caller.secrets.listSecrets(apiKey))._embedded.secrets;
}

test("getBalance is what the list shows; a shared balance shows the primary's", async () => {
  const partner = await here.partner();
  await here.operator.pay(partner.apiKey, '10.1713');
  assert.deepEqual(await partner.accounts.getBalance(), { value: 10.1713, autoReload: false });
  assert.equal((await partner.subaccounts.getPrimaryAccount()).balance, 10.1713);

  const shared = await partner.subaccounts.createSubAccount({ name: 'Shared' });
  assert.equal((await here.calling(shared.apiKey, shared.secret).accounts.getBalance()).value, 10.1713);
  const own = await partner.subaccounts.createSubAccount({ name: 'Own', usePrimaryAccountBalance: false });
  await partner.subaccounts.transferBalance({ from: partner.apiKey, to: own.apiKey, amount: 2.5 });
  assert.equal((await here.calling(own.apiKey, own.secret).accounts.getBalance()).value, 2.5);
});

test('an account lists, creates, gets and deletes its own secrets', async () => {
  const partner = await here.partner();
  const { apiKey, secrets } = partner;
  const list = await secrets.listSecrets(apiKey);
  // No `next`: the PHP SDK would follow it page after page.
  assert.deepEqual(list._links, { self: { href: `/accounts/${apiKey}/secrets` } });
  const [first, ...others] = list._embedded.secrets;
  assert.deepEqual(others, []);

  const second = await secrets.createSecret(apiKey, SECRET);
  assert.match(second.id, UUID);
  assert.match(second.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(second, {
    _links: { self: { href: `/accounts/${apiKey}/secrets/${second.id}` } },
    id: second.id,
    created_at: second.created_at,
  });
  assert.deepEqual(await secrets.getSecret(apiKey, second.id), second);
  assert.equal((await secretsOf(partner, apiKey)).length, 2);
  await refuses(secrets.createSecret(apiKey, 'Password456'), excessSecret);

  // Rotated: the new secret works, and the one that `partner` holds is dead at once.
  const rotated = here.calling(apiKey, SECRET);
  await rotated.secrets.deleteSecret(apiKey, first.id);
  await refuses(secrets.listSecrets(apiKey), secretsUnauthorized);
  assert.deepEqual(await secretsOf(rotated, apiKey), [second]);
  await refuses(rotated.secrets.deleteSecret(apiKey, second.id), lastSecret);
  assert.deepEqual(await secretsOf(rotated, apiKey), [second]);
});

test('a primary rotates the secret of its subaccount', async () => {
  const partner = await here.partner();
  const { apiKey, secret } = await partner.subaccounts.createSubAccount({ name: 'End customer 1' });
  const [old] = await secretsOf(partner, apiKey);
  const created = await partner.secrets.createSecret(apiKey, SECRET);
  assert.deepEqual(await partner.secrets.getSecret(apiKey, created.id), created);
  await partner.secrets.deleteSecret(apiKey, old.id);

  await refuses(here.calling(apiKey, secret).secrets.listSecrets(apiKey), secretsUnauthorized);
  assert.deepEqual(await secretsOf(here.calling(apiKey, SECRET), apiKey), [created]);
});

test('a primary rotates the secret of a subaccount that it has suspended', async () => {
  const partner = await here.partner();
  const { apiKey, secret } = await partner.subaccounts.createSubAccount({ name: 'End customer 1' });
  await partner.subaccounts.updateSubAccount(apiKey, { suspended: true });
  await partner.secrets.createSecret(apiKey, SECRET);
  assert.equal((await secretsOf(partner, apiKey)).length, 2);
  await refuses(here.calling(apiKey, secret).secrets.listSecrets(apiKey), suspended);
});

test('a secret that breaks the rules, or that the account already has, is refused', async () => {
  const partner = await here.partner();
  const { apiKey } = await partner.subaccounts.createSubAccount({ name: 'End customer 1', secret: SECRET });
  const tooLong = `Long1${'x'.repeat(21)}`;
  for (const secret of ['Short12', tooLong, 'password123', 'PASSWORD123', 'PasswordOnly', '', SECRET]) {
    await refuses(partner.secrets.createSecret(apiKey, secret), invalidSecret);
  }
  assert.equal((await secretsOf(partner, apiKey)).length, 1);
});

test('secrets of an unknown or foreign account, and unknown secrets, are not found', async () => {
  const partner = await here.partner();
  const stranger = await here.partner();
  const foreign = await opensOwn(stranger, 'Foreign');
  for (const apiKey of ['00000000', foreign, stranger.apiKey]) {
    await refuses(partner.secrets.listSecrets(apiKey), secretsOfUnknownKey(apiKey));
    await refuses(partner.secrets.createSecret(apiKey, SECRET), secretsOfUnknownKey(apiKey));
  }
  const [theirs] = await secretsOf(stranger, stranger.apiKey);
  for (const id of ['00000000-0000-7000-8000-000000000000', theirs.id]) {
    await refuses(partner.secrets.getSecret(partner.apiKey, id), unknownSecret(id));
    await refuses(partner.secrets.deleteSecret(partner.apiKey, id), unknownSecret(id));
  }
  assert.deepEqual(await secretsOf(stranger, stranger.apiKey), [theirs]);
});

test('a subaccount has its own secrets, and nothing of its primary', async () => {
  const partner = await here.partner();
  const { apiKey, secret } = await partner.subaccounts.createSubAccount({ name: 'End customer 1' });
  const sibling = await opensOwn(partner, 'End customer 2');
  const customer = here.calling(apiKey, secret);
  assert.equal((await secretsOf(customer, apiKey)).length, 1);
  for (const other of [partner.apiKey, sibling]) {
    await refuses(customer.secrets.listSecrets(other), secretsOfUnknownKey(other));
  }
  await refuses(customer.subaccounts.listSubAccounts(), unprovisioned(apiKey));
});

test('wrong credentials are unauthorized, on the rest host in its own words', async () => {
  const partner = await here.partner();
  const { apiKey } = partner;
  const caller = here.calling(apiKey, 'Wrong1234');
  const { subaccounts } = caller;
  const startDate = '1970-01-01T00:00:00Z';
  const transfer = { from: apiKey, to: '00000000', amount: 1 };
  for (const call of [
    () => subaccounts.getSubAccountPage(),
    () => subaccounts.listSubAccounts(),
    () => subaccounts.getPrimaryAccount(),
    () => subaccounts.createSubAccount({ name: 'End customer' }),
    () => subaccounts.getSubAccount('00000000'),
    () => subaccounts.updateSubAccount('00000000', { suspended: true }),
    () => subaccounts.listCreditTransfers({ startDate }),
    () => subaccounts.listBalanceTransfers({ startDate }),
    () => subaccounts.transferCredit(transfer),
    () => subaccounts.transferBalance(transfer),
    () => subaccounts.transferNumber({ ...transfer, number: '447700900000', country: 'GB' }),
  ]) {
    await refuses(call(), unauthorized);
  }
  await refuses(caller.secrets.listSecrets(apiKey), secretsUnauthorized);
  assert.deepEqual(await refused(caller.accounts.getBalance()), {
    status: 401,
    body: { 'error-code': '401', 'error-code-label': 'authentication failed' },
  });
});

test("an unknown, a foreign and the primary's own key are no subaccount", async () => {
  const partner = await here.partner();
  const stranger = await here.partner();
  const foreign = await opensOwn(stranger, 'Foreign');
  for (const apiKey of ['00000000', foreign, stranger.apiKey, partner.apiKey]) {
    await refuses(partner.subaccounts.getSubAccount(apiKey), unknownKey(apiKey));
    await refuses(partner.subaccounts.updateSubAccount(apiKey, { suspended: true }), unknownKey(apiKey));
  }
  assert.equal((await stranger.subaccounts.getSubAccount(foreign)).suspended, false);
});
