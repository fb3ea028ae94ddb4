// The operator's view: all partners, what they paid, how far they may go, and what lets whom in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tollgate } from './house.js';
import { becomes, figure, table, text, withoutReload } from './reading.js';

const here = tollgate();

/** The names on a list of accounts. */
function names(page) {
  return page.locator('#accounts .name').allTextContents();
}

test('the operator finds a partner by name, api key and auth id, and orders and narrows the list', async (t) => {
  const { operator } = here;
  const visitor = await here.visitor(t);
  const page = await visitor.signedInAsOperator(operator.token);
  assert.match(await text(page, '#empty'), /^No primary accounts yet/);
  const acme = await operator.openPrimary('Acme', '10');
  const globex = await operator.openPrimary('Globex', '500');
  const initech = await operator.openPrimary('Initech', '90');
  await operator.charge(acme.api_key, '10');
  await operator.change(initech.api_key, { status: 'suspended' });

  await page.reload();
  // Those who are near to their limit come first.
  assert.deepEqual(await names(page), ['Acme', 'Initech', 'Globex']);
  assert.equal(await text(page, `[data-live="${acme.api_key}:badge"]`), 'nothing available');
  assert.deepEqual((await table(page, '#totals'))[0].slice(-3), ['-10.00', '600.00', '0.00']);
  for (const [query, found] of [
    ['glob', ['Globex']],
    [globex.api_key, ['Globex']],
    [acme.auth_id, ['Acme']],
    ['nobody', []],
  ]) {
    await page.getByLabel('Search').fill(query);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**q=${query}*`);
    assert.deepEqual(await names(page), found, query);
  }
  assert.match(await text(page, '#empty'), /^No primary account is like this/);
  await page.getByRole('link', { name: 'Show all of them' }).click();
  await page.locator('[name=status]').selectOption('Suspended');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL('**status=suspended*');
  assert.deepEqual(await names(page), ['Initech']);
  await page.locator('[name=status]').selectOption('All but the closed');
  await page.getByLabel('Order').selectOption('By name');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL('**order=name*');
  assert.deepEqual(await names(page), ['Acme', 'Globex', 'Initech']);

  await withoutReload(page, async () => {
    await operator.pay(acme.api_key, '30');
    await becomes(() => figure(page, `${acme.api_key}:balance`), '20.00');
    await becomes(() => text(page, `[data-live="${acme.api_key}:badge"]`), '');
  });
});

test('the operator opens a partner, books a payment in a dialog and sets a credit limit; what is not allowed is said', async (t) => {
  const { operator } = here;
  const visitor = await here.visitor(t);
  const page = await visitor.signedInAsOperator(operator.token);
  await page.getByRole('link', { name: 'Open a primary account' }).or(page.getByRole('link', { name: 'Open the first primary account' })).first().click();
  await page.getByLabel('Name').fill('Umbrella');
  await page.getByLabel('Currency').fill('euro');
  await page.getByLabel('Credit limit').fill('100');
  // The browser itself lets no more than three letters in; what is no currency is refused in words.
  await page.getByLabel('Currency').fill('eu');
  await page.getByRole('button', { name: 'Open it' }).click();
  await page.waitForSelector('#problem');
  assert.equal(await text(page, '#problem'), 'The currency is three capital letters, such as EUR.');
  await page.getByLabel('Currency').fill('USD');
  await page.getByRole('button', { name: 'Open it' }).click();
  await page.waitForSelector('#opened-page');
  const key = await text(page, '#api-key');

  await page.getByRole('link', { name: 'To the account' }).click();
  await page.getByRole('link', { name: 'Record a payment' }).click();
  await page.waitForSelector('dialog[open] #payment-form');
  await page.getByLabel('Amount').fill('70.5');
  await page.getByLabel('Reference').fill('transfer of 3 May');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#notice');
  assert.equal(await text(page, '#notice'), 'A payment of 70.50 USD is recorded.');
  assert.equal(await figure(page, `${key}:balance`), '70.50');

  // Paid out, and not more than there is.
  await page.getByRole('link', { name: 'Record a payment' }).click();
  await page.getByLabel('Amount').fill('-200');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#problem');
  assert.match(await text(page, '#problem'), /^200.00 was asked for, and 170.50 is available/);
  await page.goto(`${here.base}/console/accounts/${key}`);

  await operator.charge(key, '100');
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByLabel('Credit limit in USD').fill('20');
  await page.getByRole('button', { name: 'Change the credit limit' }).click();
  await page.waitForSelector('#problem');
  assert.match(await text(page, '#problem'), /^80.00 of credit limit was asked for, and at most 70.50/);
  await page.getByLabel('Credit limit in USD').fill('250');
  await page.getByRole('button', { name: 'Change the credit limit' }).click();
  await page.waitForSelector('#notice');
  assert.equal((await operator.account(key)).credit_limit, '250.00');
});

test('a token is shown once, lets in, and is dead when it is revoked', async (t) => {
  const { operator } = here;
  const visitor = await here.visitor(t);
  const page = await visitor.signedInAsOperator(operator.token);
  await page.getByRole('link', { name: 'Tokens' }).click();
  await page.locator('[name=scope]').selectOption('an operator');
  await page.getByRole('button', { name: 'Make a token' }).click();
  await page.waitForSelector('#made');
  const token = await text(page, '#token');
  await page.getByRole('link', { name: 'Tokens' }).click();
  await page.waitForSelector('#made', { state: 'detached' });
  assert.ok(!(await page.content()).includes(token), 'it is shown once more');

  const colleague = await here.visitor(t);
  const theirs = await colleague.signedInAsOperator(token);
  await theirs.getByRole('link', { name: 'Tokens' }).click();
  const mine = page.locator('#tokens tr', { hasText: 'operator' }).filter({ hasNotText: 'the first' });
  await mine.getByRole('button').first().click();
  await page.waitForSelector('#notice');
  await theirs.reload();
  await theirs.waitForSelector('#sign-in');
});

test('the operator sees price plans, the stock of numbers and whether the node is well', async (t) => {
  const { operator } = here;
  const rules = [{ mode: 'charge', method: 'POST', path: '/messages', operation: 'sms.send', unit_price: '0.05' }];
  await operator.putPlan('retail', { currency: 'EUR', default: true, rules });
  await operator.post('/api/v1/numbers', { country: 'GB', msisdn: '447700900123', cost: '1.25' });
  const visitor = await here.visitor(t);
  const page = await visitor.signedInAsOperator(operator.token);
  await page.getByRole('link', { name: 'Price plans' }).click();
  const [rule] = await table(page, '[data-plan=retail]');
  for (const cell of ['POST', '/messages', 'sms.send', '0.05']) assert.ok(rule.includes(cell), `${cell}: ${rule}`);
  await page.getByRole('link', { name: 'Numbers' }).click();
  const [number] = await table(page, '#numbers');
  for (const cell of ['447700900123', 'GB', 'in the stock', '1.25 EUR']) assert.ok(number.includes(cell), `${cell}: ${number}`);
  await page.getByRole('link', { name: 'Health' }).click();
  assert.equal(await text(page, '#writes'), 'The store takes writes.');
});
