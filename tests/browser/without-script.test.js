// Everything works without the script, too.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tollgate } from './house.js';
import { beforeAndAfter, books, movable, row, table, text } from './reading.js';

const here = tollgate();
const javaScriptEnabled = false;

test('a partner goes the whole way without a script: opens, transfers, suspends, reads, closes, signs out', async (t) => {
  const { operator } = here;
  const primary = await operator.openPrimary('Partner', '100');
  const partner = await here.visitor(t, { javaScriptEnabled });
  const page = await partner.signedIn(primary);

  await page.click('#open-subaccount');
  await page.fill('#account-name', 'End customer');
  await page.click('#open');
  const key = await text(page, '#api-key');
  assert.ok((await text(page, '#secret')).length >= 20);
  assert.equal(await page.locator('.copy button').count(), 0, 'a button that does nothing');

  await page.getByRole('link', { name: 'Family' }).click();
  await row(page, key).getByRole('link', { name: 'Transfer with End customer' }).click();
  assert.deepEqual(await movable(page), { Partner: ['100.00', '100.00'], 'End customer': ['0.00', '0.00'] });
  await page.getByLabel('Credit limit', { exact: true }).check();
  await page.getByLabel('Amount').fill('1000');
  await page.click('#preview');
  assert.match(await text(page, '#problem'), /at most 100.00 of it is not in use and can move/);
  await page.getByLabel('Amount').fill('40');
  await page.getByLabel('Reference').fill('a start');
  await page.click('#preview');
  assert.deepEqual(await beforeAndAfter(page), {
    Partner: { Balance: '0.00', 'Credit limit': '100.00 > 60.00', Available: '100.00 > 60.00' },
    'End customer': { Balance: '0.00', 'Credit limit': '0.00 > 40.00', Available: '0.00 > 40.00' },
  });
  await page.click('#confirm');
  assert.equal(await text(page, '#notice'), '40.00 EUR of credit limit moved from Partner to End customer.');

  await operator.charge(key, '15', 'sms.send', 'order 7');
  await page.getByRole('link', { name: 'Family' }).click();
  assert.deepEqual(await books(page), [
    'Partner: 0.00 / 60.00',
    'End customer: -15.00 / 40.00',
    'family: -15.00 / 100.00',
  ]);

  await page.getByRole('link', { name: 'End customer', exact: true }).click();
  await page.click('#suspend');
  assert.equal(await text(page, 'h1 .badge'), 'suspended');
  assert.deepEqual(await operator.refusedCharge(key, '1'), [403, 'suspended']);
  await page.click('#reactivate');
  assert.equal(await page.locator('h1 .badge').count(), 0);

  await page.getByRole('link', { name: 'Journal' }).click();
  await page.getByLabel('What').selectOption('charge');
  await page.getByRole('button', { name: 'Show' }).click();
  const [[when, ...charge], ...others] = await table(page, '#journal');
  assert.match(when, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  assert.deepEqual([charge, others], [['charge', 'sms.send', '', 'order 7', '-15.00', '-15.00'], []]);

  await page.getByRole('link', { name: 'Why refused' }).click();
  assert.equal((await table(page, '#refusals'))[0][1], 'charge sms.send of 1.00');
  await page.getByRole('link', { name: 'Spending' }).click();
  assert.equal(await text(page, '.spent'), '15.00 EUR in all');
  await page.getByRole('link', { name: 'Credentials' }).click();
  await page.click('#rotate');
  assert.match(await text(page, '#credential-page'), /Keep it now/);

  await page.getByRole('link', { name: 'Own account' }).click();
  await page.getByRole('link', { name: 'Statements' }).click();
  await page.locator('#months a').first().click();
  assert.equal(await text(page, '#owed'), '15.00');

  await page.goto(`${here.base}/console/accounts/${key}/close`);
  assert.match(await text(page, '#would'), /Partner takes over 15.00 EUR that it owes/);
  await page.click('#close');
  assert.equal(await text(page, '#notice'), 'End customer is closed for good.');
  await page.click('#sign-out');
  assert.equal(await text(page, 'h1'), 'Sign in');
});

test('an operator goes its way without a script: searches, books a payment, sets a credit limit', async (t) => {
  const { operator } = here;
  const primary = await operator.openPrimary('Acme');
  const visitor = await here.visitor(t, { javaScriptEnabled });
  const page = await visitor.signedInAsOperator(operator.token);
  await page.getByLabel('Search').fill('acm');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('link', { name: 'Acme', exact: true }).click();
  await page.click('#payment');
  await page.getByLabel('Amount').fill('12.5');
  await page.click('#pay');
  assert.equal(await text(page, '#notice'), 'A payment of 12.50 EUR is recorded.');
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByLabel('Credit limit in EUR').fill('30');
  await page.getByRole('button', { name: 'Change the credit limit' }).click();
  const { balance, credit_limit } = await operator.account(primary.api_key);
  assert.deepEqual([balance, credit_limit], ['12.50', '30.00']);
});
