// The server under test, as a process of its own on ports that the system chose.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** `bayeswire serve` with `options`, ready to answer. */
export async function start(...options) {
  const fixed = ['serve', '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0', '--log-format', 'json'];
  const env = { ...process.env, BAYESWIRE_DRAIN_DELAY: '0' };
  const child = spawn(process.env.BAYESWIRE_BINARY, [...fixed, ...options], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const log = [];
  let found = () => {};
  const serving = new Promise((resolve, reject) => {
    found = resolve;
    ended.then(() => reject(new Error(`the server ended: ${log.join('\n')}`)));
  });
  serving.catch(() => {});
  let admin;
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line);
    const { message, address } = line.startsWith('{') ? JSON.parse(line).fields : {};
    if (message?.startsWith('admin')) admin = address;
    if (message === 'serving') found(address);
  });
  const address = await serving;
  return {
    address,
    /** The value of a metric, with its labels as they are written. */
    async metric(name) {
      const text = await (await fetch(`http://${admin}/metrics`)).text();
      const line = text.split('\n').find((l) => l.startsWith(`${name} `));
      assert.ok(line, `no metric ${name}`);
      return Number(line.slice(name.length));
    },
    /** Stops it; a server that panicked or did not end well fails the test. */
    async stop() {
      child.kill('SIGTERM');
      const [status] = await ended;
      assert.equal(status, 0, log.join('\n'));
      assert.doesNotMatch(log.join('\n'), /panic|"ERROR"/);
    },
  };
}

/** Waits until `condition` holds. */
export async function until(condition, what) {
  for (let tries = 0; !(await condition()); tries += 1) {
    assert.ok(tries < 1000, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
