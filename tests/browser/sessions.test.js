// Signing in and out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tollgate } from './house.js';
import { becomes, focused, tabTo, text } from './reading.js';

const here = tollgate();

/** What a thief gets with a cookie: the status, and where he is sent. */
async function stolen(cookie, path) {
  const headers = { cookie: `tollgate_session=${cookie}` };
  const answer = await fetch(here.base + path, { headers, redirect: 'manual' });
  return [answer.status, (answer.headers.get('location') ?? '').split('?')[0]];
}

test('a sign-out ends the session at the server: the cookie is worth nothing, and the other tab is out, too', async (t) => {
  const primary = await here.operator.openPrimary('Partner');
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  const other = await partner.tab(`/console/accounts/${primary.api_key}`);
  const path = `/console/families/${primary.api_key}`;
  const cookie = await partner.cookie();
  assert.deepEqual(await stolen(cookie, path), [200, '']);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL('**/console/sign-in');
  assert.deepEqual(await stolen(cookie, path), [303, '/console/sign-in']);
  assert.deepEqual(await stolen(cookie, `/console/live?accounts=${primary.api_key}`), [204, '']);
  assert.equal(await partner.cookie(), undefined);

  // Where something is booked, the other tab finds out by itself; it does not show a figure more.
  await here.operator.pay(primary.api_key, '1');
  await other.waitForURL('**/console/sign-in?*');
  assert.ok(!(await other.content()).includes(primary.api_key + ':balance'));

  // Whoever goes back sees the sign-in, and not what the browser has kept.
  await page.goBack();
  await page.waitForSelector('#sign-in');
  assert.ok(!(await page.content()).includes('Own balance'));
});

test('whoever signs in again comes back to the page that was asked for', async (t) => {
  const primary = await here.operator.openPrimary('Partner');
  const partner = await here.visitor(t);
  const journal = `/console/accounts/${primary.api_key}/journal`;
  const page = await partner.tab(journal);
  await page.waitForURL('**/console/sign-in?*');
  await page.fill('#name', primary.auth_id);
  await page.fill('#secret', primary.auth_token);
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${journal}`);
});

test('a wrong secret is refused in words, and nothing secret ever stands in an address', async (t) => {
  const primary = await here.operator.openPrimary('Partner');
  const partner = await here.visitor(t);
  const addresses = [];
  partner.context.on('request', (it) => addresses.push(it.url()));
  const page = await partner.tab();
  await page.fill('#name', primary.api_key);
  await page.fill('#secret', `${primary.secret}x`);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#problem');
  assert.match(await text(page, '#problem'), /^That name and that secret do not belong together/);
  assert.equal(await page.inputValue('#name'), primary.api_key);
  assert.equal(await page.inputValue('#secret'), '');
  await page.fill('#secret', primary.secret);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#sign-out');
  assert.ok(addresses.length > 3 && addresses.every((it) => !it.includes(primary.secret)), addresses.join('\n'));
});

test('a credential that is rotated away ends the session that began with it, on the open page', async (t) => {
  const primary = await here.operator.openPrimary('Partner');
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  const other = await here.visitor(t);
  const there = await other.signedIn({ api_key: primary.auth_id, secret: primary.auth_token });
  await there.getByRole('link', { name: 'Own account' }).click();
  await there.getByRole('link', { name: 'Credentials' }).click();
  await there.getByLabel('The others end').selectOption('at once');
  await there.getByRole('button', { name: 'Rotate', exact: true }).click();
  await there.waitForSelector('#credential-page');
  const secret = await text(there, '#secret');

  await page.waitForURL('**/console/sign-in?*');
  await page.fill('#name', primary.api_key);
  await page.fill('#secret', secret);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#sign-out');
});

test('whoever uses the keyboard gets to the content and through the sign-in with it, and sees where it is', async (t) => {
  const primary = await here.operator.openPrimary('Partner');
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'To the content');
  assert.ok((await focused(page)).isSeen, 'the way to the content is not to be seen');
  await page.keyboard.press('Enter');
  await tabTo(page, page.locator('#open-subaccount'));
  await tabTo(page, page.locator('#sign-out'));
  await page.keyboard.press('Enter');
  await page.waitForURL('**/console/sign-in');

  await tabTo(page, page.locator('#operator summary'));
  await page.keyboard.press('Enter');
  await tabTo(page, page.locator('#token'));
  await page.keyboard.type(here.operator.token);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/console/primaries');
});

test('two who sign in with the same browser one after the other do not see what the one before saw', async (t) => {
  const [first, second] = [await here.operator.openPrimary('First'), await here.operator.openPrimary('Second')];
  const shared = await here.visitor(t);
  const page = await shared.signedIn(first);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForSelector('#sign-in');
  await page.fill('#name', second.api_key);
  await page.fill('#secret', second.secret);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#sign-out');
  await becomes(() => text(page, '#who'), `Second · ${second.api_key}`);
  const answer = await page.goto(`${here.base}/console/families/${first.api_key}`);
  assert.equal(answer.status(), 404);
});
