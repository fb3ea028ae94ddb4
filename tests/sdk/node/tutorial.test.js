// Vonage's tutorial from start to end: a partner with two end customers, the operator, and a month.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { books, tollgate } from './family.js';
import { insufficient, refuses, suspended } from './refusals.js';

const here = tollgate();

const INSUFFICIENT_FUNDS = [402, 'insufficient_funds'];

test("a partner's month comes out as the tutorial says", async () => {
  // Worked example B (docs/vonage.md, Acceptance list): every row, read back with its totals.
  const { operator } = here;
  const partner = await here.partner('100');
  const { subaccounts } = partner;
  const to = (apiKey, amount) => ({ from: partner.apiKey, to: apiKey, amount });
  const toOwn = { usePrimaryAccountBalance: false };

  // One shared subaccount has used 20 of the primary's 100.
  const { apiKey: first } = await subaccounts.createSubAccount({ name: 'Customer 1', secret: 'Password123' });
  const customer1 = here.calling(first, 'Password123');
  await operator.charge(first, '20');
  assert.deepEqual(await books(partner), { Partner: '-20/-100', 'Customer 1': '-/-', total: '-20/-100' });

  // Customer 1 gets an own balance and 40 of credit, beside a new customer 2.
  const { apiKey: second } = await subaccounts.createSubAccount({
    name: 'Customer 2',
    secret: 'Password456',
  });
  const customer2 = here.calling(second, 'Password456');
  const family = async () => {
    const { Partner, 'Customer 1': one, 'Customer 2': two, total, ...others } = await books(partner);
    assert.deepEqual(others, {});
    return [Partner, one, two, total];
  };
  await subaccounts.updateSubAccount(first, toOwn);
  await subaccounts.transferCredit(to(first, '40'));
  assert.deepEqual(await family(), ['-20/-60', '0/-40', '-/-', '-20/-100']);

  // It uses up its 40 and can make no more calls.
  await operator.charge(first, '40');
  assert.deepEqual(await operator.refusedCharge(first, '0.01'), INSUFFICIENT_FUNDS);
  assert.equal((await customer1.accounts.getBalance()).value, -40);
  assert.deepEqual(await family(), ['-20/-60', '-40/-40', '-/-', '-60/-100']);

  // 40 of credit are available to the primary: 20 of them help customer 1 out.
  await refuses(subaccounts.transferCredit(to(first, '40.0001')), insufficient('Credit'));
  await subaccounts.transferCredit(to(first, '20'));
  assert.deepEqual(await family(), ['-20/-40', '-40/-60', '-/-', '-60/-100']);

  // So it can call again.
  await operator.charge(first, '10');
  assert.deepEqual(await family(), ['-20/-40', '-50/-60', '-/-', '-70/-100']);

  // Month's end: the invoice is what the family owes, 20 + 50, and the partner pays it.
  assert.equal((await subaccounts.getSubAccountPage()).total_balance, -(20 + 50));
  await operator.pay(partner.apiKey, '70');
  assert.deepEqual(await family(), ['50/-40', '-50/-60', '-/-', '0/-100']);

  // 90 are available to the primary; customer 1 has paid the partner 45 of its 50.
  await refuses(subaccounts.transferBalance(to(first, 90.0001)), insufficient('Balance'));
  await subaccounts.transferBalance(to(first, 45));
  assert.deepEqual(await family(), ['5/-40', '-5/-60', '-/-', '0/-100']);

  // Customer 2 gets an own balance too, and 30 of the primary's 40.
  await subaccounts.updateSubAccount(second, toOwn);
  await refuses(subaccounts.transferCredit(to(second, '40.0001')), insufficient('Credit'));
  await subaccounts.transferCredit(to(second, '30'));
  assert.deepEqual(await family(), ['5/-10', '-5/-60', '0/-30', '0/-100']);

  // It has almost used up its credit, so the partner suspends it, and reactivates it when it has paid.
  await operator.charge(second, '25');
  await subaccounts.updateSubAccount(second, { suspended: true });
  assert.deepEqual(await operator.refusedCharge(second, '1'), [403, 'suspended']);
  await refuses(customer2.secrets.listSecrets(second), suspended);
  assert.deepEqual(await family(), ['5/-10', '-5/-60', '-25/-30', '-25/-100']);

  await subaccounts.updateSubAccount(second, { suspended: false });
  assert.equal((await customer2.accounts.getBalance()).value, -25);
  assert.deepEqual(await family(), ['5/-10', '-5/-60', '-25/-30', '-25/-100']);
  // Reactivated, it is stopped by its own limit alone.
  assert.deepEqual(await operator.refusedCharge(second, '5.01'), INSUFFICIENT_FUNDS);
  await operator.charge(second, '5');
});
