// Applications and endpoints.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  APP_ID_UNKNOWN,
  ENDPOINT_ID_UNKNOWN,
  notFound,
  refuses,
  SUBACCOUNT_ID_UNKNOWN,
  tollgate,
  walk,
  wire,
} from './plivo-family.js';

const here = tollgate('--plivo-rate-limit', '0');

const ANSWER = 'https://example.com/answer';
const md5 = (text) => createHash('md5').update(text).digest('hex');
const names = (page) => page.map(({ appName }) => appName);

test('an application is created and shown whole, in the list too', async () => {
  const { sdk, uri } = await here.partner();
  const { appId, message } = await sdk.applications.create('Wayne-App_1', {
    answerUrl: ANSWER,
    answerMethod: 'GET',
    hangupUrl: 'https://example.com/hangup',
    fallbackAnswerUrl: 'https://example.com/fallback',
    messageUrl: 'https://example.com/message',
    logIncomingMessages: false,
    publicUri: true,
  });
  assert.deepEqual(
    [wire.status, message, wire.body],
    [201, 'created', { app_id: appId, message: 'created' }],
  );
  assert.match(appId, /^\d{17}$/);

  const got = await sdk.applications.get(appId);
  const shown = {
    answer_method: 'GET',
    answer_url: ANSWER,
    app_id: appId,
    app_name: 'Wayne-App_1',
    application_type: 'XML',
    default_app: false,
    default_endpoint_app: false,
    enabled: true,
    fallback_answer_url: 'https://example.com/fallback',
    fallback_method: 'POST',
    hangup_method: 'POST',
    hangup_url: 'https://example.com/hangup',
    log_incoming_message: false,
    log_incoming_messages: false,
    message_method: 'POST',
    message_url: 'https://example.com/message',
    public_uri: true,
    resource_uri: `${uri}Application/${appId}/`,
    sip_uri: `sip:${appId}@app.plivo.com`,
    sub_account: null,
  };
  assert.deepEqual(wire.body, shown);
  assert.deepEqual([got.appId, got.answerUrl, got.logIncomingMessage], [appId, ANSWER, false]);

  const [listed] = await sdk.applications.list();
  assert.deepEqual(wire.body.objects, [shown]);
  assert.deepEqual([listed.appId, listed.appName], [appId, 'Wayne-App_1']);
});

test('an application needs no more than a name', async () => {
  const { sdk } = await here.partner();
  const { appId } = await sdk.applications.create('app');
  assert.deepEqual(wire.sent, { app_name: 'app' });
  const got = await sdk.applications.get(appId);
  assert.deepEqual([got.answerMethod, got.logIncomingMessage, got.enabled], ['POST', true, true]);
  assert.ok(!got.answerUrl);
});

test('an update changes what is given and leaves the rest', async () => {
  const { sdk } = await here.partner();
  const { appId } = await sdk.applications.create('app', { answerUrl: ANSWER, defaultNumberApp: true });
  const answer = await sdk.applications.update(appId, { messageUrl: 'https://example.com/m' });
  assert.deepEqual([wire.status, wire.body, answer.message], [202, { message: 'changed' }, 'changed']);
  await sdk.applications.get(appId);
  assert.deepEqual(
    [wire.body.answer_url, wire.body.message_url, wire.body.default_app],
    [ANSWER, 'https://example.com/m', true],
  );
});

test('an application goes under a subaccount and back', async () => {
  const partner = await here.partner();
  const { sdk } = partner;
  const { authId: subaccount } = await sdk.subaccounts.create('S1', true);
  const created = await partner.opensApplication('created', { subaccount });
  const moved = await partner.opensApplication('moved');
  await sdk.applications.update(moved, { subaccount });
  for (const appId of [created, moved]) {
    assert.equal((await sdk.applications.get(appId)).subAccount, `/v1/Account/${subaccount}/`);
  }
  assert.deepEqual(names(await sdk.applications.list({ subaccount })), ['moved', 'created']);

  await sdk.applications.update(moved, { subaccount: '' });
  assert.equal((await sdk.applications.get(moved)).subAccount, null);
  assert.deepEqual(names(await sdk.applications.list({ subaccount })), ['created']);
  assert.deepEqual(names(await sdk.applications.list({ app_name: 'moved' })), ['moved']);
  assert.deepEqual(names(await sdk.applications.list()), ['moved', 'created']);
});

test('applications and endpoints have pages, newest first', async () => {
  const partner = await here.partner();
  const { sdk } = partner;
  const expected = Array.from({ length: 23 }, (_, n) => `n${22 - n}`);
  for (const name of expected.toReversed()) {
    await partner.opensApplication(name);
    await partner.opensEndpoint(name);
  }
  assert.deepEqual(await walk((page) => sdk.applications.list(page), 'appName'), expected);
  assert.deepEqual(await walk((page) => sdk.endpoints.list(page), 'alias'), expected);
});

test('a deleted application takes its endpoints with it unless told otherwise', async () => {
  const partner = await here.partner();
  const { sdk } = partner;
  const stays = await partner.opensEndpoint('stays');
  for (const params of [undefined, {}, { cascade: true }]) {
    const appId = await partner.opensApplication();
    const phone = await partner.opensEndpoint('phone', appId);
    assert.equal(await sdk.applications.delete(appId, params), true);
    assert.equal(wire.status, 204);
    await refuses(sdk.applications.get(appId), notFound);
    await refuses(sdk.endpoints.get(phone), notFound);
  }
  assert.equal((await sdk.endpoints.get(stays)).alias, 'stays');
});

test('an application deleted without cascade leaves its endpoints, without one or with another', async () => {
  const partner = await here.partner();
  const { sdk, uri } = partner;
  const other = await partner.opensApplication('other');
  for (const [params, application] of [
    [{ cascade: false }, null],
    [{ cascade: false, newEndpointApplication: other }, `${uri}Application/${other}/`],
  ]) {
    const appId = await partner.opensApplication();
    const phone = await partner.opensEndpoint('phone', appId);
    assert.equal(await sdk.applications.delete(appId, params), true);
    assert.equal(wire.sent.cascade, 'false');
    assert.equal((await sdk.endpoints.get(phone)).application, application);
  }
});

test('the default application of endpoints is one at most', async () => {
  const partner = await here.partner();
  const { sdk, uri } = partner;
  const first = await partner.opensApplication('first', { defaultEndpointApp: true });
  const phone = await partner.opensEndpoint();
  assert.equal((await sdk.endpoints.get(phone)).application, `${uri}Application/${first}/`);
  const second = await partner.opensApplication('second', { defaultEndpointApp: 'true' });
  assert.equal((await sdk.applications.get(first)).defaultEndpointApp, false);
  assert.equal((await sdk.applications.get(second)).defaultEndpointApp, true);
});

test('an endpoint is created and shown whole, in the list too', async () => {
  const partner = await here.partner();
  const { sdk, uri } = partner;
  const appId = await partner.opensApplication();
  const created = await sdk.endpoints.create('callme', 'testpassword', 'call-me', appId);
  const { endpointId, username } = created;
  assert.equal(wire.status, 201);
  assert.deepEqual(wire.body, { alias: 'call-me', endpoint_id: endpointId, message: 'created', username });
  assert.match(endpointId, /^\d{14}$/);
  assert.match(username, /^callme\d{12}$/);

  const got = await sdk.endpoints.get(endpointId);
  const shown = {
    alias: 'call-me',
    application: `${uri}Application/${appId}/`,
    endpoint_id: endpointId,
    // The figure of Plivo's own documentation.
    password: 'e16b2ab8d12314bf4efbd6203906ea6c',
    resource_uri: `${uri}Endpoint/${endpointId}/`,
    sip_registered: 'false',
    sip_uri: `sip:${username}@phone.plivo.com`,
    sub_account: null,
    username,
  };
  assert.deepEqual(wire.body, shown);
  assert.deepEqual([got.endpointId, got.sipRegistered, got.subAccount], [endpointId, 'false', null]);

  const [listed] = await sdk.endpoints.list();
  assert.deepEqual(wire.body.objects, [shown]);
  assert.equal(listed.endpointId, endpointId);
});

test('an update of an endpoint changes what is given and leaves the rest; a delete is once', async () => {
  const partner = await here.partner();
  const { sdk, uri } = partner;
  const appId = await partner.opensApplication();
  const endpointId = await partner.opensEndpoint('before');
  const answer = await sdk.endpoints.update(endpointId, { alias: 'after' });
  assert.deepEqual([wire.status, answer.message, answer.alias], [202, 'changed', 'after']);
  let got = await sdk.endpoints.get(endpointId);
  assert.deepEqual([got.alias, got.password, got.application], ['after', md5('secret'), null]);
  await sdk.endpoints.update(endpointId, { password: 'another', appId });
  got = await sdk.endpoints.get(endpointId);
  const application = `${uri}Application/${appId}/`;
  assert.deepEqual([got.alias, got.password, got.application], ['after', md5('another'), application]);

  assert.equal(await sdk.endpoints.delete(endpointId), true);
  assert.equal(wire.status, 204);
  await refuses(sdk.endpoints.delete(endpointId), notFound);
});

test('a subaccount owns what it creates and sees nothing else', async () => {
  const partner = await here.partner();
  const [mainApp, mainPhone] = [await partner.opensApplication('main'), await partner.opensEndpoint('main')];
  const sub = await here.subOf(partner, 'S1');
  const appId = await sub.opensApplication('mine');
  const endpointId = await sub.opensEndpoint('mine', appId);

  const application = await sub.sdk.applications.get(appId);
  const endpoint = await sub.sdk.endpoints.get(endpointId);
  const subAccount = `/v1/Account/${sub.authId}/`;
  assert.deepEqual([application.subAccount, endpoint.subAccount], [subAccount, subAccount]);
  assert.equal(application.resourceUri, `${sub.uri}Application/${appId}/`);
  assert.equal(endpoint.application, application.resourceUri);
  assert.deepEqual(names(await sub.sdk.applications.list()), ['mine']);
  assert.equal((await sub.sdk.endpoints.list()).length, 1);
  await refuses(sub.sdk.applications.get(mainApp), notFound);
  await refuses(sub.sdk.endpoints.get(mainPhone), notFound);

  assert.deepEqual(names(await partner.sdk.applications.list()), ['mine', 'main']);
  const seen = await partner.sdk.endpoints.get(endpointId);
  assert.equal(seen.resourceUri, `${partner.uri}Endpoint/${endpointId}/`);
  assert.equal(seen.application, `${partner.uri}Application/${appId}/`);

  await sub.sdk.applications.update(appId, { answerUrl: ANSWER });
  await sub.sdk.endpoints.update(endpointId, { alias: 'after' });
  await sub.sdk.endpoints.delete(endpointId);
  await sub.sdk.applications.delete(appId);
  assert.deepEqual(names(await partner.sdk.applications.list()), ['main']);
});

test('an argument that cannot be is refused by its name', async () => {
  const partner = await here.partner();
  const stranger = await here.partner();
  const { sdk } = partner;
  const theirs = await stranger.opensApplication();
  const { authId: theirSub } = await stranger.sdk.subaccounts.create('Theirs', true);
  for (const name of ['with space', 'ä', 'x'.repeat(256)]) {
    await refuses(sdk.applications.create(name), [400, /app_name/]);
  }
  for (const subaccount of [SUBACCOUNT_ID_UNKNOWN, theirSub, 'no-id']) {
    await refuses(sdk.applications.create('app', { subaccount }), [400, /subaccount/]);
  }
  for (const [params, argument] of [
    [{ answerMethod: 'PUT' }, /answer_method/],
    [{ answerUrl: 'no url' }, /answer_url/],
    [{ defaultNumberApp: 'perhaps' }, /default_number_app/],
  ]) {
    await refuses(sdk.applications.create('app', params), [400, argument]);
  }
  for (const [username, password, alias, argument] of [
    ['1phone', 'secret', 'phone', /username/],
    ['x'.repeat(26), 'secret', 'phone', /username/],
    ['phone', 'four', 'phone', /password/],
    ['phone', 'secret', ' ', /alias/],
  ]) {
    await refuses(sdk.endpoints.create(username, password, alias), [400, argument]);
  }
  for (const appId of [APP_ID_UNKNOWN, theirs]) {
    await refuses(sdk.endpoints.create('phone', 'secret', 'phone', appId), [400, /app_id/]);
  }
  assert.deepEqual([...(await sdk.applications.list())], []);
  assert.deepEqual([...(await sdk.endpoints.list())], []);
});

test('an application or endpoint of nobody or of somebody else is not found', async () => {
  const { sdk } = await here.partner();
  const stranger = await here.partner();
  const [app, phone] = [await stranger.opensApplication(), await stranger.opensEndpoint()];
  for (const appId of [APP_ID_UNKNOWN, app]) {
    await refuses(sdk.applications.get(appId), notFound);
    await refuses(sdk.applications.update(appId, { answerUrl: ANSWER }), notFound);
    await refuses(sdk.applications.delete(appId), notFound);
  }
  for (const endpointId of [ENDPOINT_ID_UNKNOWN, phone]) {
    await refuses(sdk.endpoints.get(endpointId), notFound);
    await refuses(sdk.endpoints.update(endpointId, { alias: 'mine' }), notFound);
    await refuses(sdk.endpoints.delete(endpointId), notFound);
  }
  assert.equal((await stranger.sdk.endpoints.get(phone)).alias, 'phone');
});
