// Wherever links lead.

/** Pages that no link leads to, because they are answers to a form or are nobody's to read. */
const NO_PAGES = /\.csv$/;

/**
 * Opens the page at `start`, and every page that links lead to from there. `see(page, path)` looks at each. Of pages for which
 * `kind(path)` says the same, only the first is opened; and if nothing is said, of those that differ in their query alone, because
 * months go on for ever.
 */
export async function walk(page, start, see, kind = withoutQuery) {
  const base = new URL(page.url()).origin;
  const asked = new Set([kind(start)]);
  const waiting = [start];
  while (waiting.length > 0) {
    const path = waiting.shift();
    await page.goto(base + path);
    await see(page, path);
    for (const { pathname, search } of await links(page, base)) {
      const next = pathname + search;
      if (!pathname.startsWith('/console/') || NO_PAGES.test(pathname) || asked.has(kind(next))) continue;
      asked.add(kind(next));
      waiting.push(next);
    }
  }
}

export function withoutQuery(path) {
  return path.split('?')[0];
}

async function links(page, base) {
  const hrefs = await page.locator('a[href]').evaluateAll((all) => all.map((it) => it.href));
  return hrefs.map((it) => new URL(it)).filter((it) => it.origin === base);
}
