// Starts a real tollgate on a store of its own, and stops it again.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 30_000;

// What the server prints once it listens; the SDK needs the first line alone, a whole start gives all three.
const ANNOUNCEMENTS = {
  'listening on http://': 'httpHost',
  'listening on https://': 'tlsHost',
  'CA certificate: ': 'caCertificate',
};

export async function startTollgate(...flags) {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-sdk-'));
  const operatorToken = randomBytes(32).toString('base64url');
  const log = join(directory, 'stderr.log');
  const stderr = openSync(log, 'w');
  const server = spawn(
    process.env.TOLLGATE_BIN,
    [
      'serve',
      ...['--listen', '127.0.0.1:0'],
      ...['--tls-listen', '127.0.0.1:0'],
      ...['--tls-self-signed', join(directory, 'tls')],
      ...storeIn(directory),
      ...flags,
    ],
    { env: environment(operatorToken), stdio: ['ignore', 'pipe', stderr] },
  );
  closeSync(stderr);
  const exited = once(server, 'exit');
  // Whatever happens to the test, neither the server nor its store outlives it.
  process.once('exit', () => {
    server.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  async function stop() {
    try {
      server.kill('SIGTERM');
      const [code, signal] = await within(STOP_MS_MAX, exited, 'the server did not stop');
      assert.deepEqual({ code, signal }, { code: 0, signal: null }, readFileSync(log, 'utf8'));
    } finally {
      server.kill('SIGKILL');
    }
  }

  try {
    const { httpHost } = await announced(server, exited, log);
    return { base: `http://${httpHost}`, operatorToken, stop };
  } catch (failure) {
    // A child that lives on would keep this process from ending.
    server.kill('SIGKILL');
    throw failure;
  }
}

// The flags by which the server finds a store that is its own.
function storeIn(directory) {
  const flags = fileURLToPath(new URL('../../store/flags', import.meta.url));
  return execFileSync(flags, [directory], { encoding: 'utf8' }).trim().split('\n');
}

function environment(operatorToken) {
  // Every flag of the server has an environment twin: none of the caller's may reach it.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOLLGATE_'));
  return { ...Object.fromEntries(inherited), TOLLGATE_OPERATOR_TOKEN: operatorToken };
}

function announced(server, exited, log) {
  const found = {};
  const complete = new Promise((resolve, reject) => {
    // Read for as long as the server lives, so that it never waits on a full pipe.
    createInterface({ input: server.stdout }).on('line', (line) => {
      for (const [prefix, what] of Object.entries(ANNOUNCEMENTS)) {
        if (line.startsWith(prefix)) found[what] = line.slice(prefix.length);
      }
      if (Object.keys(found).length === Object.keys(ANNOUNCEMENTS).length) resolve(found);
    });
    exited.then(
      ([code]) =>
        reject(new Error(`the server ended with ${code} before it listened: ${readFileSync(log, 'utf8')}`)),
      reject,
    );
  });
  return within(START_MS_MAX, complete, 'the server did not say where it listens');
}

async function within(ms, promise, complaint) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
