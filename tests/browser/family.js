// A family in which something of everything has happened, so that no page of it is empty.

/** A partner with four subaccounts: busy, shared, suspended and closed. Each as its opening answered, secrets included. */
export async function busyFamily(operator, named = (name) => name) {
  const primary = await operator.openPrimary(named('Partner'), '100');
  const key = primary.api_key;
  // Nobody listens there; what becomes of the deliveries is to be seen all the same.
  await operator.makeWebhook(primary, `https://127.0.0.1/${key}`);
  const open = (name, balance) => operator.openSubaccount(key, named(name), balance);
  await operator.pay(key, '250', named('bank transfer'));
  const busy = await open('Busy');
  await operator.makeWebhook(busy, `https://127.0.0.1/${busy.api_key}`);
  const shared = await open('Sharing', 'shared');
  const suspended = await open('Late payer');
  const closed = await open('Gone');

  await operator.transfer(key, 'balance', busy.api_key, '20', named('top-up'));
  await operator.transfer(key, 'credit', busy.api_key, '10', named('trust'));
  await operator.charge(busy.api_key, '12.5', 'sms.send', named('order 1'));
  await operator.charge(busy.api_key, '9', 'voice.call', named('order 2'));
  await operator.charge(shared.api_key, '3', 'lookup', named('order 3'));
  await operator.hold(busy.api_key, '4');
  await operator.refusedCharge(busy.api_key, '99');
  await operator.change(busy.api_key, {
    alerts: { low: '6', recovered: '15' },
    caps: { day: '50', month: '500', time_zone: 'Europe/Rome' },
  });
  await operator.change(suspended.api_key, { status: 'suspended' });
  await operator.close(closed.api_key);
  await operator.post('/api/v1/numbers', { account: busy.api_key, country: 'GB', msisdn: number(), features: ['SMS'] });
  return { primary, busy, shared, suspended, closed };
}

// One server for all families of a file, so every number is given out once.
let numbers = 0;

function number() {
  numbers += 1;
  return `447700${String(numbers).padStart(6, '0')}`;
}
