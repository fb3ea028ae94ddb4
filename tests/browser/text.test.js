// Whatever anybody has written is shown as text. No script of anybody's runs, and the browser has nothing to complain of.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyFamily } from './family.js';
import { tollgate } from './house.js';
import { becomes, figure, plain, text } from './reading.js';
import { walk } from './walk.js';

const here = tollgate();

/** Each gets out of another corner of HTML, were it let. */
const SCRIPTS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror="alert(2)">',
  "'><svg onload=alert(3)>",
  '</title></textarea></select><script>alert(4)</script>',
  '{{7*7}}${7*7}<!--x--&lt;b>javascript:alert(5)',
];

/** All of them, and whose name it is. */
const script = (name) => SCRIPTS.join(` ${name} `);

/** Nothing on the page is there but for what the console itself puts there. */
async function isHarmless(page, path) {
  const strange = await page.locator('img, iframe, object, embed, base, style, [onload], [onerror], [style]').count();
  assert.equal(strange, 0, `${path} has what nobody put there`);
  const scripts = await page.locator('script').evaluateAll((all) => all.map((it) => it.getAttribute('src')));
  assert.deepEqual(scripts, ['/console/script.js'], path);
}

test('script in every name, reference and operation is text on every page', async (t) => {
  const { operator } = here;
  const { primary, busy, shared } = await busyFamily(operator, script);
  // An operation has no blanks, and is shorter.
  const operations = SCRIPTS.map((it) => it.replaceAll(' ', ''));
  for (const operation of operations) await operator.charge(busy.api_key, '0.01', operation);
  const rules = operations.map((operation) => ({ mode: 'charge', path: '/strange', operation, unit_price: '1' }));
  await operator.putPlan('strange', { currency: 'EUR', rules });
  const shown = new Set();
  const names = ['Partner', 'Busy', 'Sharing', 'Late payer', 'Gone', 'bank transfer', 'top-up', 'trust', 'order 1', 'order 2'];
  const everything = [...names.map(script), ...operations];
  const see = async (page, path) => {
    await isHarmless(page, path);
    const words = plain(await page.textContent('body'));
    for (const it of everything) if (words.includes(plain(it))) shown.add(it);
  };

  const customer = await here.visitor(t);
  await walk(await customer.signedIn(busy), `/console/accounts/${busy.api_key}`, see);
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  await walk(page, `/console/families/${primary.api_key}`, see);
  const office = await here.visitor(t);
  const desk = await office.signedInAsOperator(operator.token);
  for (const path of ['/console/primaries', '/console/prices', `/console/accounts/${primary.api_key}/payment`]) {
    await desk.goto(here.base + path);
    await see(desk, path);
  }
  // Whoever is closed is found by who asks for it.
  await page.goto(`${here.base}/console/families/${primary.api_key}?status=closed`);
  await see(page, 'the closed');
  assert.deepEqual([...shown].sort(), [...everything].sort(), 'not all of it was seen');

  // What comes in by the live connection is no other way in.
  await page.goto(`${here.base}/console/families/${primary.api_key}`);
  await operator.charge(shared.api_key, '1', 'sms.send', script('live'));
  await becomes(() => figure(page, `${primary.api_key}:balance`), '226.00');
  await isHarmless(page, 'a page that has moved');
});

test('script that is typed into a form comes back as text', async (t) => {
  const { operator } = here;
  const { primary, busy } = await busyFamily(operator);
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  const words = script('typed');

  await page.goto(`${here.base}/console/accounts/${busy.api_key}`);
  await page.locator('#transfer').click();
  await page.getByLabel('Amount').fill(words.slice(0, 22));
  await page.getByLabel('Reference').fill(words);
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog #problem');
  assert.equal(await page.inputValue('dialog #reference'), words);
  await isHarmless(page, 'the refused transfer');
  await page.getByLabel('Amount').fill('1');
  await page.keyboard.press('Enter');
  await page.locator('#confirm').click();
  await page.waitForSelector('#notice');

  const family = `${here.base}/console/families/${primary.api_key}`;
  await page.goto(`${family}?q=${encodeURIComponent(words)}`);
  assert.equal(await page.getByLabel('Search').inputValue(), words);
  await isHarmless(page, 'the search');
  for (const tail of ['journal?reference=', 'journal?from=', 'refusals?request=', 'usage?month=', 'statements/', 'numbers?page=']) {
    await page.goto(`${here.base}/console/accounts/${busy.api_key}/${tail}${encodeURIComponent(words)}`);
    await isHarmless(page, tail);
  }
  await page.goto(`${family}/open`);
  await page.getByLabel('Name').fill(words);
  await page.getByRole('button', { name: 'Open it' }).click();
  await page.waitForSelector('#opened-page');
  assert.equal(await text(page, 'h1'), plain(`${words} is open`));
  await isHarmless(page, 'the opening');

  await page.click('#sign-out');
  await page.fill('#name', words);
  await page.fill('#secret', words);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#problem');
  await isHarmless(page, 'the sign-in');
});

test('a script that came into a page all the same does not run, and this suite would hear of it', async (t) => {
  const primary = await here.operator.openPrimary('Partner', '100');
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  const run = await page.evaluate(async () => {
    document.querySelector('main').insertAdjacentHTML('beforeend', '<img src="/console/icon.svg" onload="globalThis.ran = 1">');
    const script = document.createElement('script');
    script.textContent = 'globalThis.ran = 2';
    document.body.append(script);
    const elsewhere = document.createElement('script');
    elsewhere.src = 'http://127.0.0.1:9/x.js';
    document.body.append(elsewhere);
    await new Promise((resolve) => elsewhere.addEventListener('error', resolve));
    return globalThis.ran;
  });
  assert.equal(run, undefined, 'it ran');
  const faults = partner.forgivenFaults();
  assert.equal(faults.filter((it) => it.includes('Content Security Policy')).length, 3, faults.join('\n'));
});

test('this suite also hears of an exception, of a question of a script, and of a style sheet that is not there', async (t) => {
  const primary = await here.operator.openPrimary('Partner', '100');
  const partner = await here.visitor(t);
  const page = await partner.signedIn(primary);
  await page.route('**/console/style.css', (route) => route.fulfill({ status: 404 }));
  await page.reload();
  await page.evaluate(() => {
    setTimeout(() => alert('?'));
    setTimeout(() => {
      throw new Error('oops');
    });
  });
  await page.waitForFunction(() => true);
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  const faults = partner.forgivenFaults();
  for (const what of ['exception: Error: oops', 'a script asks: ?', `404 for ${here.base}/console/style.css`]) {
    assert.ok(faults.includes(what), `${what} is not told: ${faults}`);
  }
  assert.equal(await figure(page, `${primary.api_key}:balance`), '0.00');
});
