// A server for a test file, Plivo's SDK led to it, and accounts whose credentials it uses.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, mock } from 'node:test';
import plivo from 'plivo';
import { Operator } from './operator.js';
import { startTollgate } from './server.js';

const PLIVO = 'https://api.plivo.com';
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const LIST = /\/v1\/Account\/\w+\/(Subaccount|Application|Endpoint|Number|PhoneNumber)\/(\?|$)/;
const HEADER_OF_STATUS = { 401: 'www-authenticate', 405: 'allow', 429: 'retry-after' };

export const SUBACCOUNT_ID_UNKNOWN = `SA${'0'.repeat(18)}`;
export const APP_ID_UNKNOWN = '1'.repeat(17);
export const ENDPOINT_ID_UNKNOWN = '1'.repeat(14);
export const NUMBER_UNKNOWN = '447700800000';

/** The last answer: `status`, `headers`, `body` without its `api_id`, and the body that was `sent`. */
export const wire = { count: 0 };

/** To be called once, at the top of a test file. */
export function tollgate(...flags) {
  let server;
  const here = {
    operator: undefined,

    /** The SDK with these credentials. */
    calling(authId, authToken) {
      const uri = `/v1/Account/${authId}/`;
      return caller(
        authId,
        uri,
        new plivo.Client(authId, authToken, { url: server.base + uri.slice(0, -1) }),
      );
    },

    /** What leads Vonage's SDK to the same server. */
    vonageHosts() {
      return { apiHost: server.base, restHost: server.base };
    },

    /** A new primary account, the head of a family of its own. */
    async partner(creditLimit = '100') {
      const primary = await here.operator.openPrimary('Partner', creditLimit);
      return here.calling(primary.auth_id, primary.auth_token);
    },

    /** A new enabled subaccount that calls with its own credentials. */
    async subOf(partner, name) {
      const { authId, authToken } = await partner.sdk.subaccounts.create(name, true);
      return here.calling(authId, authToken);
    },
  };

  before(async () => {
    server = await startTollgate(...flags);
    here.operator = new Operator(server);
    leadTo(server.base);
    // The SDK prints each application that it creates.
    mock.method(console, 'log', () => {});
  });
  after(() => server?.stop());
  return here;
}

function caller(authId, uri, sdk) {
  return {
    authId,
    uri,
    sdk,
    async opensApplication(name = 'app', params = {}) {
      const created = await sdk.applications.create(name, { answerUrl: 'https://example.com/a', ...params });
      return created.appId;
    },
    async opensEndpoint(username = 'phone', appId) {
      return (await sdk.endpoints.create(username, 'secret', username, appId)).endpointId;
    },
    async cash() {
      return (await sdk.accounts.get()).cashCredits;
    },
  };
}

/** Applications and endpoints ignore the SDK's `url` option: its HTTP client brings them to the server. */
function leadTo(base) {
  // The SDK's own axios, whose defaults it uses.
  const axios = createRequire(import.meta.resolve('plivo'))('axios');
  const http = axios.getAdapter('http');
  axios.defaults.adapter = async (config) => {
    config.url = config.url.replace(PLIVO, base);
    assert.ok(config.url.startsWith(base), config.url);
    const response = await http(config).catch((error) => {
      if (error.response) remember(error.response);
      throw error;
    });
    remember(response);
    return response;
  };
}

function remember({ status, headers, data, config }) {
  const body = data ? JSON.parse(data) : undefined;
  assertEveryAnswersRules({ status, headers, body, config });
  const { api_id: apiId, ...rest } = body ?? {};
  const sent = config.data ? JSON.parse(config.data) : undefined;
  Object.assign(wire, { count: wire.count + 1, status, headers, apiId, body: rest, sent });
}

function assertEveryAnswersRules({ status, headers, body, config }) {
  assert.match(headers['content-type'], /^application\/json(;|$)/);
  assert.match(headers['x-request-id'], UUID);
  if (status === 204) {
    assert.equal(body, undefined);
    return;
  }
  assert.equal(body.api_id, headers['x-request-id']);
  if (status < 400) {
    // The PHP SDK takes a body with this key for a refusal, whatever the status says.
    assert.ok(!('error' in body));
    return;
  }
  const { api_id: _, error, ...rest } = body;
  assert.equal(typeof error, 'string');
  assert.ok(error);
  const isList = config.method === 'get' && LIST.test(config.url);
  assert.deepEqual(rest, isList ? { objects: [] } : {});
  const header = HEADER_OF_STATUS[status];
  assert.ok(!header || headers[header], header);
}

export const notFound = [404, 'not found'];
export const unauthorized = [401, 'authentication failed'];
export const disabled = [401, 'subaccount is disabled'];
export const methodNotAllowed = [405, 'method not allowed'];

/** Asserts that the promise is refused with this status, and this text or one like it, and that the SDK shows both. */
export async function refuses(promise, [status, text]) {
  const error = await thrown(promise);
  // The SDK's classes are lost on the way, each error is a plain Error: its `status` tells them apart.
  assert.equal(error.status, status, `${error}`);
  if (text instanceof RegExp) assert.match(error.message, text);
  else assert.equal(error.message, text);
  assert.equal(error.apiID, wire.apiId);
}

export async function thrown(promise) {
  return promise.then(
    (answer) => assert.fail(`it was not refused but answered ${JSON.stringify(answer)}`),
    (error) => error,
  );
}

/** A listed field of every object, page after page of the list. */
export async function walk(list, field) {
  const values = [];
  for (let offset = 0; ; offset += 20) {
    const page = await list({ limit: 20, offset });
    if (page.length === 0) return values;
    values.push(...page.map((it) => it[field]));
  }
}
