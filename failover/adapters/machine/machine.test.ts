import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { machine } from './machine.ts';

test('the same start of the same machine is told alike twice', () => {
  expect(machine()).toEqual(machine());
  expect(machine().boot).toMatch(/^[0-9a-f]{12}$/);
});

test('a clone has the machine-id of its origin, and other network cards', () => {
  const [origin, clone] = [root({}), root({ card: '52:54:00:00:00:02' })];
  expect(clone.machine).not.toBe(origin.machine);
});

test('another start is known by the kernel, and in a container by its first process', () => {
  const first = root({});
  for (const again of [root({ kernel: 'another' }), root({ began: 7_000 })]) {
    expect(again.machine).toBe(first.machine);
    expect(again.boot).not.toBe(first.boot);
  }
});

test('networks that programs make, as those of containers, do not make another machine', () => {
  expect(root({ bridge: '02:42:00:00:00:09' })).toEqual(root({}));
});

function root(special: { card?: string; kernel?: string; began?: number; bridge?: string }) {
  const folder = mkdtempSync(join(tmpdir(), 'farol-machine-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${text}\n`);
  };
  write('etc/machine-id', '0123456789abcdef');
  write('proc/sys/kernel/random/boot_id', special.kernel ?? 'one');
  const before = '0 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0';
  write('proc/1/stat', `1 (an (odd) name) S ${before} ${special.began ?? 30} 0 0`);
  write('sys/class/net/eth0/address', special.card ?? '52:54:00:00:00:01');
  write('sys/class/net/eth0/device/vendor', 'x');
  write('sys/class/net/docker0/address', special.bridge ?? '02:42:00:00:00:01');
  return machine(`${folder}/`);
}
