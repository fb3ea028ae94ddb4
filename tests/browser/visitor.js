// Somebody in front of a browser of its own: no cookie is shared with anybody else. Whatever a browser complains of on any page
// is a fault, and fails the test.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

/** What a person would not wait for any longer. */
const WAIT_MS_MAX = 10_000;

export function launch() {
  // Chromium has no sandbox for root, and says so by not starting.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: process.env.CHROMIUM, args });
}

export class Visitor {
  #context;
  #base;
  #faults = [];

  constructor(context, base) {
    this.#context = context;
    this.#base = base;
    context.setDefaultTimeout(WAIT_MS_MAX);
    this.#watch();
  }

  static async of(browser, base, options) {
    const wide = { viewport: { width: 1280, height: 900 }, locale: 'en-GB', timezoneId: 'Europe/Rome' };
    return new Visitor(await browser.newContext({ ...wide, ...options }), base);
  }

  get context() {
    return this.#context;
  }

  /** What the browser has complained of; reading it forgives it. */
  forgivenFaults() {
    return this.#faults.splice(0);
  }

  /** Another tab. */
  async tab(path = '/console') {
    const page = await this.#context.newPage();
    await page.goto(this.#base + path);
    return page;
  }

  async signedIn({ api_key: name, secret }) {
    const page = await this.tab();
    await page.fill('#name', name);
    await page.fill('#secret', secret);
    await page.click('#sign-in-button');
    await page.waitForSelector('#sign-out');
    return page;
  }

  async signedInAsOperator(token) {
    const page = await this.tab();
    await page.click('#operator summary');
    await page.fill('#token', token);
    await page.click('#sign-in-operator-button');
    await page.waitForSelector('#sign-out');
    return page;
  }

  /** The value of the session's cookie, as a thief would have it. */
  async cookie() {
    const cookies = await this.#context.cookies();
    return cookies.find((it) => it.name === 'tollgate_session')?.value;
  }

  /** Goes home. Whatever the browser has complained of fails the test now. */
  async leave() {
    await this.#context.close();
    assert.deepEqual(this.#faults, [], 'the browser complains');
  }

  #watch() {
    const fault = (what) => this.#faults.push(what);
    // Violations of the Content-Security-Policy are told here, too. Answers that are no success have a watch of their own below.
    this.#context.on('console', (it) => {
      if (it.type() !== 'error' || it.text().startsWith('Failed to load resource')) return;
      fault(`error at ${it.location().url}: ${it.text()}`);
    });
    this.#context.on('weberror', (it) => fault(`exception: ${it.error()}`));
    this.#context.on('dialog', (it) => {
      fault(`a script asks: ${it.message()}`);
      return it.dismiss();
    });
    this.#context.on('request', (it) => {
      if (!it.url().startsWith(`${this.#base}/`)) fault(`asked elsewhere: ${it.url()}`);
    });
    this.#context.on('response', (it) => {
      const isPage = ['document', 'fetch'].includes(it.request().resourceType());
      if (it.status() >= (isPage ? 500 : 400)) fault(`${it.status()} for ${it.url()}`);
    });
  }
}
