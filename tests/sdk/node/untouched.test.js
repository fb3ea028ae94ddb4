// The SDKs under test are the vendors', from this room's own node_modules, byte for byte.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Accounts, Secrets } from '@vonage/accounts';
import { Numbers } from '@vonage/numbers';
import { SubAccounts } from '@vonage/subaccounts';
import plivo from 'plivo';

const room = fileURLToPath(new URL('.', import.meta.url));
const read = (name) => JSON.parse(readFileSync(join(room, name), 'utf8'));

test('the SDKs are imported from this room and nowhere else', () => {
  const vonage = ['accounts', 'numbers', 'subaccounts', 'server-client', 'vetch'];
  for (const name of ['plivo', ...vonage.map((it) => `@vonage/${it}`)]) {
    const resolved = fileURLToPath(import.meta.resolve(name));
    assert.ok(resolved.startsWith(join(room, 'node_modules', name) + '/'), resolved);
  }
});

test('what is installed is what the lock names, by its sha512', () => {
  const { packages: locked } = read('package-lock.json');
  const { packages: installed } = read('node_modules/.package-lock.json');
  const { '': root, ...dependencies } = locked;
  assert.deepEqual(root.dependencies, read('package.json').dependencies);
  assert.ok(Object.keys(dependencies).length > Object.keys(root.dependencies).length);
  assert.deepEqual(Object.keys(installed), Object.keys(dependencies));
  for (const [path, { version, integrity, resolved }] of Object.entries(dependencies)) {
    assert.match(integrity, /^sha512-/, path);
    assert.equal(resolved, undefined, `${path} names a registry`);
    assert.deepEqual([installed[path].version, installed[path].integrity], [version, integrity], path);
  }
});

test('nothing patches the SDKs at its installation or at its import', () => {
  const manifest = read('package.json');
  assert.equal(manifest.scripts, undefined);
  assert.equal(manifest.overrides, undefined);
  assert.deepEqual(process.execArgv, []);
  assert.equal(process.env.NODE_OPTIONS, undefined);
});

test("every file of the vendors' packages is the one that was published", () => {
  // The npm client checks an archive as it unpacks it; this sees a file that was changed afterwards.
  const modules = join(room, 'node_modules');
  const names = ['plivo', ...readdirSync(join(modules, '@vonage')).map((name) => `@vonage/${name}`)];
  const digests = Object.fromEntries(names.map((name) => [name, digest(join(modules, name))]));
  assert.deepEqual(digests, read('vendor-digests.json'));
});

/** Over the paths and contents of a folder's files. */
function digest(folder) {
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${relative(folder, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

test("no operation of Vonage's SDK is unknown to this room", () => {
  // An upgrade that brings a new operation stops here until a test covers it.
  assert.deepEqual(operations(SubAccounts), [
    'createSubAccount',
    'getPrimaryAccount',
    'getSubAccount',
    'getSubAccountPage',
    'listBalanceTransfers',
    'listCreditTransfers',
    'listSubAccounts',
    'transferBalance',
    'transferCredit',
    'transferNumber',
    'updateSubAccount',
  ]);
  assert.deepEqual(operations(Secrets), ['createSecret', 'deleteSecret', 'getSecret', 'listSecrets']);
  assert.deepEqual(operations(Accounts), ['getBalance', 'topUpBalance', 'updateAccountCallbacks']);
  assert.deepEqual(operations(Numbers), [
    'buyNumber',
    'cancelNumber',
    'getAvailableNumbers',
    'getOwnedNumbers',
    'updateNumber',
  ]);
});

test("no operation of Plivo's SDK is unknown to this room", () => {
  const client = new plivo.Client('id', 'token');
  const resources = ['accounts', 'applications', 'endpoints', 'numbers', 'subaccounts'];
  const known = Object.fromEntries(resources.map((name) => [name, operations(client[name].constructor)]));
  const life = ['create', 'delete', 'get', 'list', 'update'];
  assert.deepEqual(known, {
    accounts: ['get', 'update'],
    applications: life,
    endpoints: life,
    numbers: ['addOwnNumber', 'buy', 'list', 'search', 'unrent', 'update'],
    // Its `list`, and the numbers' `get`, come from the base.
    subaccounts: ['create', 'delete', 'get', 'update'],
  });
  const own = createRequire(import.meta.resolve('plivo'));
  const { PlivoResourceInterface } = own('./../base.js');
  assert.deepEqual(operations(PlivoResourceInterface), ['create', 'get', 'list']);

  const { Subaccount, Account } = own('./../resources/accounts.js');
  const { NumberResource, PhoneNumber } = own('./../resources/numbers.js');
  assert.deepEqual(operations(Subaccount), ['delete', 'update']);
  assert.deepEqual(operations(Account), ['get', 'update']);
  assert.deepEqual(operations(NumberResource), ['unrent', 'update']);
  assert.deepEqual(operations(PhoneNumber), ['buy']);
});

function operations(api) {
  return Object.getOwnPropertyNames(api.prototype)
    .filter((name) => name !== 'constructor')
    .sort();
}
