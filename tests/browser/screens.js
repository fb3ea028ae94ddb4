// Pictures of the pages that matter most, to be looked at: families of 0, 3 and 5,000 subaccounts, narrow and wide, light and dark.

import { mkdirSync, rmSync } from 'node:fs';
import { Operator } from './operator.js';
import { startTollgate } from './server.js';
import { showcase } from './showcase.js';
import { launch, Visitor } from './visitor.js';

const FOLDER = new URL('./screens/', import.meta.url).pathname;
const SIZES = [0, 3, 5_000];
const WIDTHS = [360, 1280];
const SCHEMES = ['light', 'dark'];
/** A picture is cut off here: of 5,000 accounts nobody looks at more. */
const HEIGHT_MAX = 3_000;

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
const server = await startTollgate();
const browser = await launch();
try {
  const families = [];
  for (const size of SIZES) {
    const started = Date.now();
    families.push({ size, ...(await showcase(new Operator(server), size)) });
    console.log(`a family of ${size} in ${((Date.now() - started) / 1_000).toFixed(1)} s`);
  }
  let taken = 0;
  for (const width of WIDTHS) {
    for (const colorScheme of SCHEMES) {
      for (const family of families) taken += await picturesOf(family, width, colorScheme);
    }
  }
  console.log(`${taken} pictures in tests/browser/screens`);
} finally {
  await browser.close();
  await server.stop();
}

/** All pages of one family; how many pictures that made. */
async function picturesOf({ size, primary, subaccounts }, width, colorScheme) {
  const visitor = await Visitor.of(browser, server.base, {
    viewport: { width, height: width < 600 ? 740 : 900 },
    colorScheme,
    reducedMotion: 'reduce',
  });
  let taken = 0;
  const take = async (page, name) => {
    const [wide, high] = await page.evaluate(() => {
      const { scrollWidth, scrollHeight } = document.documentElement;
      return [scrollWidth, scrollHeight];
    });
    if (wide > width) throw new Error(`${name} scrolls sideways at ${width} px: it is ${wide} wide`);
    const isDialog = await page.locator('dialog[open]').count();
    const whole = { fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(high, HEIGHT_MAX) } };
    await page.screenshot({ path: `${FOLDER}${name}-${size}-${width}-${colorScheme}.png`, ...(isDialog ? {} : whole) });
    taken += 1;
  };

  if (size === SIZES[0]) await take(await visitor.tab('/console/sign-in'), 'sign-in');
  const page = await visitor.signedIn(primary);
  const see = async (path, name) => {
    await page.goto(server.base + path);
    await take(page, name);
  };
  await see(`/console/families/${primary.api_key}`, 'family');
  // Without subaccounts the account to look at is its own.
  const account = (subaccounts[1] ?? primary).api_key;
  await see(`/console/accounts/${account}`, 'account');
  if (size > 0) {
    await page.locator('#transfer').click();
    await page.waitForSelector('dialog[open] #transfer-form');
    await take(page, 'transfer');
    await page.getByLabel('Amount').fill('12.50');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open] #confirm-form');
    await take(page, 'transfer-confirm');
  }
  await see(`/console/accounts/${primary.api_key}/statements/${new Date().toISOString().slice(0, 7)}`, 'statement');
  await visitor.leave();
  return taken;
}
