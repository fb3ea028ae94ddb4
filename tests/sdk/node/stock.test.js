// Numbers of the stock and of one's own: search, buy, list, update, cancel.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tollgate } from './family.js';
import { freshNumber } from './operator.js';
import { refused } from './refusals.js';

const here = tollgate();

const NUMBER_UNKNOWN = '447700800000';
const success = { errorCode: '200', errorCodeLabel: 'success' };
const authenticationFailed = {
  status: 401,
  body: { 'error-code': '401', 'error-code-label': 'authentication failed' },
};

async function stocked(terms, prefix, country = 'GB') {
  const msisdn = freshNumber(prefix);
  await here.operator.stock(country, msisdn, terms);
  return { country, msisdn };
}

async function owned({ numbers }, filter) {
  const page = await numbers.getOwnedNumbers(filter);
  assert.equal(page.count, page.numbers.length);
  return page.numbers.map(({ msisdn }) => msisdn).sort();
}

/** The label of a refusal by 420. */
async function failed(promise) {
  const { status, body } = await refused(promise);
  assert.deepEqual([status, Object.keys(body).sort()], [420, ['error-code', 'error-code-label']]);
  assert.equal(body['error-code'], '420');
  assert.match(body['error-code-label'], /^method failed/);
  return body['error-code-label'];
}

test('a number is searched, bought, listed and cancelled', async () => {
  const partner = await here.partner();
  const { numbers } = partner;
  assert.deepEqual(await numbers.getOwnedNumbers(), { count: 0, numbers: [] });
  const types = {
    mobile: 'mobile-lvn',
    local: 'landline',
    national: 'landline',
    tollfree: 'landline-toll-free',
    shortcode: 'mobile-shortcode',
  };
  for (const [stockType, type] of Object.entries(types)) {
    const number = await stocked({ type: stockType, features: ['SMS', 'VOICE'], cost: '1.25' });
    const search = { country: 'GB', pattern: number.msisdn, searchPattern: 0 };
    const { count, numbers: offers } = await numbers.getAvailableNumbers(search);
    assert.equal(count, 1);
    assert.deepEqual(
      { ...offers[0], features: offers[0].features.sort() },
      {
        ...number,
        type,
        features: ['SMS', 'VOICE'],
        cost: '1.25',
      },
    );

    assert.deepEqual(await numbers.buyNumber(number), success);
    const { numbers: mine } = await numbers.getOwnedNumbers();
    assert.deepEqual([mine[0].msisdn, mine[0].type, mine[0].country], [number.msisdn, type, 'GB']);
    assert.equal((await numbers.getAvailableNumbers(search)).count, 0);

    assert.deepEqual(await numbers.cancelNumber(number), success);
    assert.deepEqual(await owned(partner), []);
    assert.equal((await numbers.getAvailableNumbers(search)).count, 1);
  }
  // What they cost is gone.
  assert.equal((await partner.accounts.getBalance()).value, -5 * 1.25);
});

test('search is narrowed by type, features and pattern', async () => {
  const { numbers } = await here.partner();
  const { msisdn: sms } = await stocked({ type: 'mobile', features: ['SMS'] }, '46701', 'SE');
  const { msisdn: voice } = await stocked({ type: 'local', features: ['VOICE'] }, '46801', 'SE');
  const terms = { type: 'tollfree', features: ['SMS', 'VOICE', 'MMS'] };
  const { msisdn: all } = await stocked(terms, '46201', 'SE');
  for (const [filter, expected] of [
    [{}, [all, sms, voice]],
    [{ type: 'landline' }, [voice]],
    [{ features: ['SMS'] }, [all, sms]],
    [{ features: ['VOICE', 'SMS'] }, [all]],
    [{ features: ['SMS', 'MMS', 'VOICE'] }, [all]],
    [{ startsWith: '46701' }, [sms]],
    [{ contains: '6801' }, [voice]],
    [{ endsWith: all.slice(-6) }, [all]],
    [{ startsWith: '6701' }, []],
  ]) {
    const page = await numbers.getAvailableNumbers({ country: 'SE', ...filter });
    const found = page.numbers.map(({ msisdn }) => msisdn).sort();
    assert.deepEqual(found, expected, JSON.stringify(filter));
  }
  assert.deepEqual(await numbers.getAvailableNumbers({ country: 'NO' }), { count: 0, numbers: [] });
});

test('owned numbers are narrowed and have pages', async () => {
  const partner = await here.partner();
  const british = Array.from({ length: 11 }, () => freshNumber());
  for (const number of british) await here.operator.giveNumber(partner.apiKey, 'GB', number);
  const swedish = freshNumber('4670');
  await here.operator.giveNumber(partner.apiKey, 'SE', swedish);
  for (const [filter, expected] of [
    [{ country: 'SE' }, [swedish]],
    [{ pattern: '467', searchPattern: 0 }, [swedish]],
    [{ pattern: british[3].slice(-6), searchPattern: 2 }, [british[3]]],
    [{ pattern: british[3].slice(2), searchPattern: 1 }, [british[3]]],
    [{ size: 100, hasApplication: false }, [...british, swedish].sort()],
    [{ hasApplication: true }, []],
  ]) {
    assert.deepEqual(await owned(partner, filter), expected, JSON.stringify(filter));
  }
  // Ten a page unless told otherwise.
  const pages = [
    await partner.numbers.getOwnedNumbers(),
    await partner.numbers.getOwnedNumbers({ index: 2 }),
  ];
  assert.deepEqual(
    pages.map(({ count, numbers }) => [count, numbers.length]),
    [
      [12, 10],
      [12, 2],
    ],
  );
});

test('a number is bought and cancelled for a subaccount, at the cost of who gets it', async () => {
  const partner = await here.partner();
  const shares = await partner.subaccounts.createSubAccount({ name: 'Shares' });
  const own = await partner.subaccounts.createSubAccount({ name: 'Own', usePrimaryAccountBalance: false });
  const [first, second] = [await stocked({ cost: '2' }), await stocked({ cost: '1.5' })];
  const forShares = { ...first, targetApiKey: shares.apiKey };
  const forOwn = { ...second, targetApiKey: own.apiKey };

  assert.deepEqual(await partner.numbers.buyNumber(forShares), success);
  assert.equal((await partner.accounts.getBalance()).value, -2);
  // What is needed, and what is there.
  assert.match(await failed(partner.numbers.buyNumber(forOwn)), /1\.50.*0\.00/);
  await partner.subaccounts.transferBalance({ from: partner.apiKey, to: own.apiKey, amount: 2 });
  assert.deepEqual(await partner.numbers.buyNumber(forOwn), success);

  const [sharing, owning] = [shares, own].map(({ apiKey, secret }) => here.calling(apiKey, secret));
  assert.deepEqual([await owned(sharing), await owned(owning)], [[first.msisdn], [second.msisdn]]);
  assert.equal((await owning.accounts.getBalance()).value, 0.5);
  assert.equal((await partner.accounts.getBalance()).value, -4);

  await failed(partner.numbers.cancelNumber({ ...second, targetApiKey: shares.apiKey }));
  assert.deepEqual(await partner.numbers.cancelNumber(forShares), success);
  assert.deepEqual(await partner.numbers.cancelNumber(forOwn), success);
  assert.deepEqual([await owned(sharing), await owned(owning)], [[], []]);
});

test('an update sets the webhooks of a number', async () => {
  const partner = await here.partner();
  const { numbers } = partner;
  const number = await stocked();
  await numbers.buyNumber(number);
  const shown = async () => (await numbers.getOwnedNumbers()).numbers[0];
  assert.deepEqual(await numbers.updateNumber({ ...number, moHttpUrl: 'https://example.com/in' }), success);
  assert.equal((await shown()).moHttpUrl, 'https://example.com/in');
  await numbers.updateNumber({ ...number, voiceCallbackType: 'tel', voiceCallbackValue: '447700900999' });
  const { moHttpUrl, voiceCallbackType, voiceCallbackValue } = await shown();
  assert.deepEqual(
    [moHttpUrl, voiceCallbackType, voiceCallbackValue],
    ['https://example.com/in', 'tel', '447700900999'],
  );
});

test('what is not for rent, not owned or not paid for fails, and tells why', async () => {
  const partner = await here.partner('1');
  const stranger = await here.partner();
  const [theirs, mine, dear] = [await stocked(), await stocked(), await stocked({ cost: '1.01' })];
  await stranger.numbers.buyNumber(theirs);
  await partner.numbers.buyNumber(mine);
  const unknown = { country: 'GB', msisdn: NUMBER_UNKNOWN };
  for (const number of [unknown, theirs, mine]) await failed(partner.numbers.buyNumber(number));
  assert.match(await failed(partner.numbers.buyNumber(dear)), /1\.01.*1\.00/);
  for (const number of [unknown, theirs, { ...mine, country: 'US' }]) {
    await failed(partner.numbers.cancelNumber(number));
    await failed(partner.numbers.updateNumber({ ...number }));
  }
  assert.deepEqual(await owned(partner), [mine.msisdn]);
});

test('wrong credentials, and accounts of another family, are refused', async () => {
  const partner = await here.partner();
  const stranger = await here.partner();
  const number = await stocked();
  const { numbers } = here.calling(partner.apiKey, 'Wrong1234');
  for (const call of [
    () => numbers.getOwnedNumbers(),
    () => numbers.getAvailableNumbers({ country: 'GB' }),
    () => numbers.buyNumber(number),
    () => numbers.cancelNumber(number),
    () => numbers.updateNumber({ ...number }),
  ]) {
    assert.deepEqual(await refused(call()), authenticationFailed);
  }
  for (const targetApiKey of [stranger.apiKey, '00000000']) {
    assert.match(await failed(partner.numbers.buyNumber({ ...number, targetApiKey })), /target_api_key/);
  }
});

test('top-up moves no money, for there is no payment behind it', async () => {
  const { accounts } = await here.partner();
  assert.deepEqual(await refused(accounts.topUpBalance('8ef2447e69604f642ae59363aa5f781b')), {
    status: 401,
    body: { 'error-code': '401', 'error-code-label': 'not auto-reload enabled' },
  });
  assert.equal((await accounts.getBalance()).value, 0);
});

test('settings are read, set one by one, and unset', async () => {
  const { accounts } = await here.partner();
  const read = await accounts.updateAccountCallbacks({});
  assert.deepEqual([read['mo-callback-url'], read['dr-callback-url']], ['', '']);
  for (const limit of ['max-outbound-request', 'max-inbound-request', 'max-calls-per-second']) {
    assert.ok(Number.isInteger(read[limit]), limit);
  }
  const [inbound, receipts] = ['https://example.com/inbound?a=b&c=d', 'https://example.com/receipts'];
  await accounts.updateAccountCallbacks({ moCallBackUrl: inbound });
  const both = { ...read, 'mo-callback-url': inbound, 'dr-callback-url': receipts };
  assert.deepEqual(await accounts.updateAccountCallbacks({ drCallBackUrl: receipts }), both);
  assert.deepEqual(await accounts.updateAccountCallbacks(), both);
  assert.deepEqual(await accounts.updateAccountCallbacks({ moCallBackUrl: '' }), {
    ...both,
    'mo-callback-url': '',
  });
});
