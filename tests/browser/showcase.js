// Families as partners have them, for pictures: some accounts that stand out, and as many more as are wanted.

const OPERATIONS = ['sms.send', 'voice.call', 'lookup'];
/** How many requests are on their way at once. */
const AT_ONCE = 32;

/** Those that stand out: what each stands at in the end, and what it has spent until then. */
const SOME = [
  { name: 'Department A', balance: -8.7, credit: 10, held: 1, spent: 10 },
  { name: 'Northwind Chat', balance: 182.4, credit: 100, held: 30, spent: 61.2 },
  { name: 'Wayne Enterprises', balance: -50, credit: 50, spent: 62.5 },
  { name: 'Globex Telecom', balance: 940, credit: 250, held: 120, spent: 1212.35 },
  { name: 'Initech', balance: 12.5, spent: 3.5, status: 'suspended' },
  { name: 'Kontoso Ltd', balance: -31.05, credit: 200, spent: 231.05 },
  { name: 'Reynholm Industries', mode: 'shared', spent: 17.25 },
];

/** A partner with so many subaccounts: as its opening answered, with theirs. */
export async function showcase(operator, count, name = 'Acme Partner') {
  const primary = await operator.openPrimary(name, '2000');
  await operator.pay(primary.api_key, String(3_000 + count * 300), 'bank transfer');
  const subaccounts = new Array(count);
  await atOnce(count, async (at) => {
    subaccounts[at] = await opened(operator, primary.api_key, SOME[at] ?? another(at), at);
  });
  return { primary, subaccounts };
}

/** One that does not stand out; spread, so that the nearest to their limit are not those that came first. */
function another(at) {
  const name = `Customer ${String(at + 1).padStart(4, '0')}`;
  return { name, balance: ((at * 7_919) % 5_000) / 10 + 0.5, credit: at % 700 === 0 ? 10 : 0 };
}

async function opened(operator, primary, { name, balance = 0, credit = 0, held = 0, spent = 0, mode, status }, at) {
  const account = await operator.openSubaccount(primary, name, mode);
  const key = account.api_key;
  const toppedUp = mode === 'shared' ? 0 : balance + spent;
  if (toppedUp > 0) await operator.transfer(primary, 'balance', key, toppedUp.toFixed(2), 'top-up');
  if (credit > 0) await operator.transfer(primary, 'credit', key, String(credit));
  // In three parts, which come to the whole to the cent.
  const cents = Math.round(spent * 100);
  const parts = [Math.floor(cents / 2), Math.floor(cents / 3)];
  for (const [n, part] of [...parts, cents - parts[0] - parts[1]].entries()) {
    if (part > 0) await operator.charge(key, (part / 100).toFixed(2), OPERATIONS[n], `order ${at + 1}${n}`);
  }
  if (held > 0) await operator.hold(key, String(held));
  if (status) await operator.change(key, { status });
  return account;
}

async function atOnce(count, work) {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const at = next;
      next += 1;
      await work(at);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
