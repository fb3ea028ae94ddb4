// Both vendors' SDKs on one account: what the one does, the other sees.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Numbers } from '@vonage/numbers';
import { SubAccounts } from '@vonage/subaccounts';
import { freshNumber } from './operator.js';
import { disabled, refuses, tollgate } from './plivo-family.js';

const here = tollgate('--plivo-rate-limit', '0');

test('a subaccount of one SDK is one of the other', async () => {
  const primary = await here.operator.openPrimary('Partner', '100');
  const plivo = here.calling(primary.auth_id, primary.auth_token);
  const credentials = { apiKey: primary.api_key, apiSecret: primary.secret };
  const vonage = new SubAccounts(credentials, here.vonageHosts());

  const { authId, authToken } = await plivo.sdk.subaccounts.create('By Plivo', true);
  const [seen] = await vonage.listSubAccounts();
  assert.deepEqual(
    [seen.name, seen.suspended, seen.usePrimaryAccountBalance, seen.primaryAccountApiKey],
    ['By Plivo', false, true, primary.api_key],
  );
  await vonage.updateSubAccount(seen.apiKey, { suspended: true });
  assert.equal((await plivo.sdk.subaccounts.get(authId)).enabled, false);
  await refuses(here.calling(authId, authToken).sdk.accounts.get(), disabled);

  await vonage.createSubAccount({ name: 'By Vonage' });
  const listed = await plivo.sdk.subaccounts.list();
  assert.deepEqual(
    listed.map(({ name, enabled }) => [name, enabled]),
    [
      ['By Vonage', true],
      ['By Plivo', false],
    ],
  );
  await plivo.sdk.subaccounts.delete(authId);
  assert.deepEqual(
    (await vonage.listSubAccounts()).map(({ name }) => name),
    ['By Vonage'],
  );
});

test('a number of one SDK is linked by the other to an application of the first', async () => {
  const primary = await here.operator.openPrimary('Partner', '100');
  const plivo = here.calling(primary.auth_id, primary.auth_token);
  const vonage = new Numbers({ apiKey: primary.api_key, apiSecret: primary.secret }, here.vonageHosts());
  const appId = await plivo.opensApplication();
  const msisdn = freshNumber();
  await here.operator.stock('GB', msisdn);
  await plivo.sdk.numbers.buy(msisdn);

  assert.equal((await vonage.updateNumber({ country: 'GB', msisdn, appId })).errorCode, '200');
  assert.equal((await plivo.sdk.numbers.get(msisdn)).application, `${plivo.uri}Application/${appId}/`);
  const { count, numbers } = await vonage.getOwnedNumbers({ applicationId: appId });
  assert.deepEqual([count, numbers[0].msisdn], [1, msisdn]);
});
