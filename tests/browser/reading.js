// What people read off a page, and what their hands do on it.

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

const BECOMES_MS_MAX = 10_000;
const TABS_MAX = 80;

/** Asks again until it is so, and fails with what it is when that takes too long. */
export async function becomes(read, expected) {
  const end = Date.now() + BECOMES_MS_MAX;
  let last;
  do {
    last = await read();
    if (isDeepStrictEqual(last, expected)) return;
    await pause(20);
  } while (Date.now() < end);
  assert.deepEqual(last, expected);
}

/** A text as it is typed: blanks are one, and a minus is a hyphen. */
export function plain(text) {
  return (text ?? '').replaceAll('\u2212', '-').replace(/\s+/g, ' ').trim();
}

export async function text(page, selector) {
  return plain(await page.textContent(selector));
}

/** The figure that a page shows under this name, such as `ab12cd34:balance`. */
export function figure(page, name) {
  return text(page, `[data-live="${name}"]`);
}

/**
 * The family page as a list: `Partner: -20.00 / 60.00`, each subaccount likewise, by name, and the whole family. Before the slash
 * is the balance, behind it the credit limit.
 */
export async function books(page) {
  // Behind the name there may be a badge.
  const partner = await page.locator('h1').evaluate((it) => it.firstChild.textContent.trim());
  const [balance, credit, , whole, credits] = await page.locator('#totals dd').allTextContents();
  const rows = await page.locator('#accounts tbody tr').evaluateAll((all) =>
    all.map((row) => {
      const of = (name) => row.querySelector(`[data-name="${name}"]`).textContent;
      return [row.querySelector('.name').textContent, of('Balance'), of('Credit limit')];
    }),
  );
  const subaccounts = rows.map(([name, ...figures]) => `${name}: ${figures[0] ? figures.join(' / ') : 'shared'}`);
  const lines = [`${partner}: ${balance} / ${credit}`, ...subaccounts.sort(), `family: ${whole} / ${credits}`];
  return lines.map(plain);
}

/** The row of an account on a list. */
export function row(page, key) {
  return page.locator(`tr[data-account="${key}"]`);
}

/** What a bar says to those who cannot see it. */
export async function bar(place) {
  return plain(await place.locator('svg.bar').getAttribute('aria-label'));
}

/** The most that can move, by who gives: `{ Partner: [balance, credit limit], … }`. */
export async function movable(page) {
  const rows = await page.locator('#movable tbody tr').evaluateAll((all) =>
    all.map((it) => [...it.children].map((cell) => cell.textContent)),
  );
  return Object.fromEntries(rows.map(([name, ...most]) => [name, most.map(plain)]));
}

/** Both accounts before and after: `{ Partner: { Balance: 'before > after', … }, … }`. */
export async function beforeAndAfter(page) {
  const sides = await page.locator('.side').evaluateAll((all) =>
    all.map((side) => [
      side.querySelector('h2').textContent,
      [...side.querySelectorAll('tbody tr')].map((it) => [...it.children].map((cell) => cell.textContent)),
    ]),
  );
  const told = (rows) =>
    rows.map(([what, before, after]) => [what, before === after ? plain(after) : `${plain(before)} > ${plain(after)}`]);
  return Object.fromEntries(sides.map(([name, rows]) => [name, Object.fromEntries(told(rows))]));
}

/** A table as its rows, each cell as text. */
export async function table(page, selector) {
  const rows = await page.locator(`${selector} tbody tr`).evaluateAll((all) =>
    all.map((it) => [...it.children].map((cell) => cell.textContent)),
  );
  return rows.map((cells) => cells.map(plain));
}

/** Goes there by the Tab key alone. Wherever it stops on the way, people see where they are. */
export async function tabTo(page, target) {
  for (let stop = 0; stop < TABS_MAX; stop += 1) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    assert.ok(at.isSeen, `the focus is not to be seen: ${at.html}`);
    if (await target.evaluate((it) => it === document.activeElement)) return;
  }
  assert.fail(`the Tab key does not lead to ${target}`);
}

/** Where the keyboard is, and whether that is to be seen. */
export function focused(page) {
  return page.evaluate(() => {
    const at = document.activeElement;
    const style = getComputedStyle(at);
    const { top, left, width, height } = at.getBoundingClientRect();
    const isOnScreen = top + height > 0 && left + width > 0 && top < innerHeight && left < innerWidth;
    // The page itself has the focus before its first link and behind its last one.
    const hasRing = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return {
      id: at.id,
      isSeen: at === document.body || (hasRing && isOnScreen),
      html: at.outerHTML.slice(0, 200),
    };
  });
}

/** What happens while the page must not be loaded anew. */
export async function withoutReload(page, work) {
  await page.evaluate(() => Object.assign(globalThis, { isStillHere: true }));
  await work();
  assert.equal(await page.evaluate(() => globalThis.isStillHere), true, 'the page was loaded anew');
}
