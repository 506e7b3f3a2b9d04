import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openAgentSocket, type Shown } from './agent-socket.ts';

// Who owns a folder may put a link in the place of what is in it: then a program with more rights would
// change the owner or the mode of any file.

test('the agent has its socket in a folder of its own, for its group and nobody else', async () => {
  const { path, close } = await openAgentSocket(runtimeFolder(), silent);
  expect(path).toMatch(/\/agent\/agent\.sock$/);
  expect(lstatSync(path).mode & 0o777).toBe(0o660);
  await close();
});

test.each([0o777, 0o770])(
  'an agent starts in no folder whose mode (%i) lets others put something else in its place',
  async (mode) => {
    const folder = runtimeFolder();
    chmodSync(folder, mode);
    await expect(openAgentSocket(folder, silent)).rejects.toThrow(`${folder} must belong to root`);
  },
);

test('nor where the folder of its socket is open to others, or a link', async () => {
  const folder = runtimeFolder();
  mkdirSync(join(folder, 'agent'));
  chmodSync(join(folder, 'agent'), 0o775);
  await expect(openAgentSocket(folder, silent)).rejects.toThrow('/agent must belong to root');
  rmSync(join(folder, 'agent'), { recursive: true });
  symlinkSync('/', join(folder, 'agent'));
  await expect(openAgentSocket(folder, silent)).rejects.toThrow('/agent must belong to root');
});

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

test.runIf(isRoot)('nor where the folder belongs to another user, whatever its mode', async () => {
  const folder = runtimeFolder();
  chownSync(folder, NOBODY, NOBODY);
  await expect(openAgentSocket(folder, silent)).rejects.toThrow(`${folder} must belong to root`);
});

function runtimeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'farol-runtime-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const silent: Shown = {
  routing: () => null,
  status: () => Promise.reject(new Error('nobody asks')),
  onStep: () => () => undefined,
  switchover: async () => ({ accepted: false, text: '' }),
  pause: async () => ({ accepted: false, text: '' }),
  recovery: () => ({ kind: 'refused', why: '' }),
  recover: async () => ({ accepted: false, text: '' }),
  promotion: async () => ({ kind: 'refused' as const, why: 'nothing is lost' }),
  recoveries: async () => [],
};
