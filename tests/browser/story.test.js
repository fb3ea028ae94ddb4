// The tutorial's month (docs/tutorial.md, docs/vonage.md's worked example B) as the partner lives it: with mouse and keyboard, every
// number read off a page. Meanwhile a script charges, and the operator, in another browser, books a payment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tollgate } from './house.js';
import { bar, becomes, beforeAndAfter, books, focused, movable, row, tabTo, table, text, withoutReload } from './reading.js';

const here = tollgate();

/** A chapter that cannot be told to its end ends the story. */
async function chapter(t, title, tell) {
  let failure;
  await t.test(title, async (it) => {
    try {
      await tell(it);
    } catch (error) {
      failure = error;
      throw error;
    }
  });
  if (failure) throw new Error('the story stops here', { cause: failure });
}

test("a partner's month in the console comes out as the tutorial says", async (t) => {
  const { operator } = here;
  const primary = await operator.openPrimary('Partner', '100');
  const partner = await here.visitor(t);
  await partner.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await partner.tab();
  let one;
  let two;

  await chapter(t, 'the partner signs in with the keyboard, and is told what to do first', async () => {
    assert.equal((await focused(page)).id, 'name');
    await page.keyboard.type(primary.api_key);
    await page.keyboard.press('Tab');
    assert.equal((await focused(page)).id, 'secret');
    await page.keyboard.type(primary.secret);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/console/families/${primary.api_key}`);
    assert.match(await text(page, '#empty'), /^No subaccounts yet Open one for each of your end customers/);
  });

  await chapter(t, 'opens a subaccount that shares its balance; the secret is shown once, and copied with a click', async () => {
    await page.getByRole('link', { name: 'Open the first subaccount' }).click();
    await page.getByLabel('Name').fill('End customer 1');
    await page.getByLabel('Shared: its calls are paid from yours').check();
    await page.getByRole('button', { name: 'Open it' }).click();
    assert.equal(await text(page, 'h1'), 'End customer 1 is open');
    one = { api_key: await text(page, '#api-key'), secret: await text(page, '#secret') };
    const copy = page.locator('.copy', { has: page.locator('#secret') }).getByRole('button');
    await copy.click();
    await becomes(() => copy.textContent(), 'Copied');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), one.secret);

    await page.getByRole('link', { name: 'To the account' }).click();
    for (const name of ['Credentials', 'Overview', 'Settings']) {
      await page.getByRole('link', { name, exact: true }).click();
      assert.equal(await page.locator('[aria-current=page]', { hasText: name }).count(), 1);
      assert.ok(!(await page.content()).includes(one.secret), `${name} shows the secret once more`);
    }
  });

  await chapter(t, 'its calls fall on the partner, and the family page says so without a reload', async () => {
    await page.getByRole('link', { name: 'Family' }).click();
    assert.deepEqual(await books(page), ['Partner: 0.00 / 100.00', 'End customer 1: shared', 'family: 0.00 / 100.00']);
    await withoutReload(page, async () => {
      await operator.charge(one.api_key, '20');
      await becomes(
        () => books(page),
        ['Partner: -20.00 / 100.00', 'End customer 1: shared', 'family: -20.00 / 100.00'],
      );
    });
  });

  await chapter(t, 'opens a second one by the keyboard alone', async () => {
    await tabTo(page, page.locator('#open-subaccount'));
    await page.keyboard.press('Enter');
    await page.waitForSelector('#open-form');
    assert.equal((await focused(page)).id, 'account-name');
    await page.keyboard.type('End customer 2');
    await page.keyboard.press('Tab');
    // Its own balance is what is chosen; the arrow key takes the other one.
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#opened-page');
    two = { api_key: await text(page, '#api-key'), secret: await text(page, '#secret') };
    await page.getByRole('link', { name: 'Family' }).click();
    assert.deepEqual(await books(page), [
      'Partner: -20.00 / 100.00',
      'End customer 1: shared',
      'End customer 2: shared',
      'family: -20.00 / 100.00',
    ]);
  });

  await chapter(t, 'gives end customer 1 a balance of its own and 40 of its credit limit', async () => {
    await givesItsOwnBalance(page, 'End customer 1');
    await page.locator('#transfer').click();
    await page.waitForSelector('dialog[open] #transfer-form');
    assert.deepEqual(await movable(page), { Partner: ['80.00', '80.00'], 'End customer 1': ['0.00', '0.00'] });
    await page.getByLabel('Credit limit', { exact: true }).check();
    await page.getByLabel('Amount').fill('40');
    await page.getByRole('button', { name: 'Show before and after' }).click();
    await page.waitForSelector('dialog[open] #confirm-form');
    assert.deepEqual(await beforeAndAfter(page), {
      Partner: { Balance: '-20.00', 'Credit limit': '100.00 > 60.00', Available: '80.00 > 40.00' },
      'End customer 1': { Balance: '0.00', 'Credit limit': '0.00 > 40.00', Available: '0.00 > 40.00' },
    });
    await page.getByRole('button', { name: 'Transfer 40.00 EUR' }).click();
    await page.waitForSelector('#notice');
    assert.equal(await text(page, '#notice'), '40.00 EUR of credit limit moved from Partner to End customer 1.');
    await page.getByRole('link', { name: 'Family' }).click();
    assert.deepEqual(await books(page), [
      'Partner: -20.00 / 60.00',
      'End customer 1: 0.00 / 40.00',
      'End customer 2: shared',
      'family: -20.00 / 100.00',
    ]);
  });

  await chapter(t, 'sees it spend all 40, badge and bar too, and finds why its next call was refused', async () => {
    const customer = row(page, one.api_key);
    assert.equal(await bar(customer), 'balance 0.00, credit limit 40.00, held 0.00, available 40.00');
    await withoutReload(page, async () => {
      await operator.charge(one.api_key, '40');
      await becomes(() => bar(customer), 'balance -40.00, credit limit 40.00, held 0.00, available 0.00');
      await becomes(() => customer.locator('.badge').textContent(), 'nothing available');
    });
    assert.deepEqual(await books(page), [
      'Partner: -20.00 / 60.00',
      'End customer 1: -40.00 / 40.00',
      'End customer 2: shared',
      'family: -60.00 / 100.00',
    ]);
    assert.deepEqual(await operator.refusedCharge(one.api_key, '0.05'), [402, 'insufficient_funds']);
    await page.getByRole('link', { name: 'End customer 1', exact: true }).click();
    await page.getByRole('link', { name: 'Why refused' }).click();
    const [[, what, why]] = await table(page, '#refusals');
    assert.equal(what, 'charge sms.send of 0.05');
    assert.equal(why, '0.05 was asked for, and 0.00 is available: balance and credit limit, less what is held.');
    await page.getByRole('link', { name: 'Family' }).click();
  });

  await chapter(t, 'trusts it with 20 more, by the keyboard alone; 20 of the 40 that can move', async () => {
    const button = row(page, one.api_key).getByRole('link', { name: 'Transfer with End customer 1' });
    await tabTo(page, button);
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open] #transfer-form');
    assert.equal((await focused(page)).id, 'amount');
    assert.deepEqual((await movable(page)).Partner, ['40.00', '40.00']);
    // Another thought: Escape, and the keyboard is where it was.
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.ok(await button.evaluate((it) => it === document.activeElement), 'the focus is lost');
    assert.ok((await focused(page)).isSeen);

    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open] #transfer-form');
    await page.keyboard.type('20');
    await tabTo(page, page.locator('dialog input[name=kind]:checked'));
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.locator('dialog input[name=kind]:checked').inputValue(), 'credit');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open] #confirm-form');
    assert.deepEqual(await beforeAndAfter(page), {
      Partner: { Balance: '-20.00', 'Credit limit': '60.00 > 40.00', Available: '40.00 > 20.00' },
      'End customer 1': { Balance: '-40.00', 'Credit limit': '40.00 > 60.00', Available: '0.00 > 20.00' },
    });
    assert.equal((await focused(page)).id, 'confirm');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#notice');
    await page.getByRole('link', { name: 'Family' }).click();
    assert.deepEqual(await books(page), [
      'Partner: -20.00 / 40.00',
      'End customer 1: -40.00 / 60.00',
      'End customer 2: shared',
      'family: -60.00 / 100.00',
    ]);
  });

  await chapter(t, "at the month's end the statement says what it owes: 20 and 50", async () => {
    await withoutReload(page, async () => {
      await operator.charge(one.api_key, '10');
      await becomes(() => books(page), [
        'Partner: -20.00 / 40.00',
        'End customer 1: -50.00 / 60.00',
        'End customer 2: shared',
        'family: -70.00 / 100.00',
      ]);
    });
    await opensStatement(page);
    assert.equal(await text(page, '#owed'), '70.00');
    assert.deepEqual(await table(page, '#family'), [
      ['Opening balances', '0.00'],
      ['Payments, less what was paid out', '0.00'],
      ['Charges, less what was given back', '-70.00'],
      ['Closing balances', '-70.00'],
    ]);
    await page.getByRole('link', { name: 'Family' }).click();
  });

  await chapter(t, 'the operator finds the partner and books its 70, which the partner sees arrive', async (it) => {
    const books70 = await here.visitor(it);
    const office = await books70.signedInAsOperator(operator.token);
    await office.getByLabel('Search').fill(primary.auth_id);
    await office.keyboard.press('Enter');
    await office.getByRole('link', { name: 'Partner', exact: true }).click();
    await withoutReload(page, async () => {
      await office.getByRole('link', { name: 'Record a payment' }).click();
      await office.waitForSelector('dialog[open] #payment-form');
      await office.getByLabel('Amount').fill('70');
      await office.getByLabel('Reference').fill('invoice 1');
      await office.getByRole('button', { name: 'Record it' }).click();
      await becomes(() => books(page), [
        'Partner: 50.00 / 40.00',
        'End customer 1: -50.00 / 60.00',
        'End customer 2: shared',
        'family: 0.00 / 100.00',
      ]);
    });
    assert.equal(await text(office, '#notice'), 'A payment of 70.00 EUR is recorded.');
  });

  await chapter(t, 'end customer 1 has paid 45 of its 50: of 90 that can move', async () => {
    await row(page, one.api_key).getByRole('link', { name: 'Transfer with End customer 1' }).click();
    await page.waitForSelector('dialog[open] #transfer-form');
    assert.deepEqual((await movable(page)).Partner, ['90.00', '40.00']);
    // More than that is told in the dialog, and what was filled in stays.
    await page.getByLabel('Amount').fill('90.01');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open] #problem');
    assert.match(await text(page, 'dialog #problem'), /^90.01 was asked for, and 90.00 is available/);
    assert.equal(await page.inputValue('dialog #amount'), '90.01');
    await page.getByLabel('Amount').fill('45');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open] #confirm-form');
    assert.deepEqual(await beforeAndAfter(page), {
      Partner: { Balance: '50.00 > 5.00', 'Credit limit': '40.00', Available: '90.00 > 45.00' },
      'End customer 1': { Balance: '-50.00 > -5.00', 'Credit limit': '60.00', Available: '10.00 > 55.00' },
    });
    await page.locator('#confirm').click();
    await page.waitForSelector('#notice');
    await page.getByRole('link', { name: 'Family' }).click();
    assert.deepEqual(await books(page), [
      'Partner: 5.00 / 40.00',
      'End customer 1: -5.00 / 60.00',
      'End customer 2: shared',
      'family: 0.00 / 100.00',
    ]);
  });

  await chapter(t, 'end customer 2 gets a balance of its own, and 30 of the 40 of credit limit', async () => {
    await givesItsOwnBalance(page, 'End customer 2');
    await page.locator('#transfer').click();
    await page.waitForSelector('dialog[open] #transfer-form');
    assert.deepEqual((await movable(page)).Partner, ['45.00', '40.00']);
    await page.getByLabel('Credit limit', { exact: true }).check();
    await page.getByLabel('Amount').fill('30');
    await page.keyboard.press('Enter');
    await page.locator('#confirm').click();
    await page.waitForSelector('#notice');
    await page.getByRole('link', { name: 'Family' }).click();
    assert.deepEqual(await books(page), [
      'Partner: 5.00 / 10.00',
      'End customer 1: -5.00 / 60.00',
      'End customer 2: 0.00 / 30.00',
      'family: 0.00 / 100.00',
    ]);
  });

  await chapter(t, 'spends 25, is suspended and then reactivated: meanwhile no call of it goes through', async () => {
    await operator.charge(two.api_key, '25');
    await page.getByRole('link', { name: 'End customer 2', exact: true }).click();
    await page.getByRole('button', { name: 'Suspend' }).click();
    await page.waitForSelector('#reactivate');
    assert.match(await text(page, '#notice'), /^The account is suspended: no call of it goes through any more/);
    assert.equal(await text(page, 'h1 .badge'), 'suspended');
    assert.deepEqual(await operator.refusedCharge(two.api_key, '1'), [403, 'suspended']);
    await page.getByRole('button', { name: 'Reactivate' }).click();
    await page.waitForSelector('#suspend');
    assert.equal(await page.locator('h1 .badge', { hasText: 'suspended' }).count(), 0);
    // What stops it now is its own limit alone.
    assert.deepEqual(await operator.refusedCharge(two.api_key, '5.01'), [402, 'insufficient_funds']);
    await page.getByRole('link', { name: 'Family' }).click();
    assert.deepEqual(await books(page), [
      'Partner: 5.00 / 10.00',
      'End customer 1: -5.00 / 60.00',
      'End customer 2: -25.00 / 30.00',
      'family: -25.00 / 100.00',
    ]);
  });

  await chapter(t, 'the statement of the month adds up, account by account', async () => {
    await opensStatement(page);
    const part = (key) => table(page, `.statement[data-account="${key}"]`);
    assert.deepEqual(await part(primary.api_key), [
      ['Opening balance', '', '0.00'],
      ['Payments received', '1', '70.00'],
      ['Transfers sent', '1', '-45.00'],
      ['sms.send', '1', '-20.00'],
      ['Closing balance', '', '5.00'],
    ]);
    assert.deepEqual(await part(one.api_key), [
      ['Opening balance', '', '0.00'],
      ['Transfers received', '1', '45.00'],
      ['sms.send', '2', '-50.00'],
      ['Closing balance', '', '-5.00'],
      ['Paid by the primary account: sms.send', '1', '-20.00'],
      ['All that the primary account paid', '1', '-20.00'],
    ]);
    assert.deepEqual(await part(two.api_key), [
      ['Opening balance', '', '0.00'],
      ['sms.send', '1', '-25.00'],
      ['Closing balance', '', '-25.00'],
    ]);
    assert.deepEqual(await table(page, '#family'), [
      ['Opening balances', '0.00'],
      ['Payments, less what was paid out', '70.00'],
      ['Charges, less what was given back', '-95.00'],
      ['Closing balances', '-25.00'],
    ]);
    assert.equal(await text(page, '#owed'), '25.00');

    // On paper there is the statement alone, however dark the screen is.
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    for (const place of ['.top', '.no-print']) assert.ok(await page.locator(place).first().isHidden(), place);
    assert.ok(await page.locator('#owed').isVisible());
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).color), 'rgb(27, 28, 30)');
    await page.emulateMedia({ media: null, colorScheme: null });
  });

  await chapter(t, 'end customer 2 leaves: what a close would do is said before it is done', async () => {
    await page.getByRole('link', { name: 'Family' }).click();
    await page.getByRole('link', { name: 'End customer 2', exact: true }).click();
    await page.getByRole('link', { name: 'Close…' }).click();
    assert.deepEqual(await page.locator('#would li').allTextContents(), [
      'Its credentials are dead at once, and its names are never used again. Its journal stays.',
      'Partner takes over 25.00 EUR that it owes.',
      'Partner gets 30.00 EUR of credit limit.',
    ]);
    assert.equal((await operator.account(two.api_key)).status, 'active', 'it was only looked at');
    await page.getByRole('button', { name: 'Close it for good' }).click();
    await page.waitForSelector('#notice');
    assert.equal(await text(page, '#notice'), 'End customer 2 is closed for good.');
    assert.deepEqual(await books(page), [
      'Partner: -20.00 / 40.00',
      'End customer 1: -5.00 / 60.00',
      'family: -25.00 / 100.00',
    ]);
  });

  await chapter(t, 'and signs out', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/console/sign-in');
  });
});

async function givesItsOwnBalance(page, name) {
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Give it a balance of its own' }).click();
  await page.waitForSelector('#notice');
}

/** The partner's statement of this month. */
async function opensStatement(page) {
  await page.getByRole('link', { name: 'Own account' }).click();
  await page.getByRole('link', { name: 'Statements' }).click();
  await page.locator('#months a').first().click();
  await page.waitForSelector('#family');
}
