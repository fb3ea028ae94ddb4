// List, create, get, update.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { books, opensOwn, tollgate } from './family.js';
import { BAD_NAME, BAD_SECRET, invalid, NOT_BACK_TO_SHARED, refuses, suspended } from './refusals.js';

const here = tollgate();

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function assertSubaccount(account, expected) {
  const { apiKey, createdAt, links, ...rest } = account;
  assert.match(apiKey, /^[0-9a-f]{8}$/);
  assert.match(createdAt, MOMENT);
  assert.deepEqual(rest, expected);
}

test('a new primary lists itself and no subaccount', async () => {
  const partner = await here.partner();
  assert.deepEqual(await partner.subaccounts.listSubAccounts(), []);

  const page = await partner.subaccounts.getSubAccountPage();
  assert.deepEqual(page._links, { self: { href: `/accounts/${partner.apiKey}/subaccounts` } });
  assert.deepEqual([page.total_balance, page.total_credit_limit], [0, -100]);
  assert.deepEqual(page._embedded.subaccounts, []);
  assert.equal(page._embedded.primary_account.api_key, partner.apiKey);

  const primary = await partner.subaccounts.getPrimaryAccount();
  assert.match(primary.createdAt, MOMENT);
  assert.deepEqual(primary, {
    apiKey: partner.apiKey,
    name: 'Partner',
    primaryAccountApiKey: partner.apiKey,
    usePrimaryAccountBalance: true,
    balance: 0,
    creditLimit: -100,
    suspended: false,
    createdAt: primary.createdAt,
  });
});

test('a subaccount is created with a shared balance unless asked otherwise', async () => {
  const partner = await here.partner();
  const { secret, ...created } = await partner.subaccounts.createSubAccount({ name: 'End customer 1' });
  assert.equal(typeof secret, 'string');
  assertSubaccount(created, {
    name: 'End customer 1',
    primaryAccountApiKey: partner.apiKey,
    usePrimaryAccountBalance: true,
    balance: null,
    creditLimit: null,
    suspended: false,
  });
});

test('a subaccount is created with a chosen secret and an own balance', async () => {
  const partner = await here.partner();
  const created = await partner.subaccounts.createSubAccount({
    name: 'End customer 1',
    // A space and punctuation are allowed.
    secret: 'The new secret1!',
    usePrimaryAccountBalance: false,
  });
  assertSubaccount(created, {
    name: 'End customer 1',
    secret: 'The new secret1!',
    primaryAccountApiKey: partner.apiKey,
    usePrimaryAccountBalance: false,
    balance: 0,
    creditLimit: 0,
    suspended: false,
  });
  const customer = here.calling(created.apiKey, 'The new secret1!');
  assert.equal((await customer.accounts.getBalance()).value, 0);
});

test('a generated secret is answered once and works', async () => {
  const partner = await here.partner();
  const { secret, ...created } = await partner.subaccounts.createSubAccount({ name: 'End customer 1' });
  assert.equal((await here.calling(created.apiKey, secret).accounts.getBalance()).value, 0);
  const { links, ...found } = await partner.subaccounts.getSubAccount(created.apiKey);
  assert.deepEqual(found, created);
  assert.deepEqual(await partner.subaccounts.listSubAccounts(), [created]);
});

test('the list is in the order of creation', async () => {
  const partner = await here.partner();
  const names = ['€'.repeat(80), 'Zoë & Søn', ' padded '];
  for (const name of names) await partner.subaccounts.createSubAccount({ name });
  assert.deepEqual(
    (await partner.subaccounts.listSubAccounts()).map(({ name }) => name),
    names,
  );
});

test('a name or a secret that the rules do not allow is refused, each by its name', async () => {
  const partner = await here.partner();
  const create = (parameters) => partner.subaccounts.createSubAccount(parameters);
  for (const name of ['', '   ', 'x'.repeat(81), undefined, 7]) {
    await refuses(create({ name }), invalid({ name: BAD_NAME }));
  }
  // 7 and 26 characters; then without an upper-case letter, a lower-case letter, a digit.
  for (const secret of ['Short12', `Long1${'x'.repeat(21)}`, 'password123', 'PASSWORD123', 'PasswordOnly']) {
    await refuses(create({ name: 'End customer', secret }), invalid({ secret: BAD_SECRET }));
  }
  await refuses(create({ name: '', secret: 'short' }), invalid({ name: BAD_NAME, secret: BAD_SECRET }));
  assert.deepEqual(await partner.subaccounts.listSubAccounts(), []);

  // The shortest and the longest that are allowed.
  for (const secret of ['Short123', `Long1${'x'.repeat(20)}`]) {
    assert.equal((await create({ name: 'End customer', secret })).secret, secret);
  }
});

test('a subaccount is renamed, and an empty update changes nothing', async () => {
  const partner = await here.partner();
  const { secret, ...created } = await partner.subaccounts.createSubAccount({ name: 'End customer 1' });
  const { links: _, ...unchanged } = await partner.subaccounts.updateSubAccount(created.apiKey, {});
  assert.deepEqual(unchanged, created);
  const { links: __, ...renamed } = await partner.subaccounts.updateSubAccount(created.apiKey, {
    name: 'Renamed',
  });
  assert.deepEqual(renamed, { ...created, name: 'Renamed' });
});

test('a suspended subaccount cannot call until it is reactivated', async () => {
  const partner = await here.partner();
  const { apiKey, secret } = await partner.subaccounts.createSubAccount({ name: 'End customer 1' });
  const customer = here.calling(apiKey, secret);

  assert.equal((await partner.subaccounts.updateSubAccount(apiKey, { suspended: true })).suspended, true);
  await refuses(customer.secrets.listSecrets(apiKey), suspended);
  assert.deepEqual(await here.operator.refusedCharge(apiKey, '1'), [403, 'suspended']);
  assert.equal((await partner.subaccounts.getSubAccount(apiKey)).suspended, true);

  assert.equal((await partner.subaccounts.updateSubAccount(apiKey, { suspended: false })).suspended, false);
  assert.equal((await customer.secrets.listSecrets(apiKey))._embedded.secrets.length, 1);
  await here.operator.charge(apiKey, '1');
});

test('shared becomes own at zero, and own never becomes shared again', async () => {
  const partner = await here.partner();
  const { apiKey } = await partner.subaccounts.createSubAccount({ name: 'S1' });
  await here.operator.charge(apiKey, '20');
  // The SDK's types lack this member; its code sends it.
  const changed = await partner.subaccounts.updateSubAccount(apiKey, { usePrimaryAccountBalance: false });
  assert.equal(changed.usePrimaryAccountBalance, false);
  assert.deepEqual(await books(partner), { Partner: '-20/-100', S1: '0/0', total: '-20/-100' });

  await refuses(
    partner.subaccounts.updateSubAccount(apiKey, { usePrimaryAccountBalance: true, name: 'Renamed' }),
    invalid({ use_primary_account_balance: NOT_BACK_TO_SHARED }),
  );
  assert.deepEqual(await books(partner), { Partner: '-20/-100', S1: '0/0', total: '-20/-100' });
});

test('what is no boolean is refused by its name', async () => {
  const partner = await here.partner();
  const apiKey = await opensOwn(partner, 'S1');
  const reason = "Should be either 'true' or 'false'";
  const { subaccounts } = partner;
  await refuses(subaccounts.updateSubAccount(apiKey, { suspended: 'yes' }), invalid({ suspended: reason }));
  await refuses(
    subaccounts.createSubAccount({ name: 'S2', usePrimaryAccountBalance: 'no' }),
    invalid({ use_primary_account_balance: reason }),
  );
  assert.equal((await subaccounts.getSubAccount(apiKey)).suspended, false);
});
