// What moves by itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tollgate } from './house.js';
import { bar, becomes, figure, row, table, text, withoutReload } from './reading.js';

const here = tollgate();

test('figures, bars and badges move in two tabs at once while a script charges, and no page is loaded anew', async (t) => {
  const { operator } = here;
  const primary = await operator.openPrimary('Partner', '50');
  const { api_key: key } = await operator.openSubaccount(primary.api_key, 'End customer');
  await operator.transfer(primary.api_key, 'credit', key, '40');
  const partner = await here.visitor(t);
  const family = await partner.signedIn(primary);
  const account = await partner.tab(`/console/accounts/${key}`);
  const badge = () => text(family, `[data-live="${key}:badge"]`);
  assert.equal(await badge(), '');
  assert.equal(await bar(row(family, key)), 'balance 0.00, credit limit 40.00, held 0.00, available 40.00');

  await withoutReload(family, () =>
    withoutReload(account, async () => {
      // As a gate does it: one call after the other, more than the page is told of one by one.
      for (let call = 0; call < 37; call += 1) await operator.charge(key, '1');
      const after = 'balance -37.00, credit limit 40.00, held 0.00, available 3.00';
      await becomes(() => bar(row(family, key)), after);
      await becomes(() => bar(account.locator('.big-bar')), after);
      await becomes(badge, 'nearly empty');
      for (const page of [family, account]) {
        await becomes(() => figure(page, `${key}:balance`), '-37.00');
        await becomes(() => figure(page, `${key}:available`), '3.00');
      }
      await becomes(() => figure(family, 'totals:balance'), '-37.00');

      await operator.hold(key, '3');
      for (const page of [family, account]) await becomes(() => figure(page, `${key}:held`), '3.00');
      await becomes(badge, 'nothing available');
      await becomes(() => text(account, `[data-live="${key}:badge"]`), 'nothing available');

      await operator.change(key, { status: 'suspended' });
      await becomes(badge, 'suspended');
      // Its money is back, and so is the way to it.
      await operator.change(key, { status: 'active' });
      await operator.pay(key, '100');
      await becomes(badge, '');
      await becomes(() => figure(family, `${key}:balance`), '63.00');
      await becomes(() => figure(family, 'totals:balance'), '63.00');
    }),
  );
});

test('the partner sees its own account run dry on the page of its family', async (t) => {
  const { operator } = here;
  const primary = await operator.openPrimary('Partner', '5');
  await operator.openSubaccount(primary.api_key, 'End customer', 'shared');
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  await withoutReload(page, async () => {
    await operator.charge(primary.api_key, '5');
    await becomes(() => figure(page, `${primary.api_key}:available`), '0.00');
    await becomes(() => figure(page, `${primary.api_key}:badge`), 'nothing available');
  });
});

test('how many are close to their limit is counted on while the page is open', async (t) => {
  const { operator } = here;
  const primary = await operator.openPrimary('Partner', '100');
  const { api_key: key } = await operator.openSubaccount(primary.api_key, 'End customer');
  await operator.transfer(primary.api_key, 'credit', key, '10');
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  assert.equal(await text(page, '.head p'), '1 subaccount, none close to the limit. All amounts in EUR.');
  await withoutReload(page, async () => {
    await operator.charge(key, '10');
    await becomes(() => text(page, '.head p'), '1 subaccount, 1 close to the limit. All amounts in EUR.');
    await operator.pay(key, '10');
    await becomes(() => text(page, '.head p'), '1 subaccount, none close to the limit. All amounts in EUR.');
  });
});

test('the chart of spending grows, and what was opened on it stays open', async (t) => {
  const { operator } = here;
  const primary = await operator.openPrimary('Partner', '100');
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  await page.goto(`${here.base}/console/accounts/${primary.api_key}/usage`);
  assert.equal(await text(page, '#chart'), 'Nothing was spent in this month.');
  await withoutReload(page, async () => {
    await operator.charge(primary.api_key, '2', 'sms.send');
    await becomes(() => text(page, '.spent'), '2.00 EUR in all');
    await page.getByText('By day').click();
    await operator.charge(primary.api_key, '0.5', 'voice.call');
    await becomes(() => text(page, '.spent'), '2.50 EUR in all');
    assert.equal(await page.locator('#chart details').getAttribute('open'), '');
    const [days] = await table(page, '#chart details');
    assert.equal(days[1], '2.50');
  });
});

test('times are in the zone of whoever reads them, and in UTC for whoever points at them', async (t) => {
  const { operator } = here;
  const primary = await operator.openPrimary('Partner', '100');
  await operator.charge(primary.api_key, '2');
  const zones = [];
  for (const timezoneId of ['Europe/Rome', 'Asia/Kolkata']) {
    const partner = await here.visitor(t, { timezoneId });
    const page = await partner.signedIn(primary);
    await page.goto(`${here.base}/console/accounts/${primary.api_key}/journal`);
    const [shown, title, at] = await page
      .locator('#journal time')
      .first()
      .evaluate((it) => [it.textContent, it.title, it.dateTime]);
    const format = { dateStyle: 'medium', timeStyle: 'medium', timeZone: timezoneId };
    assert.equal(shown, new Intl.DateTimeFormat('en-GB', format).format(new Date(at)));
    assert.equal(title, `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`);
    zones.push(shown);
  }
  assert.notEqual(zones[0], zones[1]);
});
