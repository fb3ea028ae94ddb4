// Transfer of numbers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opensOwn, tollgate } from './family.js';
import { bannedNumber, foreignNumber, invalid, numberRefusal, refuses, SAME_ACCOUNTS } from './refusals.js';

const here = tollgate();

// One server for all tests, so every number is given out once.
let numbersGiven = 0;

async function numberOf(apiKey) {
  numbersGiven += 1;
  const number = `4477009${String(numbersGiven).padStart(5, '0')}`;
  await here.operator.giveNumber(apiKey, 'GB', number);
  return number;
}

test('a number goes wherever in the family', async () => {
  const partner = await here.partner();
  const [first, second] = [await opensOwn(partner, 'S1'), await opensOwn(partner, 'S2')];
  const number = await numberOf(partner.apiKey);
  for (const [from, to] of [
    [partner.apiKey, first],
    [first, second],
    [second, partner.apiKey],
  ]) {
    const request = { from, to, number, country: 'GB' };
    const answer = await partner.subaccounts.transferNumber(request);
    assert.deepEqual(answer, { ...request, masterAccountId: partner.apiKey });
    // It is really there now, and no longer where it was.
    await refuses(
      partner.subaccounts.transferNumber(request),
      numberRefusal(409, request, 'is already owned by requesting account'),
    );
  }
});

test('a number may be sent as a JSON number and comes back as a string', async () => {
  const partner = await here.partner();
  const to = await opensOwn(partner, 'S1');
  const number = await numberOf(partner.apiKey);
  const answer = await partner.subaccounts.transferNumber({
    from: partner.apiKey,
    to,
    number: Number(number),
    country: 'GB',
  });
  assert.equal(answer.number, number);
});

test('a number that is not owned, not there or not of the family is refused, each in its own words', async () => {
  const partner = await here.partner();
  const stranger = await here.partner();
  const [first, second] = [await opensOwn(partner, 'S1'), await opensOwn(partner, 'S2')];
  const transfer = (request) => partner.subaccounts.transferNumber(request);
  const number = await numberOf(partner.apiKey);

  const notOwned = { from: first, to: second, number, country: 'GB' };
  await refuses(transfer(notOwned), numberRefusal(403, notOwned, 'is not owned by from account'));

  const notThere = { from: partner.apiKey, to: first, number: '447700800000', country: 'GB' };
  await refuses(transfer(notThere), numberRefusal(404, notThere, 'not found'));

  const foreign = { from: partner.apiKey, to: stranger.apiKey, number, country: 'GB' };
  await refuses(transfer(foreign), foreignNumber(foreign));

  const nowhere = { from: first, to: first, number, country: 'GB' };
  await refuses(transfer(nowhere), invalid({ from: SAME_ACCOUNTS }));

  await partner.subaccounts.updateSubAccount(first, { suspended: true });
  await refuses(transfer({ from: partner.apiKey, to: first, number, country: 'GB' }), bannedNumber);
});
