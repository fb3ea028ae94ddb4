// A server and a browser for a test file.

import { after, before } from 'node:test';
import { Operator } from './operator.js';
import { startTollgate } from './server.js';
import { launch, Visitor } from './visitor.js';

/** To be called once, at the top of a test file. */
export function tollgate() {
  let server;
  let browser;
  const here = {
    base: undefined,
    operator: undefined,

    /** Somebody who leaves when the test is over. */
    async visitor(t, options = {}) {
      const visitor = await Visitor.of(browser, server.base, options);
      t.after(() => visitor.leave());
      return visitor;
    },
  };

  before(async () => {
    // One after the other: whatever has started when the next one fails is stopped below.
    server = await startTollgate();
    browser = await launch();
    here.base = server.base;
    here.operator = new Operator(server);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  return here;
}
