import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { handOverWith, shutdownCheckpoint } from './hand-over.ts';

const ENDED = `pg_control version number:            1700
Database cluster state:               shut down
pg_control last modified:             Sat 21 Nov 2026 11:39:20 AM UTC
Latest checkpoint location:           2/518D3C8
Latest checkpoint's REDO location:    2/518D3C8
`;

test("the end of the log is where the shutdown's checkpoint begins", () => {
  expect(shutdownCheckpoint(ENDED)).toBe(2 * 2 ** 32 + 0x518d3c8);
});

test('of a PostgreSQL that did not end in good order nothing is handed over', () => {
  const crashed = ENDED.replace('shut down', 'in production');
  expect(() => shutdownCheckpoint(crashed)).toThrow('did not end in good order: in production');
});

test('without a checkpoint in it, control data say nothing', () => {
  expect(() => shutdownCheckpoint(ENDED.replace('2/518D3C8', ''))).toThrow('no checkpoint');
});

const END = 2 * 2 ** 32 + 0x518d3c8;

test('the key is given to a standby that has the checkpoint of the shutdown', async () => {
  const { handOver, giveLeaderKey } = await ended({ received: END + 1 });
  await handOver();
  expect(giveLeaderKey).toHaveBeenCalledExactlyOnceWith(expect.anything(), 'lease-of-b');
});

test('it is not given to one that has all before that checkpoint, and not the checkpoint', async () => {
  const { handOver, giveLeaderKey } = await ended({ received: END });
  await expect(handOver()).rejects.toThrow('b lacks something');
  expect(giveLeaderKey).not.toHaveBeenCalled();
});

test('that something changed in the meantime is told', async () => {
  const { handOver } = await ended({ received: END + 1, given: false });
  await expect(handOver()).rejects.toThrow('something changed');
});

test('a site whose Patroni is not in etcd is given nothing', async () => {
  const { handOver, giveLeaderKey } = await ended({ received: END + 1, member: null });
  await expect(handOver()).rejects.toThrow('not in etcd');
  expect(giveLeaderKey).not.toHaveBeenCalled();
});

test('what a standby that lags would lead without a vote is taken back', async () => {
  const { handOver, cancelSwitchover } = await ended({ received: END });
  await expect(handOver()).rejects.toThrow('b lacks something');
  expect(cancelSwitchover).toHaveBeenCalledOnce();
  const lags = await ended({ received: 5, running: 6 });
  await expect(lags.handOver()).rejects.toThrow('b lacks something');
  expect(lags.cancelSwitchover).toHaveBeenCalledOnce();
});

test.each(['restarting', 'running', 'starting'])(
  'a PostgreSQL that Patroni calls %s has not ended for the switchover',
  async (state) => {
    const { handOver, giveLeaderKey } = await ended({ received: END + 1, state });
    await expect(handOver()).rejects.toThrow(`it says ${state}`);
    expect(giveLeaderKey).not.toHaveBeenCalled();
  },
);

interface Ended {
  /** How far the log of `b` goes. */
  readonly received: number;
  /** How far our own went when the switchover began; 0 where it had been stopped by then. */
  readonly running?: number;
  readonly state?: string;
  readonly given?: boolean;
  readonly member?: null;
}

/** A PostgreSQL that ended in good order, and a standby on another site. */
async function ended({ received, running = 0, state = 'stopped', given = true, member }: Ended) {
  const folder = await mkdtemp(join(tmpdir(), 'farol-hand-over-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'pg_controldata'), `#!/bin/sh\ncat <<'END'\n${ENDED}END\n`);
  await chmod(join(folder, 'pg_controldata'), 0o755);
  const patroni = createServer((_request, response) =>
    response.end(
      JSON.stringify({ state: 'running', role: 'replica', xlog: { received_location: received } }),
    ),
  );
  await once(patroni.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void patroni.close());
  const url = `http://127.0.0.1:${(patroni.address() as AddressInfo).port}/patroni`;
  const giveLeaderKey = vi.fn(async () => given);
  const patroniMember = async () =>
    member === null ? null : { url, postgres: undefined, lease: 'lease-of-b' };
  const cancelSwitchover = vi.fn(async () => {});
  const etcd = { patroniMember, giveLeaderKey, cancelSwitchover };
  const lsn = running === 0 ? null : String(running);
  const own = { report: async () => ({ role: 'primary', state, timeline: 1, lsn }) as const };
  const give = handOverWith(etcd, own, { dataDir: folder, binDir: folder });
  const wish = { lease: '7', leader: 4, failover: 1, sync: 2, config: 3 };
  return {
    handOver: () => give({ kind: 'hand-over', to: 'b', ...wish }),
    giveLeaderKey,
    cancelSwitchover,
  };
}
