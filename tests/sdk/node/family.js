// A server for a test file, and accounts on it whose credentials the SDK uses.

import { after, before } from 'node:test';
import { Accounts, Secrets } from '@vonage/accounts';
import { Numbers } from '@vonage/numbers';
import { SubAccounts } from '@vonage/subaccounts';
import { Operator } from './operator.js';
import { startTollgate } from './server.js';

/** To be called once, at the top of a test file. */
export function tollgate() {
  let server;
  const here = {
    operator: undefined,

    /** The SDK with these credentials. The two hosts are all that points it at the server. */
    calling(apiKey, apiSecret) {
      const hosts = { apiHost: server.base, restHost: server.base };
      const credentials = { apiKey, apiSecret };
      return {
        apiKey,
        subaccounts: new SubAccounts(credentials, hosts),
        accounts: new Accounts(credentials, hosts),
        numbers: new Numbers(credentials, hosts),
        secrets: new Secrets(credentials, hosts),
      };
    },

    /** A new primary account, the head of a family of its own. */
    async partner(creditLimit = '100') {
      const primary = await here.operator.openPrimary('Partner', creditLimit);
      return here.calling(primary.api_key, primary.secret);
    },
  };

  before(async () => {
    server = await startTollgate();
    here.operator = new Operator(server);
  });
  after(() => server?.stop());
  return here;
}

/** The key of a new subaccount with an own balance. */
export async function opensOwn(partner, name) {
  const { apiKey } = await partner.subaccounts.createSubAccount({ name, usePrimaryAccountBalance: false });
  return apiKey;
}

/** Each account's balance and credit limit as its name's row, and the totals: `{ S1: '-40/-60', S2: '-/-', … }`. */
export async function books(partner) {
  const page = await partner.subaccounts.getSubAccountPage();
  const accounts = [page._embedded.primary_account, ...page._embedded.subaccounts];
  const rows = accounts.map(({ name, balance, credit_limit }) => [name, pair(balance, credit_limit)]);
  return { ...Object.fromEntries(rows), total: pair(page.total_balance, page.total_credit_limit) };
}

function pair(balance, creditLimit) {
  return `${balance ?? '-'}/${creditLimit ?? '-'}`;
}
