// Every page of all three roles, narrow and wide, light and dark: axe-core finds nothing, and nothing scrolls sideways.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { faults } from './axe.js';
import { busyFamily } from './family.js';
import { tollgate } from './house.js';
import { walk } from './walk.js';

const here = tollgate();

const WIDTHS = [360, 1280];
const SCHEMES = ['light', 'dark'];

/** Looks at the page as it stands, in all its forms. */
async function isGood(page, what) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    const tooWide = await page.evaluate(() =>
      [document.documentElement, ...document.querySelectorAll('dialog[open]')]
        .filter((it) => it.scrollWidth > it.clientWidth)
        .map((it) => `${it.localName} is ${it.scrollWidth} wide and shows ${it.clientWidth}`),
    );
    assert.deepEqual(tooWide, [], `${what} scrolls sideways at ${width} px`);
    assert.deepEqual(await nameless(page), [], `${what} has figures that do not say what they are at ${width} px`);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      assert.deepEqual(await faults(page), [], `${what}, ${width} px, ${colorScheme}`);
    }
  }
}

/** Figures of a table whose headings are out of sight, and that have no name beside them. */
function nameless(page) {
  return page.locator('table.stack td.money').evaluateAll((all) =>
    all
      .filter((it) => it.textContent.trim() && it.closest('table').tHead.getBoundingClientRect().right < 0)
      .filter((it) => !it.dataset.name || getComputedStyle(it, '::before').content === 'none')
      .map((it) => it.outerHTML),
  );
}

// Which pages there are, the console itself says; so none that comes to it is forgotten here.
const TABLE = readFileSync(new URL('../../crates/tollgate/src/console/mod.rs', import.meta.url), 'utf8');
const NO_PAGES = ['/console', '/console/live', '/console/style.css', '/console/script.js', '/console/icon.svg'];
const PAGES = [...TABLE.matchAll(/Route::get\(\s*"([^"]+)",\s*(\w+)/g)]
  .map(([, path, who]) => ({ path, who, fits: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`) }))
  .filter(({ path }) => !NO_PAGES.includes(path) && !path.endsWith('.csv'));

/** The row of that table which a path is of; the one with the fewest parameters, as `/primaries/open` is no account's. */
function route(path) {
  const fitting = PAGES.filter((it) => it.fits.test(path.split('?')[0])).map((it) => it.path);
  return fitting.sort((one, other) => one.split('{').length - other.split('{').length)[0];
}

/** What of the table whoever is one of these may ask for. */
function pagesFor(...who) {
  const pages = PAGES.filter((it) => who.includes(it.who)).map((it) => it.path);
  assert.ok(pages.length >= 8, `only ${pages.length} pages: the table has moved`);
  return pages;
}

/** All kinds of page that links lead to; of accounts the one that has most to show. */
async function looksAround(page, start, { primary, busy, shared }, expected) {
  const seen = new Set();
  const see = async (_, path) => {
    seen.add(route(path));
    await isGood(page, path);
  };
  const of = (key) => [primary, busy, shared].findIndex((it) => it.api_key === key);
  await walk(page, start, see, (path) => {
    const key = /[0-9a-f]{8}/.exec(path)?.[0];
    // All of the primary's and the busy one's, what is different for one that shares, and nothing of others.
    const kind = ['primary', 'busy', 'shared'][of(key)];
    if (key && (!kind || (kind === 'shared' && !/[0-9a-f]{8}(\/settings)?$/.test(path)))) return 'seen elsewhere';
    return `${kind} ${route(path)}`;
  });
  const forgotten = expected.filter((it) => !seen.has(it));
  assert.deepEqual(forgotten, [], 'no link leads there');
}

test("the partner's pages are good to read and to use for everybody", async (t) => {
  const family = await busyFamily(here.operator);
  const partner = await here.visitor(t);
  const page = await partner.signedIn(family.primary);
  await looksAround(page, `/console/families/${family.primary.api_key}`, family, pagesFor('SignedIn', 'Manager'));
});

test("the end customer's pages are good to read and to use for everybody", async (t) => {
  const family = await busyFamily(here.operator);
  const customer = await here.visitor(t);
  const page = await customer.signedIn(family.busy);
  await looksAround(page, `/console/accounts/${family.busy.api_key}`, family, pagesFor('SignedIn'));
});

test("the operator's pages are good to read and to use for everybody", async (t) => {
  const { operator } = here;
  const family = await busyFamily(operator);
  const rules = [{ mode: 'charge', method: 'POST', path: '/messages', operation: 'sms.send', unit_price: '0.05' }];
  await operator.putPlan('retail', { currency: 'EUR', default: true, rules });
  await operator.post('/api/v1/numbers', { country: 'GB', msisdn: '447700900123', cost: '1.25' });
  const office = await here.visitor(t);
  const page = await office.signedInAsOperator(operator.token);
  await looksAround(page, '/console/primaries', family, pagesFor('SignedIn', 'Manager', 'Operator'));
});

test('so are the answers to forms, dialogs, refusals and what is shown once', async (t) => {
  const { operator } = here;
  const { primary, busy, shared } = await busyFamily(operator);
  const nobody = await here.visitor(t);
  const gate = await nobody.tab('/console/sign-in?ended');
  await isGood(gate, 'the sign-in');
  await gate.fill('#name', 'nobody');
  await gate.fill('#secret', 'nothing');
  await gate.keyboard.press('Enter');
  await gate.waitForSelector('#problem');
  await gate.click('#operator summary');
  await isGood(gate, 'the refused sign-in');

  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  const account = `${here.base}/console/accounts/${busy.api_key}`;
  await page.goto(account);
  await page.locator('#transfer').click();
  await page.waitForSelector('dialog[open] #transfer-form');
  await isGood(page, 'the dialog of a transfer');
  await page.getByLabel('Amount').fill('100000');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog #problem');
  await isGood(page, 'the refused transfer');
  await page.getByLabel('Amount').fill('5');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog #confirm-form');
  await isGood(page, 'before and after');
  await page.locator('#confirm').click();
  await page.waitForSelector('#notice');
  await isGood(page, 'the transfer that is done');

  await page.goto(`${here.base}/console/families/${primary.api_key}/open`);
  await page.getByLabel('Name').fill('x'.repeat(255));
  await page.keyboard.press('Enter');
  await page.waitForSelector('#opened-page');
  await isGood(page, 'the opening, with the longest name there is');
  await page.getByRole('link', { name: 'To the account' }).click();
  await isGood(page, 'the account with the longest name there is');
  await page.goto(`${here.base}/console/families/${primary.api_key}`);
  await isGood(page, 'its family');
  await page.goto(`${account}/credentials`);
  await page.locator('#rotate').click();
  await page.waitForSelector('#credential-page');
  await isGood(page, 'the new credential');
  await page.goto(`${here.base}/console/accounts/${primary.api_key}/webhooks`);
  await page.getByLabel('Address').fill('https://127.0.0.1/hook');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#made');
  await isGood(page, 'the new webhook');
  for (const path of [`${account}/none`, `${account}/journal?from=yesterday`, `${account}/journal?operation=none`, `${account}/refusals?request=none`]) {
    await page.goto(path);
    await isGood(page, path);
  }
  await page.goto(`${here.base}/console/families/${primary.api_key}?q=nobody`);
  await isGood(page, 'a search without a find');
  await operator.change(primary.api_key, { status: 'suspended' });
  await page.goto(account);
  await page.waitForSelector('#sorry');
  await isGood(page, 'what a suspended partner is told');

  const empty = await operator.openPrimary('Empty');
  const fresh = await here.visitor(t);
  const first = await fresh.signedIn(empty);
  await looksAround(first, `/console/families/${empty.api_key}`, { primary: empty, busy, shared }, []);

  const office = await here.visitor(t);
  const desk = await office.signedInAsOperator(operator.token);
  await desk.goto(`${here.base}/console/tokens`);
  await desk.getByRole('button', { name: 'Make a token' }).click();
  await desk.waitForSelector('#made');
  await isGood(desk, 'the new token');
  await desk.goto(`${here.base}/console/accounts/${primary.api_key}`);
  await desk.locator('#payment').click();
  await desk.waitForSelector('dialog[open]');
  await isGood(desk, 'the dialog of a payment');
});

test('axe finds what is at fault, and a page that is too wide is noticed', async (t) => {
  const primary = await here.operator.openPrimary('Partner');
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  await isGood(page, 'the page as it is');
  const faultOf = async (html) => {
    await page.reload();
    await page.evaluate((it) => document.querySelector('main').insertAdjacentHTML('beforeend', it), html);
    const { message } = await isGood(page, 'a page with a fault').then(() => assert.fail('not noticed'), (it) => it);
    return message;
  };
  assert.match(await faultOf('<button></button>'), /critical button-name/);
  assert.match(await faultOf('<input name="x">'), /critical label/);
  assert.match(await faultOf('<img src="/console/icon.svg">'), /critical image-alt/);
  // A soft colour on the ground of a button: too little to be read, light and dark.
  assert.match(await faultOf('<p class="soft button main">hard to read</p>'), /serious color-contrast/);
  assert.match(await faultOf(`<p>${'wide'.repeat(100)}</p>`), /scrolls sideways at 360 px/);
});
