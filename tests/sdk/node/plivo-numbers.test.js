// Numbers: searched and rented, owned, brought along, moved and given back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshNumber } from './operator.js';
import { notFound, NUMBER_UNKNOWN, refuses, SUBACCOUNT_ID_UNKNOWN, tollgate, wire } from './plivo-family.js';

const here = tollgate('--plivo-rate-limit', '0');

/** A number that the caller took from the stock. */
async function rents(caller, terms) {
  const number = freshNumber();
  await here.operator.stock('GB', number, terms);
  await caller.sdk.numbers.buy(number);
  return number;
}

const numbers = (page) => page.map(({ number }) => number).sort();

async function numbersOf(caller, params) {
  return numbers(await caller.sdk.numbers.list(params));
}

// Searches look at the whole stock: each test that searches has a country of its own.

test('a number is searched, bought at its cost, and given back', async () => {
  const partner = await here.partner();
  const { sdk, uri } = partner;
  await here.operator.stock('CH', '41790000001', { type: 'local', cost: '2.5', features: ['SMS'] });
  await here.operator.pay(partner.authId, '10');

  const [offer] = await sdk.numbers.search('CH');
  assert.equal(wire.body.meta.total_count, 1);
  assert.deepEqual(
    [
      offer.number,
      offer.type,
      offer.setupRate,
      offer.monthlyRentalRate,
      offer.smsEnabled,
      offer.voiceEnabled,
    ],
    ['41790000001', 'local', '2.50000', '0.00000', true, false],
  );
  assert.equal(offer.resourceUri, `${uri}PhoneNumber/41790000001/`);

  const bought = await sdk.numbers.buy('41790000001');
  assert.deepEqual(wire.body, {
    message: 'created',
    numbers: [{ number: '41790000001', status: 'Success' }],
    status: 'fulfilled',
  });
  assert.deepEqual([bought.statusCode, bought.status, bought.message], [201, 'fulfilled', 'created']);
  assert.deepEqual([await partner.cash(), await numbersOf(partner)], ['7.50000', ['41790000001']]);
  assert.equal((await sdk.numbers.search('CH')).length, 0);

  assert.equal(await sdk.numbers.unrent('41790000001'), true);
  assert.equal(wire.status, 204);
  // It is for rent again, and what it cost is gone.
  assert.deepEqual([await partner.cash(), await numbersOf(partner)], ['7.50000', []]);
  assert.equal((await sdk.numbers.search('CH')).length, 1);
  await refuses(sdk.numbers.unrent('41790000001'), notFound);
});

test('what a search gave is bought by its own method', async () => {
  const partner = await here.partner();
  const appId = await partner.opensApplication();
  await here.operator.stock('DK', '4512345678');
  const [offer] = await partner.sdk.numbers.search('DK');
  assert.equal((await offer.buy(offer.number, appId)).status, 'fulfilled');
  const { application } = await partner.sdk.numbers.get('4512345678');
  assert.equal(application, `${partner.uri}Application/${appId}/`);
});

test('search is narrowed by type, services and pattern, and has pages', async () => {
  const { sdk } = await here.partner();
  const [mobile, local, tollfree] = ['46700000001', '46800000002', '46200000003'];
  await here.operator.stock('SE', mobile, { type: 'mobile', features: ['SMS'] });
  await here.operator.stock('SE', local, { type: 'local', features: ['VOICE'] });
  await here.operator.stock('SE', tollfree, { type: 'tollfree', features: ['SMS', 'VOICE', 'MMS'] });
  for (const [params, expected] of [
    [{}, [tollfree, mobile, local]],
    [{ type: 'any' }, [tollfree, mobile, local]],
    [{ type: 'tollfree' }, [tollfree]],
    [{ services: 'voice' }, [tollfree, local]],
    [{ services: 'sms,voice' }, [tollfree]],
    // A pattern is what follows the country's code.
    [{ pattern: '70' }, [mobile]],
    [{ pattern: '99' }, []],
  ]) {
    assert.deepEqual(numbers(await sdk.numbers.search('SE', params)), expected, JSON.stringify(params));
  }
  const pages = [];
  for (const offset of [0, 2, 4]) pages.push(await sdk.numbers.search('SE', { limit: 2, offset }));
  assert.deepEqual(
    pages.map(({ length }) => length),
    [2, 1, 0],
  );
  assert.deepEqual(numbers(pages.flat()), [tollfree, mobile, local]);
});

test('get shows the whole number, and the list the same', async () => {
  const partner = await here.partner();
  const appId = await partner.opensApplication();
  const number = freshNumber('1415');
  await here.operator.stock('US', number, { type: 'local', features: ['SMS', 'VOICE', 'MMS'] });
  await partner.sdk.numbers.buy(number, appId);
  const got = await partner.sdk.numbers.get(number);
  const shown = wire.body;
  assert.deepEqual(shown, {
    active: true,
    added_on: got.addedOn,
    alias: null,
    application: `${partner.uri}Application/${appId}/`,
    carrier: 'Plivo',
    city: null,
    cnam_lookup: null,
    compliance_application_id: null,
    compliance_status: null,
    country: 'US',
    mms_enabled: true,
    mms_rate: '0.00000',
    monthly_rental_rate: '0.00000',
    number,
    number_type: 'local',
    region: got.region,
    renewal_date: null,
    resource_uri: `${partner.uri}Number/${number}/`,
    sms_enabled: true,
    sms_rate: '0.00000',
    sub_account: null,
    sub_account_name: null,
    tendlc_campaign_id: null,
    tendlc_registration_status: got.tendlcRegistrationStatus,
    toll_free_sms_verification: null,
    toll_free_sms_verification_id: null,
    toll_free_sms_verification_order_status: null,
    type: 'local',
    verification_info: [],
    voice_enabled: true,
    voice_rate: '0.00000',
  });
  await partner.sdk.numbers.list();
  assert.deepEqual(wire.body.objects, [shown]);
});

test('what one cannot pay for, or is not for rent, is not bought', async () => {
  const partner = await here.partner('1');
  const stranger = await here.partner();
  const dear = freshNumber();
  await here.operator.stock('GB', dear, { cost: '1.01' });
  await refuses(partner.sdk.numbers.buy(dear), [400, /1\.01/]);
  for (const number of [NUMBER_UNKNOWN, 'no-number', await rents(stranger), await rents(partner)]) {
    await refuses(partner.sdk.numbers.buy(number), notFound);
  }
  assert.equal(await partner.cash(), '0.00000');
});

test('an own number is added, and gone when given up', async () => {
  const partner = await here.partner();
  const { sdk } = partner;
  const { authId: subaccount } = await sdk.subaccounts.create('S1', true);
  const [first, second, third] = [freshNumber('1510'), freshNumber('1510'), freshNumber('1510')];
  const answer = await sdk.numbers.addOwnNumber(`${first},${second}`, 'C1', 'Oakland', {
    numberType: 'local',
  });
  assert.deepEqual([wire.status, wire.body, answer.message], [202, { message: 'changed' }, 'changed']);
  for (const number of [first, second]) {
    const got = await sdk.numbers.get(number);
    assert.deepEqual([got.carrier, got.region, got.numberType], ['C1', 'Oakland', 'local']);
  }
  await sdk.numbers.addOwnNumber(third, 'C1', 'Oakland', { subaccount });
  assert.equal((await sdk.numbers.get(third)).subAccount, subaccount);
  await refuses(sdk.numbers.addOwnNumber(first, 'C1', 'Oakland'), [400, /^numbers /]);

  assert.equal(await sdk.numbers.unrent(first), true);
  await refuses(sdk.numbers.get(first), notFound);
  await refuses(sdk.numbers.buy(first), notFound);
});

test('an update changes what is given and leaves the rest', async () => {
  const partner = await here.partner();
  const { sdk, uri } = partner;
  const [number, appId] = [await rents(partner), await partner.opensApplication()];
  const answer = await sdk.numbers.update(number, { alias: 'Front desk' });
  assert.deepEqual([wire.status, wire.body, answer.message], [202, { message: 'changed' }, 'changed']);
  for (const unlinked of [null, '']) {
    await sdk.numbers.update(number, { appId });
    assert.equal((await sdk.numbers.get(number)).application, `${uri}Application/${appId}/`);
    await sdk.numbers.update(number, { appId: unlinked });
    const got = await sdk.numbers.get(number);
    assert.deepEqual([got.alias, got.application], ['Front desk', null], JSON.stringify(unlinked));
  }
});

test('what a list gave updates and gives up the number that it is told', async () => {
  const partner = await here.partner();
  const number = await rents(partner);
  const [listed] = await partner.sdk.numbers.list();
  assert.equal((await listed.update(listed.number, { alias: 'Front desk' })).message, 'changed');
  assert.equal((await partner.sdk.numbers.get(number)).alias, 'Front desk');
  assert.equal(await listed.unrent(listed.number), true);
  assert.deepEqual(await numbersOf(partner), []);
});

test('a number goes to a subaccount and back', async () => {
  const partner = await here.partner();
  const { sdk } = partner;
  const sub = await here.subOf(partner, 'Marketing');
  const number = await rents(partner);
  assert.deepEqual(await numbersOf(sub), []);

  await sdk.numbers.update(number, { subAccount: sub.authId });
  assert.deepEqual(wire.sent, { subaccount: sub.authId });
  const got = await sdk.numbers.get(number);
  assert.deepEqual([got.subAccount, got.subAccountName], [sub.authId, 'Marketing']);
  assert.deepEqual(await numbersOf(partner, { subAccount: sub.authId }), [number]);
  assert.deepEqual(await numbersOf(sub), [number]);
  assert.equal((await sub.sdk.numbers.get(number)).resourceUri, `${sub.uri}Number/${number}/`);

  // The SDK renames an empty `subAccount` to `sub_account`, which is as good.
  for (const back of [{ subaccount: '' }, { subAccount: '' }]) {
    await sdk.numbers.update(number, { subAccount: sub.authId });
    await sdk.numbers.update(number, back);
    assert.equal((await sdk.numbers.get(number)).subAccount, null, JSON.stringify(back));
  }
  assert.deepEqual(await numbersOf(sub), []);
});

test('a number neither leaves the family nor meets a disabled subaccount', async () => {
  const partner = await here.partner();
  const stranger = await here.partner();
  const { sdk } = partner;
  const { authId: sub } = await sdk.subaccounts.create('S1', true);
  const { authId: theirs } = await stranger.sdk.subaccounts.create('Theirs', true);
  const [taken, given] = [await rents(partner), await rents(partner)];
  for (const subAccount of [SUBACCOUNT_ID_UNKNOWN, theirs, stranger.authId]) {
    await refuses(sdk.numbers.update(taken, { subAccount }), [400, /subaccount/]);
  }
  await sdk.numbers.update(given, { subAccount: sub });
  await sdk.subaccounts.update(sub, 'S1', false);
  await refuses(sdk.numbers.update(taken, { subAccount: sub }), [400, /disabled|suspended/]);
  await refuses(sdk.numbers.update(given, { subaccount: '' }), [400, /disabled|suspended/]);
  assert.equal((await sdk.numbers.get(given)).subAccount, sub);
});

test('a list is filtered', async () => {
  const partner = await here.partner();
  const { sdk } = partner;
  const [mobile, local] = [freshNumber('447701'), freshNumber('442071')];
  await here.operator.stock('GB', mobile, { type: 'mobile', features: ['SMS'] });
  await here.operator.stock('GB', local, { type: 'local', features: ['SMS', 'VOICE'] });
  for (const number of [mobile, local]) await sdk.numbers.buy(number);
  await sdk.numbers.update(mobile, { alias: 'Reception' });
  for (const [params, expected] of [
    [{ type: 'local' }, [local]],
    [{ numberStartswith: '447701' }, [mobile]],
    [{ alias: 'Reception' }, [mobile]],
    [{ alias: 'Nobody' }, []],
    [{ services: 'voice' }, [local]],
    [{ services: 'sms' }, [local, mobile]],
  ]) {
    assert.deepEqual(await numbersOf(partner, params), expected, JSON.stringify(params));
  }
});

test('a subaccount neither rents nor searches nor moves', async () => {
  const partner = await here.partner();
  const sub = await here.subOf(partner, 'S1');
  const [number, inStock] = [await rents(partner), freshNumber()];
  await here.operator.stock('GB', inStock);
  await partner.sdk.numbers.update(number, { subAccount: sub.authId });
  await refuses(sub.sdk.numbers.search('GB'), notFound);
  await refuses(sub.sdk.numbers.buy(inStock), notFound);
  await refuses(sub.sdk.numbers.update(number, { subaccount: '' }), [400, /subaccount/]);

  const appId = await sub.opensApplication();
  await sub.sdk.numbers.update(number, { alias: 'Mine', appId });
  const seen = await partner.sdk.numbers.get(number);
  assert.deepEqual([seen.alias, seen.application], ['Mine', `${partner.uri}Application/${appId}/`]);
});

test('a number of nobody or of somebody else is not found', async () => {
  const { sdk } = await here.partner();
  const stranger = await here.partner();
  const theirs = await rents(stranger);
  for (const number of [NUMBER_UNKNOWN, theirs]) {
    await refuses(sdk.numbers.get(number), notFound);
    await refuses(sdk.numbers.update(number, { alias: 'Mine' }), notFound);
    await refuses(sdk.numbers.unrent(number), notFound);
  }
  assert.deepEqual(await numbersOf(stranger), [theirs]);
});
