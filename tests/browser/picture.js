// The picture of a family page that the README shows.

import { statSync } from 'node:fs';
import { Operator } from './operator.js';
import { startTollgate } from './server.js';
import { showcase } from './showcase.js';
import { launch, Visitor } from './visitor.js';

const PATH = new URL('../../docs/console-family.png', import.meta.url).pathname;
const BYTES_MAX = 150_000;

const server = await startTollgate();
const browser = await launch();
try {
  const { primary } = await showcase(new Operator(server), 7);
  const visitor = await Visitor.of(browser, server.base, { viewport: { width: 1100, height: 780 }, colorScheme: 'light' });
  const page = await visitor.signedIn(primary);
  await page.locator('#accounts').waitFor();
  await page.screenshot({ path: PATH, fullPage: true });
  await visitor.leave();
} finally {
  await browser.close();
  await server.stop();
}
const { size } = statSync(PATH);
if (size > BYTES_MAX) throw new Error(`the picture has ${size} bytes, and may have ${BYTES_MAX}`);
console.log(`docs/console-family.png: ${size} bytes`);
