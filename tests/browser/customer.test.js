// The end customer sees its own account, and nothing of its siblings or its partner.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyFamily } from './family.js';
import { tollgate } from './house.js';
import { figure, text } from './reading.js';
import { walk } from './walk.js';

const here = tollgate();

test('an end customer sees its own figures, and finds nothing of anybody else on any page that it can reach', async (t) => {
  const { primary, busy, ...others } = await busyFamily(here.operator);
  const customer = await here.visitor(t);
  const page = await customer.signedIn(busy);
  await page.waitForURL(`**/console/accounts/${busy.api_key}`);
  assert.equal(await figure(page, `${busy.api_key}:balance`), '-1.50');
  assert.equal(await figure(page, `${busy.api_key}:credit`), '10.00');
  assert.equal(await figure(page, `${busy.api_key}:held`), '4.00');
  assert.equal(await figure(page, `${busy.api_key}:available`), '4.50');
  assert.equal(await text(page, 'nav[aria-label=Console]'), 'Account');

  const foreign = [primary, ...Object.values(others)].flatMap((it) => [it.name, it.id, it.api_key, it.auth_id]);
  const seen = [];
  await walk(page, `/console/accounts/${busy.api_key}`, async (_, path) => {
    const html = await page.content();
    for (const word of foreign) assert.ok(!html.includes(word), `${path} tells of ${word}`);
    seen.push(path.split('?')[0].split('/')[4] ?? 'overview');
  });
  for (const name of ['overview', 'journal', 'usage', 'statements', 'credentials', 'numbers', 'webhooks', 'refusals']) {
    assert.ok(seen.includes(name), `${name} was not looked at: ${seen}`);
  }
});

test('whoever shares the balance sees its own spending, and not what its partner has', async (t) => {
  const { primary, shared } = await busyFamily(here.operator);
  const customer = await here.visitor(t);
  const page = await customer.signedIn(shared);
  assert.equal(await text(page, '#figures'), 'Its calls are paid from its primary account’s balance.');
  await walk(page, `/console/accounts/${shared.api_key}`, async (_, path) => {
    const html = await page.content();
    for (const word of [primary.name, primary.api_key, '250.00', '227.00', '317.00']) {
      assert.ok(!html.includes(word), `${path} tells of ${word}`);
    }
  });
  await page.goto(`${here.base}/console/accounts/${shared.api_key}/usage`);
  assert.equal(await text(page, '.spent'), '3.00 EUR in all');
});

test('the pages of siblings, of the partner, of strangers and of nobody are not there for an end customer', async (t) => {
  const { primary, busy, shared, closed } = await busyFamily(here.operator);
  const stranger = await busyFamily(here.operator);
  const pages = [];
  const partner = await here.visitor(t);
  const theirs = await partner.signedIn(primary);
  await walk(theirs, `/console/families/${primary.api_key}`, (_, path) => pages.push(path));
  const foreign = pages.filter((it) => !it.includes(busy.api_key));
  assert.ok(foreign.length > 30, `only ${foreign.length} pages`);

  const customer = await here.visitor(t);
  const page = await customer.signedIn(busy);
  const sayings = new Set();
  const strange = [stranger.primary, stranger.busy].map((it) => `/console/accounts/${it.api_key}`);
  const nobody = ['/console/accounts/00000000', `/console/families/${stranger.primary.api_key}`];
  for (const path of [...foreign, ...strange, ...nobody]) {
    const answer = await page.goto(here.base + path);
    assert.equal(answer.status(), 404, path);
    sayings.add(await text(page, '#sorry'));
    const html = await page.content();
    for (const word of [primary.name, shared.name, closed.name]) assert.ok(!html.includes(word), `${path} tells of ${word}`);
  }
  // In the same words, so that nothing says which of them exist.
  assert.equal(sayings.size, 1, [...sayings].join('\n'));

  // Its own settings are its partner's to change, and the operator's pages are nobody's here.
  const forbidden = [`/console/accounts/${busy.api_key}/settings`, `/console/accounts/${busy.api_key}/close`];
  for (const path of [...forbidden, '/console/primaries', '/console/tokens', '/console/prices', '/console/health']) {
    const answer = await page.goto(here.base + path);
    assert.ok([403, 404].includes(answer.status()), `${answer.status()} for ${path}`);
  }
});
