// What the server refuses, as the SDK throws it: the class, the status and the whole body.

import assert from 'node:assert/strict';

const GENERAL = 'https://developer.nexmo.com/api-errors#';
const SUBACCOUNTS = 'https://developer.nexmo.com/api-errors/subaccounts#';
const SECRETS = 'https://developer.nexmo.com/api-errors/account/secret-management#';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Asserts that the promise is refused with exactly this; `expected` is without the body's `instance`. */
export async function refuses(promise, expected) {
  const { status, body } = await refused(promise);
  const { instance, ...rest } = body;
  assert.match(instance, UUID);
  assert.deepEqual({ status, body: rest }, expected);
}

/** The status and the body of a refusal. */
export async function refused(promise) {
  const error = await promise.then(
    (answer) => assert.fail(`it was not refused but answered ${JSON.stringify(answer)}`),
    (thrown) => thrown,
  );
  assert.equal(error.constructor.name, 'VetchError', error.stack);
  const { status, headers } = error.response;
  assert.equal(error.message, `Request failed with status code ${status}`);
  assert.match(headers.get('content-type'), /^application\/json(;|$)/);
  return { status, body: await error.response.json() };
}

function problem(status, type, title, detail, rest = {}) {
  return { status, body: { type, title, detail, ...rest } };
}

function validation(status, type, detail, faults) {
  const invalid_parameters = Object.entries(faults).map(([name, reason]) => ({ name, reason }));
  return problem(status, type, 'Bad Request', detail, { invalid_parameters });
}

export const unauthorized = problem(
  401,
  `${GENERAL}unauthorized`,
  'Invalid credentials supplied',
  'You did not provide correct credentials',
);

export const secretsUnauthorized = problem(
  401,
  `${GENERAL}unauthorized`,
  'Unauthorized',
  'Invalid credentials format. Expected: "Authorization: (Base64(UTF-8(apiKey:secret)))"',
);

export const suspended = problem(
  403,
  `${GENERAL}account-suspended`,
  'Account Suspended',
  'This account has been suspended',
);

export const unprovisioned = (apiKey) =>
  problem(
    403,
    `${GENERAL}unprovisioned`,
    'Authorisation error',
    `Account ${apiKey} is not provisioned to access Subaccount Provisioning API`,
  );

export const unknownKey = (apiKey) =>
  problem(
    404,
    `${GENERAL}invalid-api-key`,
    'Invalid API Key',
    `API key '${apiKey}' does not exist, or you do not have access`,
  );

export const notAFamilyTransfer = problem(
  403,
  `${SUBACCOUNTS}valid-transfers`,
  'Invalid Transfer',
  'Transfers are only allowed between a primary account and its subaccount',
);

export const sharesBalance = (apiKey) =>
  problem(
    403,
    `${SUBACCOUNTS}valid-transfers`,
    'Invalid Transfer',
    `Account ${apiKey} shares the balance of its primary account`,
  );

export const insufficient = (what) =>
  problem(403, `${SUBACCOUNTS}valid-transfers`, 'Transfer amount is invalid', `Insufficient ${what}`);

export const invalid = (faults) =>
  validation(422, `${SUBACCOUNTS}validation`, 'The request failed due to validation errors', faults);

export const BAD_AMOUNT = 'Only positive values of data type JSON number are allowed';
export const BAD_NAME = 'Does not meet length requirements';
export const BAD_SECRET = 'Does not meet complexity requirements';
export const NOT_BACK_TO_SHARED =
  "Transitioning from 'use_primary_account_balance = false' to 'use_primary_account_balance = true' is not supported";
export const SAME_ACCOUNTS = 'Invalid accounts. From and To accounts should be different';

/** A refused transfer of a number; `why` ends the sentence. */
export const numberRefusal = (status, { number, from, to }, why) =>
  problem(
    status,
    `${SUBACCOUNTS}${{ 403: 'invalid-number-transfer', 404: 'missing-number-transfer', 409: 'transfer-conflict' }[status]}`,
    status === 409 ? 'Transfer Conflict' : 'Invalid Number Transfer',
    `Could not transfer number ${number} from account ${from} to ${to} - ShortCode ${why}`,
  );

export const foreignNumber = ({ number, from, to }) =>
  problem(
    403,
    `${SUBACCOUNTS}invalid-number-transfer`,
    'Invalid Number Transfer',
    `Failed to perform transfer number ${number} from account ${from} to ${to} - ` +
      'The relationship between these two accounts does not allow for number transfer',
  );

export const bannedNumber = problem(
  403,
  `${SUBACCOUNTS}invalid-number-transfer`,
  'Invalid Number Transfer',
  'One of the accounts involved in the transfer is banned',
);

export const invalidSecret = validation(
  400,
  `${SECRETS}validation`,
  'The request failed due to secret validation errors',
  { secret: BAD_SECRET },
);

export const excessSecret = problem(
  403,
  `${SECRETS}add-excess-secret`,
  'Secret Addition Forbidden',
  'Account reached maximum number [2] of allowed secrets',
);

export const lastSecret = problem(
  403,
  `${SECRETS}delete-last-secret`,
  'Secret Deletion Forbidden',
  'Can not delete the last secret. The account must always have at least 1 secret active at any time',
);

export const secretsOfUnknownKey = (apiKey) =>
  problem(404, `${GENERAL}invalid-api-key`, 'Invalid API Key', `API key '${apiKey}' not found`);

export const unknownSecret = (id) =>
  problem(404, `${GENERAL}invalid-id`, 'Invalid ID', `ID '${id}' could not be found`);
