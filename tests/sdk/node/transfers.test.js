// Credit and balance: what a transfer moves, what its answer says, and what a list leaves out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { books, opensOwn, tollgate } from './family.js';
import {
  BAD_AMOUNT,
  insufficient,
  invalid,
  notAFamilyTransfer,
  refuses,
  SAME_ACCOUNTS,
  sharesBalance,
} from './refusals.js';

const here = tollgate();

const EVER = '1970-01-01T00:00:00Z';
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

const KINDS = {
  credit: {
    transfer: ({ subaccounts }, parameters) => subaccounts.transferCredit(parameters),
    list: ({ subaccounts }, filter) => subaccounts.listCreditTransfers({ startDate: EVER, ...filter }),
    filter: 'sub',
    insufficient: insufficient('Credit'),
  },
  balance: {
    transfer: ({ subaccounts }, parameters) => subaccounts.transferBalance(parameters),
    list: ({ subaccounts }, filter) => subaccounts.listBalanceTransfers({ startDate: EVER, ...filter }),
    filter: 'subaccount',
    insufficient: insufficient('Balance'),
  },
};

test('credit and balance go to a subaccount and back', async () => {
  const partner = await here.partner();
  const there = { from: partner.apiKey, to: await opensOwn(partner, 'S1') };
  const back = { from: there.to, to: there.from };
  await partner.subaccounts.transferCredit({ ...there, amount: 40 });
  assert.deepEqual(await books(partner), { Partner: '0/-60', S1: '0/-40', total: '0/-100' });
  await partner.subaccounts.transferBalance({ ...there, amount: 30 });
  assert.deepEqual(await books(partner), { Partner: '-30/-60', S1: '30/-40', total: '0/-100' });
  await partner.subaccounts.transferCredit({ ...back, amount: 15.5 });
  await partner.subaccounts.transferBalance({ ...back, amount: 10.25 });
  assert.deepEqual(await books(partner), { Partner: '-19.75/-75.5', S1: '19.75/-24.5', total: '0/-100' });
});

for (const [kind, { transfer, list, filter, insufficient: tooMuch }] of Object.entries(KINDS)) {
  test(`a ${kind} transfer answers what it moved, and the list has the same`, async () => {
    const partner = await here.partner();
    const request = {
      from: partner.apiKey,
      to: await opensOwn(partner, 'S1'),
      amount: 35,
      reference: 'March',
    };
    const answer = await transfer(partner, request);
    assert.match(answer.id, UUID);
    assert.match(answer.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const { id, createdAt } = answer;
    const moved = { ...request, id, [`${kind}TransferId`]: id, createdAt };
    const href = `/accounts/${partner.apiKey}/${kind}-transfers/${id}`;
    assert.deepEqual(answer, { ...moved, masterAccountId: partner.apiKey, links: { self: { href } } });

    const [{ links, masterAccountId, ...listed }, ...others] = await list(partner);
    assert.deepEqual([listed, others], [moved, []]);
  });

  test(`a ${kind} transfer without a reference has an empty one`, async () => {
    const partner = await here.partner();
    const request = { from: partner.apiKey, to: await opensOwn(partner, 'S1'), amount: 1 };
    assert.equal((await transfer(partner, request)).reference, '');
    assert.equal((await list(partner))[0].reference, '');
  });

  test(`a ${kind} amount may be a number or the same digits in a string`, async () => {
    const partner = await here.partner();
    const request = { from: partner.apiKey, to: await opensOwn(partner, 'S1') };
    // The SDK's type of a credit transfer's amount is a string.
    assert.equal((await transfer(partner, { ...request, amount: '12.34' })).amount, 12.34);
    assert.equal((await transfer(partner, { ...request, amount: 12.34 })).amount, 12.34);
    const { Partner, S1 } = await books(partner);
    const expected = { credit: ['0/-75.32', '0/-24.68'], balance: ['-24.68/-100', '24.68/0'] };
    assert.deepEqual([Partner, S1], expected[kind]);
  });

  test(`the list of ${kind} transfers is newest first, and filtered by every name that the SDK's types have`, async () => {
    const partner = await here.partner();
    const [first, second, third] = [
      await opensOwn(partner, 'S1'),
      await opensOwn(partner, 'S2'),
      await opensOwn(partner, 'S3'),
    ];
    const amounts = async (parameters) => (await list(partner, parameters)).map(({ amount }) => amount);
    assert.deepEqual(await amounts(), []);
    const from = partner.apiKey;
    await transfer(partner, { from, to: first, amount: 3 });
    await transfer(partner, { from, to: second, amount: 2 });
    await transfer(partner, { from, to: third, amount: 4 });
    await transfer(partner, { from: first, to: from, amount: 1 });

    assert.deepEqual(await amounts(), [1, 4, 2, 3]);
    assert.deepEqual(await amounts({ [filter]: first }), [1, 3]);
    assert.deepEqual(await amounts({ subAccount: first }), [1, 3]);
    // An array becomes `a,b`.
    assert.deepEqual(await amounts({ [filter]: [first, second] }), [1, 2, 3]);
    assert.deepEqual(await amounts({ [filter]: '00000000' }), []);
    assert.deepEqual(await amounts({ endDate: '2001-01-01T00:00:00Z' }), []);
    assert.deepEqual(await amounts({ startDate: '2999-01-01T00:00:00Z' }), []);
    assert.deepEqual(await amounts({ endDate: '2999-01-01T00:00:00Z', [filter]: second }), [2]);
    await refuses(list(partner, { startDate: 'yesterday' }), invalid({ start_date: 'Malformed' }));
  });

  test(`${kind} beyond what is available is refused and moves nothing`, async () => {
    const partner = await here.partner();
    const request = { from: partner.apiKey, to: await opensOwn(partner, 'S1') };
    const before = await books(partner);
    await refuses(transfer(partner, { ...request, amount: 100.0001 }), tooMuch);
    assert.deepEqual(await books(partner), before);
    await transfer(partner, { ...request, amount: 100 });
    await refuses(transfer(partner, { ...request, amount: 0.0001 }), tooMuch);
  });

  test(`${kind} moves only between a primary and its own subaccount with an own balance`, async () => {
    const partner = await here.partner();
    const stranger = await here.partner();
    const [first, second] = [await opensOwn(partner, 'S1'), await opensOwn(partner, 'S2')];
    const foreign = await opensOwn(stranger, 'Foreign');
    const from = partner.apiKey;
    for (const pair of [
      { from: first, to: second },
      { from, to: foreign },
      { from: foreign, to: from },
      { from: stranger.apiKey, to: foreign },
      { from, to: '00000000' },
    ]) {
      await refuses(transfer(partner, { ...pair, amount: 1 }), notAFamilyTransfer);
    }
    const { apiKey: shared } = await partner.subaccounts.createSubAccount({ name: 'Shared' });
    await refuses(transfer(partner, { from, to: shared, amount: 1 }), sharesBalance(shared));
    await refuses(transfer(partner, { from: shared, to: from, amount: 1 }), sharesBalance(shared));
  });

  test(`a ${kind} amount that is none is refused`, async () => {
    const partner = await here.partner();
    const request = { from: partner.apiKey, to: await opensOwn(partner, 'S1') };
    for (const amount of [0, -1, 'abc', '', undefined, null, true]) {
      await refuses(transfer(partner, { ...request, amount }), invalid({ amount: BAD_AMOUNT }));
    }
    await refuses(
      transfer(partner, { ...request, to: request.from, amount: 1 }),
      invalid({ from: SAME_ACCOUNTS }),
    );
    assert.deepEqual(await list(partner), []);
  });
}
