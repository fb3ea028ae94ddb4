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
const ANNOUNCEMENT = 'listening on ';

export async function startTollgate() {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-browser-'));
  const operatorToken = randomBytes(32).toString('base64url');
  const log = join(directory, 'stderr.log');
  const stderr = openSync(log, 'w');
  const server = spawn(
    process.env.TOLLGATE_BIN,
    ['serve', '--listen', '127.0.0.1:0', ...storeIn(directory)],
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
    const base = await within(START_MS_MAX, announced(server, exited, log), 'the server did not say where it listens');
    return { base, operatorToken, stop };
  } catch (failure) {
    // A child that lives on would keep this process from ending.
    server.kill('SIGKILL');
    throw failure;
  }
}

// The flags by which the server finds a store that is its own.
function storeIn(directory) {
  const flags = fileURLToPath(new URL('../store/flags', import.meta.url));
  return execFileSync(flags, [directory], { encoding: 'utf8' }).trim().split('\n');
}

function environment(operatorToken) {
  // Every flag of the server has an environment twin: none of the caller's may reach it.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOLLGATE_'));
  return { ...Object.fromEntries(inherited), TOLLGATE_OPERATOR_TOKEN: operatorToken };
}

function announced(server, exited, log) {
  return new Promise((resolve, reject) => {
    // Read for as long as the server lives, so that it never waits on a full pipe.
    createInterface({ input: server.stdout }).on('line', (line) => {
      if (line.startsWith(ANNOUNCEMENT)) resolve(line.slice(ANNOUNCEMENT.length));
    });
    exited.then(
      ([code]) =>
        reject(new Error(`the server ended with ${code} before it listened: ${readFileSync(log, 'utf8')}`)),
      reject,
    );
  });
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
