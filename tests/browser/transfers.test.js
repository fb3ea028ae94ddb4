// A transfer moves once, whatever hands do; and what no longer holds explains itself.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { tollgate } from './house.js';
import { focused, text } from './reading.js';

const here = tollgate();

let primary;
let sub;

beforeEach(async () => {
  primary = await here.operator.openPrimary('Partner');
  sub = await here.operator.openSubaccount(primary.api_key, 'End customer');
  await here.operator.pay(primary.api_key, '100');
});

/** Balances of the partner and its end customer. */
async function balances() {
  const both = [primary, sub].map(({ api_key: key }) => here.operator.account(key));
  return (await Promise.all(both)).map((it) => it.balance);
}

/** Up to where before and after are shown. */
async function preview(page, amount) {
  await page.bringToFront();
  await page.locator('#transfer').click();
  await page.waitForSelector('#transfer-form');
  await page.getByLabel('Amount').fill(amount);
  await page.getByRole('button', { name: 'Show before and after' }).click();
  await page.waitForSelector('#confirm-form');
}

test('a form that another tab has overtaken moves nothing, and says what there is now', async (t) => {
  const partner = await here.visitor(t);
  await partner.signedIn(primary);
  const [one, other] = [await partner.tab(`/console/accounts/${sub.api_key}`), await partner.tab(`/console/accounts/${sub.api_key}`)];
  await preview(one, '60');
  await preview(other, '60');
  await one.locator('#confirm').click();
  await one.waitForSelector('#notice');
  assert.deepEqual(await balances(), ['40.00', '60.00']);

  await other.locator('#confirm').click();
  await other.waitForSelector('#problem');
  const words = '60.00 was asked for, and 40.00 is available: balance and credit limit, less what is held.';
  assert.equal(await text(other, '#problem'), words);
  assert.equal(await other.inputValue('#amount'), '60');
  assert.equal(await text(other, '[data-most="down balance"]'), '40.00');
  assert.deepEqual(await balances(), ['40.00', '60.00']);
});

test('the same form sent once more, from the other tab, moves once and gets the same answer', async (t) => {
  const partner = await here.visitor(t);
  await partner.signedIn(primary);
  const [one, other] = [await partner.tab(`/console/accounts/${sub.api_key}`), await partner.tab(`/console/accounts/${sub.api_key}`)];
  await preview(one, '30');
  await preview(other, '45');
  const fields = await one.locator('#confirm-form').evaluate((it) => Object.fromEntries(new FormData(it)));
  await one.locator('#confirm').click();
  await one.waitForSelector('#notice');
  const said = '30.00 EUR of balance moved from Partner to End customer.';
  assert.equal(await text(one, '#notice'), said);

  await fillIn(other, fields);
  await other.locator('#confirm').click();
  await other.waitForSelector('#notice');
  assert.equal(await text(other, '#notice'), said);
  assert.deepEqual(await balances(), ['70.00', '30.00']);
});

test('the same form sent once more with something else in it moves nothing more, and says why', async (t) => {
  const partner = await here.visitor(t);
  await partner.signedIn(primary);
  const [one, other] = [await partner.tab(`/console/accounts/${sub.api_key}`), await partner.tab(`/console/accounts/${sub.api_key}`)];
  await preview(one, '30');
  await preview(other, '45');
  const { once } = await one.locator('#confirm-form').evaluate((it) => Object.fromEntries(new FormData(it)));
  await one.locator('#confirm').click();
  await one.waitForSelector('#notice');
  await fillIn(other, { once });
  await other.locator('#confirm').click();
  await other.waitForSelector('#problem');
  assert.match(await text(other, '#problem'), /^This form was sent before, with something else in it/);
  assert.deepEqual(await balances(), ['70.00', '30.00']);
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with' : 'without';
  test(`a double click moves once, ${how} the script`, async (t) => {
    const partner = await here.visitor(t, { javaScriptEnabled });
    const page = await partner.signedIn(primary);
    await page.goto(`${here.base}/console/accounts/${sub.api_key}`);
    await preview(page, '30');
    await page.locator('#confirm').dblclick();
    await page.waitForSelector('#notice');
    assert.deepEqual(await balances(), ['70.00', '30.00']);
  });
}

test('a page that is loaded anew after a transfer moves nothing more', async (t) => {
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  await page.goto(`${here.base}/console/accounts/${sub.api_key}`);
  await preview(page, '30');
  await page.locator('#confirm').click();
  await page.waitForSelector('#notice');
  await page.reload();
  assert.equal(await page.locator('#notice').count(), 0, 'it is said once');
  await page.goBack();
  await page.goForward();
  assert.deepEqual(await balances(), ['70.00', '30.00']);
});

test('a dialog keeps the keyboard inside, and gives it back to where it was', async (t) => {
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  await page.goto(`${here.base}/console/accounts/${sub.api_key}`);
  const opener = page.locator('#transfer');
  const isBack = () => opener.evaluate((it) => it === document.activeElement);

  for (const close of [
    () => page.keyboard.press('Escape'),
    () => page.getByRole('link', { name: 'Cancel' }).click(),
    async () => {
      // From the second page of the dialog as well.
      await page.getByLabel('Amount').fill('1');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#confirm-form');
      await page.keyboard.press('Escape');
    },
  ]) {
    await opener.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Transfer' });
    await dialog.waitFor();
    for (let stop = 0; stop < 15; stop += 1) {
      await page.keyboard.press('Tab');
      const isOutside = await page.evaluate(
        () => document.activeElement !== document.body && !document.activeElement.closest('dialog'),
      );
      assert.ok(!isOutside, `the keyboard is behind the dialog: ${(await focused(page)).html}`);
    }
    await close();
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.ok(await isBack(), 'the focus is lost');
  }
  assert.deepEqual(await balances(), ['100.00', '0.00']);
});

test('a dialog whose session has ended leads to the sign-in, and moves nothing', async (t) => {
  const partner = await here.visitor(t);
  await partner.signedIn(primary);
  const page = await partner.tab(`/console/accounts/${sub.api_key}`);
  await preview(page, '30');
  const other = await partner.tab();
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.waitForSelector('#sign-in');
  await page.locator('#confirm').click();
  await page.waitForSelector('#sign-in');
  assert.match(await text(page, '#notice'), /^Your session has ended/);
  assert.deepEqual(await balances(), ['100.00', '0.00']);
});

test('what cannot move is said in the dialog, in words', async (t) => {
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  await page.goto(`${here.base}/console/accounts/${sub.api_key}`);
  await page.locator('#transfer').click();
  for (const [amount, words] of [
    ['1,5', /The amount must be a number such as 12.50/],
    ['0', /The amount must be more than 0/],
    ['-3', /The amount must be more than 0/],
    ['100.000001', /100.000001 was asked for, and 100.00 is available/],
  ]) {
    await page.getByLabel('Amount').fill(amount);
    // The answer brings a new form; two answers may say the same, and only the new one is to be looked at.
    await page.locator('dialog > section').evaluate((it) => it.classList.add('before'));
    await page.keyboard.press('Enter');
    await page.locator('dialog > section:not(.before) #problem', { hasText: words }).waitFor();
    assert.equal((await focused(page)).id, 'amount', 'one can go on typing');
  }
});

/** Puts other values into the fields of the form that confirms. */
function fillIn(page, fields) {
  return page.locator('#confirm-form').evaluate((form, values) => {
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  }, fields);
}
