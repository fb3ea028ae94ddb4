// axe-core on a page. The debugger hands it in, because the console lets nobody else's script run.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds, each fault as a line: how serious, which rule, where. */
export async function faults(page) {
  const session = await page.context().newCDPSession(page);
  try {
    const isThere = await evaluate(session, 'typeof axe === "object"');
    if (!isThere) await evaluate(session, `${AXE}; true`);
    const violations = await evaluate(session, 'axe.run().then((it) => it.violations)');
    return violations.flatMap(({ id, impact, nodes }) => nodes.map((it) => line(id, impact, it)));
  } finally {
    await session.detach();
  }
}

function line(id, impact, { html, failureSummary }) {
  return `${impact} ${id}: ${html.slice(0, 200)} (${failureSummary.replace(/\s+/g, ' ').slice(0, 300)})`;
}

async function evaluate(session, expression) {
  const asked = { expression, awaitPromise: true, returnByValue: true };
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', asked);
  if (exceptionDetails) throw new Error(`axe did not run: ${exceptionDetails.exception?.description}`);
  return result.value;
}
